/*
 * What TLS connections of one role have in common: certificate, key, authorities, pins,
 * versions (an SSL_CTX), and the trust in a peer. Any thread may open connections.
 */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include "base/options.h"
#include "net/tls_library.h"

/* As the user wants it; NULL: not given. */
struct tls_settings {
    const char *cert;
    const char *key; /* NULL: in the file of cert */
    const char *ca;  /* file or directory */
    const char *name;
    struct option_words pins;
    const char *psk;
    const char *alpn; /* separated by commas */
    int min;          /* 0: TLS 1.2, 1: TLS 1.3 */
    bool insecure;
};

enum tls_role { TLS_CLIENT, TLS_SERVER };

struct tls_context;

/* One connection's part in the callbacks of OpenSSL. */
struct tls_peer {
    struct tls_context *context;
    const char *host;    /* that is verified, or NULL */
    struct error reason; /* why the peer is not accepted */
};

/* Loads OpenSSL and reads the files. A server without a certificate gets one made in memory.
 * The settings have to stay. Returns NULL with err filled on failure. */
struct tls_context *tls_context_new(enum tls_role role, const struct tls_settings *settings,
                                    struct error *err);
void tls_context_free(struct tls_context *c);

/* Reads the files again, for connections from now on. On failure, returns -1 with err filled,
 * and all stays as it was. */
int tls_context_reload(struct tls_context *c, struct error *err);

const struct tls_settings *tls_context_settings(const struct tls_context *c);

/* Returns the pin of the certificate that was made in memory, or NULL where none was. */
const char *tls_context_own_pin(const struct tls_context *c);

/* Returns true when an authority has vouched for the names in a peer's certificate. */
bool tls_context_verifies_names(const struct tls_context *c);

/* Opens a connection. host: the name to verify, unless --tls-name says otherwise; NULL in a
 * server. peer stays until the connection is freed. Returns NULL with err filled on failure. */
SSL *tls_context_open(struct tls_context *c, const char *host, struct tls_peer *peer,
                      struct error *err);

/* Judges what a handshake that is complete has led to. Returns 0, or -1 with err filled. */
int tls_context_check(const struct tls_context *c, const SSL *ssl, struct error *err);

#endif
