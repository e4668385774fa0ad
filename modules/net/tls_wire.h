/*
 * The encrypted side of a TLS connection: what OpenSSL reads and writes through. Records that
 * the transport below does not take are held, so that writing never has to wait, and reading
 * never waits until writing is possible. Failures are kept, and judged by the owner.
 */
#ifndef NET_TLS_WIRE_H
#define NET_TLS_WIRE_H

#include "base/buf.h"
#include "core/transport.h"
#include "net/tls_library.h"

struct tls_wire {
    struct transport below; /* owned */
    struct buf held;        /* of the records, what below has not taken */
    struct error in_failure;
    struct error out_failure; /* from then on, records are dropped */
    uint64_t sent;            /* bytes, the held ones included */
    bool any_input;           /* the peer has sent something that may be TLS */
    bool in_ended;            /* below has met the end of data */
    bool shut;                /* the sending side of below is closed */
};

/* Returns an OpenSSL BIO over w, which has to stay, or NULL without memory. */
BIO *tls_wire_bio(struct tls_wire *w);

/* Returns true when w or below holds bytes that are still to be sent. */
bool tls_wire_holds_output(const struct tls_wire *w);

/* Sends what is held. IO_FAILED: out_failure says why. */
enum io tls_wire_flush(struct tls_wire *w);

/* Closes the sending side of below, if that has not been done. IO_AGAIN: call it again after
 * tls_wire_flush(). */
enum io tls_wire_shut(struct tls_wire *w);

/* Returns how many bytes, and the end of data, the other side has not acknowledged. */
size_t tls_wire_missing(const struct tls_wire *w);

/* Closes below and frees. Unless abort, and after a failure, unread input is discarded: it
 * would become a reset, which can destroy the alert that says why. */
void tls_wire_close(struct tls_wire *w, bool abort);

#endif
