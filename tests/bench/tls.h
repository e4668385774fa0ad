/* What the lean programs and the load share about TLS. They link with OpenSSL. */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* The settings with which OpenSSL was measured to take the least: records that are full, and
 * several of them with one call. cert: a file with a certificate and its key, for a server. */
SSL_CTX *new_tls(const char *cert);

/* A connection over fd, accepted or begun. */
SSL *open_tls(SSL_CTX *ctx, int fd, bool accepts);

/* Says why and ends. */
_Noreturn void die_of_tls(const char *what);

#endif
