/* Certificates: a pin of a key, a self-signed one, and words about them. */
#ifndef NET_TLS_CERTIFICATE_H
#define NET_TLS_CERTIFICATE_H

#include <stdbool.h>

#include "net/tls_library.h"

/* "sha256/" and the 44 characters of BASE64: the digest of the public key with its
 * algorithm (SubjectPublicKeyInfo), as in RFC 7469, section 2.4. */
enum { TLS_CERTIFICATE_PIN_SIZE = 7 + 44 + 1 };

/* Returns true for a word in the form of a pin. */
bool tls_certificate_is_pin(const char *word);

/* Writes the pin of the certificate's key. Returns 0, or -1 on failure. */
int tls_certificate_pin(const X509 *x, char pin[TLS_CERTIFICATE_PIN_SIZE]);

/* Writes what the certificate is for: its names and addresses ("a.example, 192.0.2.1"), or
 * its subject, cut to size. */
void tls_certificate_names(const X509 *x, char *text, size_t size);

/* Returns the subject in the form of RFC 2253, in UTF-8 with control characters escaped, to be
 * freed; or NULL where it cannot be written so. */
char *tls_certificate_subject(const X509 *x);

/* Makes an EC P-256 key and a certificate for it that is signed with it and valid for 90 days
 * from now. Both are to be freed. Returns 0, or -1 with err filled. */
int tls_certificate_make(X509 **x, EVP_PKEY **key, struct error *err);

/* Says in words why verifying has failed. host: the name that was wanted, or NULL. */
void tls_certificate_explain(X509_STORE_CTX *store, const char *host, struct error *err);

#endif
