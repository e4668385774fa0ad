/* The files that TLS needs: certificates, keys, authorities, shared keys. */
#ifndef NET_TLS_FILES_H
#define NET_TLS_FILES_H

#include "net/tls_context.h"

enum { TLS_SHARED_KEY_MAX = 256 };

struct tls_shared_key {
    unsigned char bytes[TLS_SHARED_KEY_MAX];
    size_t length;
};

/* All return 0, or -1 with err filled. */

/* Takes the chain and its key, in the form of PEM. */
int tls_files_use_certificate(const struct tls_settings *s, SSL_CTX *ctx, struct error *err);

/* Trusts the authorities of a file or directory; names: and tells clients which they are. */
int tls_files_use_authorities(const char *ca, bool names, SSL_CTX *ctx, struct error *err);

int tls_files_read_key(const char *file, struct tls_shared_key *key, struct error *err);

/* Fills err with the cause that OpenSSL has reported. */
void tls_files_cause(struct error *err);

#endif
