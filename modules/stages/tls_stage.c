/* Owns the handshake's steps and its report. The handshake itself is the transport's. */
#include "stages/tls_stage.h"

#include "base/event.h"
#include "net/tls_certificate.h"
#include "net/tls_transport.h"

enum { NAMES_SIZE = 256 };

struct tls_stage {
    struct stage stage;
    const struct tls_stage_config *config;
    struct tls_transport *tls; /* belongs to the stream; NULL before the first step */
};

/* With a shared key, every session counts as resumed. */
static void report(struct stream *s, const struct tls_stage *t)
{
    const struct tls_library *lib = tls_library();
    const SSL *ssl = tls_transport_connection(t->tls);
    bool shared = tls_context_settings(t->config->context)->psk != NULL;
    const char *version = lib->SSL_get_version(ssl);
    const char *cipher = lib->SSL_CIPHER_get_name(lib->SSL_get_current_cipher(ssl));
    const char *resumed = lib->SSL_session_reused(ssl) && !shared ? ", resumed" : "";
    char pin[TLS_CERTIFICATE_PIN_SIZE] = "", names[NAMES_SIZE];
    X509 *x = lib->SSL_get1_peer_certificate(ssl);

    if (x == NULL) {
        event_detail("%s: %s, cipher %s%s, %s", stream_name(s), version, cipher, resumed,
                     shared ? "shared key" : "no certificate");
        return;
    }
    tls_certificate_names(x, names, sizeof(names));
    tls_certificate_pin(x, pin);
    event_detail("%s: %s, cipher %s%s, certificate for %s, key %s", stream_name(s), version, cipher,
                 resumed, names, pin);
    lib->X509_free(x);
}

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    struct tls_stage *t = (struct tls_stage *)g;
    size_t got;

    if (t->tls == NULL) {
        if (stream_is_blocked(s)) /* a PROXY header comes before it */
            return STAGE_WANTS_WRITE;
        t->tls = tls_transport_open(s, t->config->context, t->config->host, err);
        if (t->tls == NULL)
            return STAGE_FAILED;
    }
    switch (stream_peek(s, NULL, 0, &got)) {
    case IO_OK:
        if (event_level() == EVENT_VERBOSE)
            report(s, t);
        return STAGE_DONE;
    case IO_AGAIN:
        return STAGE_WANTS_READ;
    case IO_END:
    case IO_FAILED:
        break;
    }
    error_copy(err, tls_transport_failure(t->tls) != NULL ? tls_transport_failure(t->tls)
                                                          : stream_failure(s));
    return STAGE_FAILED;
}

static const struct stage_ops ops = {.name = "TLS handshake", .step = step};

struct stage *tls_stage(const void *config, struct error *err)
{
    struct tls_stage *t = stage_new(&ops, sizeof(*t), err);

    if (t == NULL)
        return NULL;
    t->config = config;
    return &t->stage;
}
