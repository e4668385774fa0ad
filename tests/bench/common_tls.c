/* Owns the settings of TLS for both sides of a measurement. */
#include <openssl/err.h>
#include <signal.h>

#include "tests/bench/common.h"
#include "tests/bench/tls.h"

enum { READ_AHEAD = 64 << 10 };

void die_of_tls(const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());

    die("%s: %s", what, why != NULL ? why : "the connection ended");
}

SSL_CTX *new_tls(const char *cert)
{
    SSL_CTX *ctx = SSL_CTX_new(cert != NULL ? TLS_server_method() : TLS_client_method());

    signal(SIGPIPE, SIG_IGN); /* tickets are sent to clients that have gone */
    if (ctx == NULL || (cert != NULL && (SSL_CTX_use_certificate_file(ctx, cert, 1) != 1 ||
                                         SSL_CTX_use_PrivateKey_file(ctx, cert, 1) != 1)))
        die_of_tls("preparing TLS");
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD);
    return ctx;
}

SSL *open_tls(SSL_CTX *ctx, int fd, bool accepts)
{
    SSL *ssl = SSL_new(ctx);

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        die_of_tls("opening a connection");
    if (accepts)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}
