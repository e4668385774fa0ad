/* Says in words what OpenSSL reports about a connection. */
#ifndef NET_TLS_REASON_H
#define NET_TLS_REASON_H

#include "net/tls_library.h"

/* Fills err with the cause of the failure that is the first in OpenSSL's queue, and empties
 * the queue. */
void tls_reason_take(struct error *err);

/* Fills err with what is to be said of a peer whose first bytes are not TLS. */
void tls_reason_not_tls(const char *bytes, size_t n, struct error *err);

/* Returns true when a record can begin with this byte. */
bool tls_reason_is_tls(char first);

#endif
