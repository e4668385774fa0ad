/* Owns the SSL_CTX and the files that it is made from. Reads and writes no connection. */
#include "net/tls_context.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_certificate.h"
#include "net/tls_files.h"

enum { READ_AHEAD = 64 << 10 }; /* several records with one system call */

static const unsigned char psk_identity[] = "tcptool";

/* Forward secrecy and authenticated encryption; this concerns TLS 1.2. */
static const char server_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* A shared key of TLS 1.3 belongs to a digest; these have SHA-256. */
static const char psk_ciphers[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
static const unsigned char psk_cipher[] = {0x13, 0x01};

struct tls_context {
    enum tls_role role;
    const struct tls_settings *settings;
    pthread_mutex_t lock; /* of what a reload replaces: ctx, psk */
    SSL_CTX *ctx;
    struct tls_shared_key psk;
    X509 *own; /* made in memory */
    EVP_PKEY *own_key;
    char own_pin[TLS_CERTIFICATE_PIN_SIZE];
    unsigned char *alpn; /* in the form of RFC 7301, section 3.1 */
    unsigned alpn_length;
};

static struct tls_peer *peer_of(const SSL *ssl)
{
    return tls_library()->SSL_get_ex_data(ssl, 0);
}

/* Trust. */

static const char no_shared_key[] = "it does not hold the key of --tls-psk";

static bool pin_is_known(const struct option_words *pins, const X509 *x, struct error *reason)
{
    char pin[TLS_CERTIFICATE_PIN_SIZE] = "";

    tls_certificate_pin(x, pin);
    for (size_t i = 0; i < pins->count; i++)
        if (strcmp(pins->words[i], pin) == 0)
            return true;
    error_set(reason, EXITCODE_FAILED, "its key is %s, which no --tls-pin names", pin);
    return false;
}

/* Called with the certificates of the peer. */
static int on_certificates(X509_STORE_CTX *store, void *arg)
{
    const struct tls_settings *s = ((struct tls_context *)arg)->settings;
    const struct tls_library *lib = tls_library();
    const SSL *ssl =
        lib->X509_STORE_CTX_get_ex_data(store, lib->SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_peer *peer = peer_of(ssl);

    if (s->insecure)
        return 1;
    if (s->psk != NULL) {
        error_set(&peer->reason, EXITCODE_FAILED, "%s", no_shared_key);
    } else if (s->pins.count > 0) {
        if (pin_is_known(&s->pins, lib->X509_STORE_CTX_get0_cert(store), &peer->reason))
            return 1;
    } else {
        if (lib->X509_verify_cert(store) > 0)
            return 1;
        tls_certificate_explain(store, peer->host, &peer->reason);
    }
    lib->ERR_clear_error();
    if (lib->X509_STORE_CTX_get_error(store) == X509_V_OK)
        lib->X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

/* Shared keys. */

static SSL_SESSION *psk_session(SSL *ssl)
{
    const struct tls_library *lib = tls_library();
    struct tls_context *c = peer_of(ssl)->context;
    const SSL_CIPHER *cipher = lib->SSL_CIPHER_find(ssl, psk_cipher);
    SSL_SESSION *session = lib->SSL_SESSION_new();
    struct tls_shared_key psk;
    bool good;

    pthread_mutex_lock(&c->lock);
    psk = c->psk;
    pthread_mutex_unlock(&c->lock);
    good = session != NULL && cipher != NULL &&
           lib->SSL_SESSION_set1_master_key(session, psk.bytes, psk.length) == 1 &&
           lib->SSL_SESSION_set_cipher(session, cipher) == 1 &&
           lib->SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1;
    explicit_bzero(&psk, sizeof(psk));
    if (good)
        return session;
    lib->SSL_SESSION_free(session);
    return NULL;
}

static int on_psk_use(SSL *ssl, const EVP_MD *digest, const unsigned char **id, size_t *length,
                      SSL_SESSION **session)
{
    (void)digest; /* all our ciphers have this one */
    *id = psk_identity;
    *length = sizeof(psk_identity) - 1;
    *session = psk_session(ssl);
    return *session != NULL;
}

static int on_psk_find(SSL *ssl, const unsigned char *id, size_t length, SSL_SESSION **session)
{
    *session = NULL;
    if (length != sizeof(psk_identity) - 1 || memcmp(id, psk_identity, length) != 0)
        return 1;
    *session = psk_session(ssl);
    return *session != NULL;
}

/* Application protocols. */

static const char no_protocol[] = "no application protocol in common (--tls-alpn)";

static int on_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                   const unsigned char *offered, unsigned offered_length, void *arg)
{
    const struct tls_context *c = arg;

    if (tls_library()->SSL_select_next_proto((unsigned char **)chosen, length, c->alpn,
                                             c->alpn_length, offered,
                                             offered_length) == OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_OK;
    error_set(&peer_of(ssl)->reason, EXITCODE_FAILED, "%s", no_protocol);
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool client_offers(SSL *ssl, unsigned extension)
{
    const unsigned char *bytes;
    size_t length;

    return tls_library()->SSL_client_hello_get0_ext(ssl, extension, &bytes, &length) == 1;
}

/* A client that offers nothing has nothing in common either. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const struct tls_context *c = arg;
    struct tls_peer *peer = peer_of(ssl);

    if (c->settings->psk != NULL && !client_offers(ssl, TLSEXT_TYPE_psk)) {
        error_set(&peer->reason, EXITCODE_FAILED, "%s", no_shared_key);
        *alert = SSL_AD_HANDSHAKE_FAILURE;
        return SSL_CLIENT_HELLO_ERROR;
    }
    if (c->alpn != NULL &&
        !client_offers(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation)) {
        error_set(&peer->reason, EXITCODE_FAILED, "%s", no_protocol);
        *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

int tls_context_check(const struct tls_context *c, const SSL *ssl, struct error *err)
{
    const unsigned char *chosen;
    unsigned length = 0;

    if (c->alpn == NULL)
        return 0;
    tls_library()->SSL_get0_alpn_selected(ssl, &chosen, &length);
    if (length > 0)
        return 0;
    error_set(err, EXITCODE_FAILED, "%s", no_protocol);
    return -1;
}

/* "h2,http/1.1" becomes 2 h2 8 http/1.1. */
static int set_alpn(struct tls_context *c, const char *list, struct error *err)
{
    size_t length = strlen(list);

    c->alpn = malloc(length + 1);
    if (c->alpn == NULL) {
        error_errno(err, ENOMEM, "cannot prepare TLS");
        return -1;
    }
    for (const char *word = list;; word++) {
        size_t n = strcspn(word, ",");

        c->alpn[c->alpn_length++] = (unsigned char)n;
        memcpy(c->alpn + c->alpn_length, word, n);
        c->alpn_length += (unsigned)n;
        word += n;
        if (*word == '\0')
            return 0;
    }
}

/* The context. */

static int use_own(struct tls_context *c, SSL_CTX *ctx, struct error *err)
{
    const struct tls_library *lib = tls_library();

    if (c->own == NULL && (tls_certificate_make(&c->own, &c->own_key, err) < 0 ||
                           tls_certificate_pin(c->own, c->own_pin) < 0))
        return -1;
    if (lib->SSL_CTX_use_certificate(ctx, c->own) == 1 &&
        lib->SSL_CTX_use_PrivateKey(ctx, c->own_key) == 1)
        return 0;
    tls_files_cause(err);
    return -1;
}

static int use_psk(const struct tls_settings *s, SSL_CTX *ctx, struct tls_shared_key *psk,
                   struct error *err)
{
    const struct tls_library *lib = tls_library();

    if (tls_files_read_key(s->psk, psk, err) < 0)
        return -1;
    lib->SSL_CTX_set_psk_use_session_callback(ctx, on_psk_use);
    lib->SSL_CTX_set_psk_find_session_callback(ctx, on_psk_find);
    lib->SSL_CTX_set_ciphersuites(ctx, psk_ciphers);
    return 0;
}

static void set_versions_and_modes(const struct tls_context *c, SSL_CTX *ctx)
{
    const struct tls_library *lib = tls_library();
    const struct tls_settings *s = c->settings;
    int min = s->min == 1 || s->psk != NULL ? TLS1_3_VERSION : TLS1_2_VERSION;

    /* A peer whose data ends without close_notify may still wait for a reply; the transport
     * notes that by itself. */
    lib->SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                      SSL_OP_CIPHER_SERVER_PREFERENCE |
                                      SSL_OP_IGNORE_UNEXPECTED_EOF);
    lib->SSL_CTX_ctrl(ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, min, NULL);
    lib->SSL_CTX_ctrl(ctx, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, NULL);
    lib->SSL_CTX_ctrl(ctx, SSL_CTRL_SET_READ_AHEAD, 1, NULL);
    lib->SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD);
    /* Sessions are kept by clients, in tickets. */
    lib->SSL_CTX_ctrl(ctx, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    if (c->role == TLS_CLIENT)
        return;
    lib->SSL_CTX_set_session_id_context(ctx, psk_identity, sizeof(psk_identity) - 1);
    lib->SSL_CTX_set_cipher_list(ctx, server_ciphers);
}

static void set_trust(struct tls_context *c, SSL_CTX *ctx)
{
    const struct tls_library *lib = tls_library();
    const struct tls_settings *s = c->settings;
    int mode = c->role == TLS_CLIENT || s->ca != NULL || s->pins.count > 0
                   ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                   : SSL_VERIFY_NONE;

    lib->SSL_CTX_set_verify(ctx, mode, NULL);
    lib->SSL_CTX_set_cert_verify_callback(ctx, on_certificates, c);
    if (c->role == TLS_SERVER)
        lib->SSL_CTX_set_client_hello_cb(ctx, on_client_hello, c);
    if (c->alpn != NULL && c->role == TLS_SERVER)
        lib->SSL_CTX_set_alpn_select_cb(ctx, on_alpn, c);
    else if (c->alpn != NULL)
        lib->SSL_CTX_set_alpn_protos(ctx, c->alpn, c->alpn_length);
}

static SSL_CTX *build(struct tls_context *c, struct tls_shared_key *psk, struct error *err)
{
    const struct tls_library *lib = tls_library();
    const struct tls_settings *s = c->settings;
    bool is_server = c->role == TLS_SERVER;
    SSL_CTX *ctx =
        lib->SSL_CTX_new(is_server ? lib->TLS_server_method() : lib->TLS_client_method());
    int result = 0;

    if (ctx == NULL) {
        tls_files_cause(err);
        error_prefix(err, "cannot prepare TLS");
        return NULL;
    }
    set_versions_and_modes(c, ctx);
    set_trust(c, ctx);
    if (s->psk != NULL)
        result = use_psk(s, ctx, psk, err);
    else if (s->cert != NULL)
        result = tls_files_use_certificate(s, ctx, err);
    else if (is_server)
        result = use_own(c, ctx, err);
    if (result == 0 && s->ca != NULL)
        result = tls_files_use_authorities(s->ca, is_server, ctx, err);
    else if (!is_server)
        lib->SSL_CTX_set_default_verify_paths(ctx);
    lib->ERR_clear_error();
    if (result == 0)
        return ctx;
    lib->SSL_CTX_free(ctx);
    return NULL;
}

struct tls_context *tls_context_new(enum tls_role role, const struct tls_settings *settings,
                                    struct error *err)
{
    struct tls_context *c;

    if (tls_library_load(err) < 0)
        return NULL;
    c = calloc(1, sizeof(*c));
    if (c == NULL) {
        error_errno(err, ENOMEM, "cannot prepare TLS");
        return NULL;
    }
    c->role = role;
    c->settings = settings;
    pthread_mutex_init(&c->lock, NULL);
    if ((settings->alpn == NULL || set_alpn(c, settings->alpn, err) == 0) &&
        (c->ctx = build(c, &c->psk, err)) != NULL)
        return c;
    tls_context_free(c);
    return NULL;
}

void tls_context_free(struct tls_context *c)
{
    const struct tls_library *lib = tls_library();

    if (c == NULL)
        return;
    lib->SSL_CTX_free(c->ctx);
    lib->X509_free(c->own);
    lib->EVP_PKEY_free(c->own_key);
    explicit_bzero(&c->psk, sizeof(c->psk));
    free(c->alpn);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

int tls_context_reload(struct tls_context *c, struct error *err)
{
    struct tls_shared_key psk = {.length = 0};
    SSL_CTX *old, *ctx = build(c, &psk, err);

    if (ctx == NULL)
        return -1;
    pthread_mutex_lock(&c->lock);
    old = c->ctx;
    c->ctx = ctx;
    c->psk = psk;
    pthread_mutex_unlock(&c->lock);
    explicit_bzero(&psk, sizeof(psk));
    tls_library()->SSL_CTX_free(old); /* connections keep it */
    return 0;
}

const struct tls_settings *tls_context_settings(const struct tls_context *c)
{
    return c->settings;
}

const char *tls_context_own_pin(const struct tls_context *c)
{
    return c->own != NULL ? c->own_pin : NULL;
}

bool tls_context_verifies_names(const struct tls_context *c)
{
    const struct tls_settings *s = c->settings;

    return !s->insecure && s->psk == NULL && s->pins.count == 0;
}

/* An address has no name to send, and is compared with the addresses in the certificate. */
static int set_host(SSL *ssl, const char *host)
{
    const struct tls_library *lib = tls_library();
    unsigned char address[16];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return lib->X509_VERIFY_PARAM_set1_ip_asc(lib->SSL_get0_param(ssl), host);
    lib->SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return lib->SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                         (char *)host) == 1 &&
           lib->SSL_set1_host(ssl, host) == 1;
}

SSL *tls_context_open(struct tls_context *c, const char *host, struct tls_peer *peer,
                      struct error *err)
{
    const struct tls_library *lib = tls_library();
    bool good = false;
    SSL *ssl;

    peer->context = c;
    peer->host = c->settings->name != NULL ? c->settings->name : host;
    pthread_mutex_lock(&c->lock);
    ssl = lib->SSL_new(c->ctx);
    pthread_mutex_unlock(&c->lock);
    if (ssl == NULL || lib->SSL_set_ex_data(ssl, 0, peer) != 1)
        error_cause(err, ENOMEM);
    else if (peer->host != NULL && set_host(ssl, peer->host) != 1)
        error_set(err, EXITCODE_FAILED, "TLS cannot ask for a server named %s", peer->host);
    else
        good = true;
    lib->ERR_clear_error();
    if (!good) {
        lib->SSL_free(ssl);
        return NULL;
    }
    if (c->role == TLS_SERVER)
        lib->SSL_set_accept_state(ssl);
    else
        lib->SSL_set_connect_state(ssl);
    return ssl;
}
