/*
 * TLS as a transport over another one, for tls_context.h's connections.
 *
 * Bytes that OpenSSL has read ahead are announced by the flag pending. The end of the
 * sending side is close_notify and then the end of the transport below. A peer that ends
 * without close_notify is IO_END with the reason in err; the sending side stays usable.
 */
#ifndef NET_TLS_TRANSPORT_H
#define NET_TLS_TRANSPORT_H

#include "core/stream.h"
#include "net/tls_context.h"

struct tls_transport;

/* Layers TLS over s, of which nothing may be unsent. The handshake then runs in reads, in
 * stream_peek() of 0 bytes without taking any data. What is returned belongs to the stream.
 * host is as for tls_context_open(). Returns NULL with err filled on failure. */
struct tls_transport *tls_transport_open(struct stream *s, struct tls_context *c, const char *host,
                                         struct error *err);

/* Returns the cause of the first failure, or NULL. */
const struct error *tls_transport_failure(const struct tls_transport *tls);

/* Returns the connection, to look at. */
const SSL *tls_transport_connection(const struct tls_transport *tls);

#endif
