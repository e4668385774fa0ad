/*
 * A stream: one connection, or one local input or output. A stream is the only owner of
 * its descriptor from accept(2), connect(2) or open(2) until the descriptor is closed. The
 * holder of the pointer owns the stream; a stream is passed on by pointer and never copied.
 *
 * One function computes the events to watch from the state of the stream. Input is watched
 * level-triggered, and only while there is a reader; so a reader need not read until
 * IO_AGAIN. Everything else is watched edge-triggered: EPOLLERR and EPOLLHUP cannot be
 * masked (epoll_ctl(2)), and while no input is wanted, they are to be reported once.
 * epoll hears of a connection only when the loop is about to wait: one that is read,
 * answered and closed within one round is never watched at all.
 */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include "base/addr.h"
#include "base/list.h"
#include "core/loop.h"
#include "core/transport.h"

/* The most that goes to a socket in one call. Receivers that are given whole segments of
 * 64 kB sleep between segments, and waking them takes the sender longer than copying:
 * socat and Python receive up to 1.4 times as fast this way. */
enum { STREAM_SEND_PIECE = 40 << 10 };

struct stream;

/* Creates a stream that takes over the transport, at once and on failure too: a local one
 * with a name, which is not copied, or a connection with the address of its peer. Returns
 * NULL with err filled when there is no memory or, for local streams, no way to watch. */
struct stream *stream_new(struct loop *l, const struct transport *t, const char *name,
                          const struct addr *peer, struct error *err);

enum stream_close {
    STREAM_GRACEFULLY, /* first discards unread input, so that the data sent still arrives:
                        * closing with unread input resets (RFC 1122, 4.2.2.13) */
    STREAM_AT_ONCE,
    STREAM_ABORT, /* resets the connection: the data that the peer has is not complete */
};

/* Closes the stream. No callback is called from then on. The stream frees its own memory
 * after the round of callbacks. s may be NULL. */
void stream_close(struct stream *s, enum stream_close how);

/* Return the names of the other end or of the local stream ("192.0.2.1:80", "standard
 * output"), and of this end of a connection (NULL where it has none). They stay until the
 * round in which the stream is closed is over. */
const char *stream_name(struct stream *s);
const char *stream_local_name(struct stream *s);

/* Returns the address of the peer; of local streams, one without a family. Only its length is
 * allocated: do not copy the struct. */
const struct addr *stream_peer(const struct stream *s);

/* Returns the address of this end of a connection, or NULL; it stays as the name does. */
const struct addr *stream_local(struct stream *s);

/* Replaces the ends of a connection that came through a proxy; all is copied, and of unix
 * sockets the addresses have a family only. Returns 0, or -1 without memory. */
int stream_set_ends(struct stream *s, const struct addr *peer, const char *peer_name,
                    const struct addr *local, const char *local_name);

struct loop *stream_loop(const struct stream *s);

/* Layers another transport over the present one, which is moved to *under and belongs to the
 * new one from then on. Nothing may be unsent; what the present one has read ahead or holds
 * still counts. */
void stream_wrap(struct stream *s, const struct transport *over, struct transport *under);

/* Returns the descriptor, for options, sizes and measurements alone; -1: none. */
int stream_descriptor(const struct stream *s);

/* Sets the reader: on_readable is called, soon if it may be now, when there may be data to
 * read, the end of data, or a failure; and again as long as there is. NULL: nothing is read
 * for now, which slows the peer down. A reader that has met IO_END or IO_FAILED is removed. */
void stream_set_reader(struct stream *s, void (*on_readable)(void *arg), void *arg);

/* Returns true when reading again before the reader returns is worth while. */
bool stream_has_more(const struct stream *s);

/* Returns true when there is data that can be read now; this costs a call. */
bool stream_has_unread(struct stream *s);

/* A waiter: on_writable is called once when the stream takes more data, or has failed. A
 * stream may have several waiters (standard output); first come, first served. Cancel with
 * list_remove(&w->link). */
struct stream_waiter {
    struct list link;
    void (*on_writable)(struct stream_waiter *w);
};
void stream_wait(struct stream *s, struct stream_waiter *w);

/* For transports without a descriptor: EPOLLIN, EPOLLOUT or EPOLLERR (the transport has
 * failed), as epoll would report them. */
void stream_wake(struct stream *s, uint32_t events);

/* For transports that report IO_AGAIN for a reason of their own: while a stream is paused, its
 * descriptor is not watched. Afterwards reading and writing are tried again. */
void stream_pause(struct stream *s, bool paused);

/* Reads at most max bytes (to NULL: discards them), or leaves them in place. IO_FAILED:
 * stream_failure() says why. The stream keeps its first failure, whichever direction met it; data
 * that arrived before can still be read. */
enum io stream_read(struct stream *s, void *to, size_t max, size_t *got);
enum io stream_peek(struct stream *s, void *to, size_t max, size_t *got);

/* Lists readable bytes in place: *count pieces, of which stream_take() takes the first n
 * bytes. stream_can_borrow(): the transport can do so. */
bool stream_can_borrow(const struct stream *s);
enum io stream_borrow(struct stream *s, struct iovec *iov, size_t max, size_t *count);
void stream_take(struct stream *s, size_t n);

/* Takes all n bytes and buffers the bytes that do not go out. Returns IO_OK or IO_FAILED.
 * Before writing more, call stream_is_blocked(). */
enum io stream_write(struct stream *s, const void *bytes, size_t n);

/* Takes the bytes that go out now and buffers nothing; nothing may be buffered yet.
 * IO_AGAIN: no byte was taken. */
enum io stream_try_write(struct stream *s, const struct iovec *iov, int count, size_t *put);

/* Closes the sending side after its last byte. Returns IO_OK, or IO_FAILED when that fails
 * at once. */
enum io stream_shut(struct stream *s);

/* Returns true when a writer has to wait; how many bytes are buffered; how many bytes of data
 * the other side has not acknowledged. */
bool stream_is_blocked(const struct stream *s);
size_t stream_unsent(const struct stream *s);
size_t stream_undelivered(const struct stream *s);

/* Returns true when the other side has all data, and the end of data if stream_shut() was
 * called. */
bool stream_is_delivered(const struct stream *s);

/* Sets on_hangup, which is called when the other side is gone in both directions or has
 * failed, but not while data is unread. NULL: not at all. */
void stream_on_hangup(struct stream *s, void (*on_hangup)(void *owner), void *owner);

/* Reads nothing before an event: for a new connection to a server, which seldom speaks first. */
void stream_set_dry(struct stream *s);

/* Has on_hangup called while data is unread, too; stream_failure() does not know of the failure
 * then, and on_hangup is called again when it does. */
void stream_report_hangup_early(struct stream *s);

/* Sets on_delivered, which is called with the owner of stream_on_hangup() once everything
 * is delivered or never will be. Call it while that is not so. */
void stream_await_delivery(struct stream *s, void (*on_delivered)(void *owner));

/* Returns true when the bytes are those of the socket: another process can read and write it. */
bool stream_can_be_lent(const struct stream *s);

/*
 * Lends the descriptor of a connection, which becomes blocking, to another process: a duplicate
 * is inherited, which reads and writes it. Until stream_take_back(), nothing may be read or
 * written here, and on_hangup is called when the connection has failed (the failure is left for
 * the other process to see) or both directions have ended. stream_take_back() is told how many
 * bytes have moved meanwhile. Returns -1 with errno set, and nothing is lent, on failure.
 */
int stream_lend(struct stream *s);
void stream_take_back(struct stream *s, uint64_t in_bytes, uint64_t out_bytes);

/* Tells what was agreed with the peer; see struct transport_ops. */
void stream_describe(const struct stream *s,
                     void (*tell)(void *arg, const char *name, const char *value), void *arg);

/* Returns NULL, or the first failure. */
const struct error *stream_failure(const struct stream *s);

/* Returns NULL, or why data may be missing although reading has met IO_END. */
const struct error *stream_truncation(const struct stream *s);

struct stream_counts {
    uint64_t in_bytes;
    uint64_t out_bytes;
    int64_t moved_ms; /* when data last moved, on the loop's clock */
};
const struct stream_counts *stream_counts(const struct stream *s);

/* From now on bytes are counted anew: those of a handshake are no data. */
void stream_reset_counts(struct stream *s);

/* Returns when data last moved; that the peer acknowledged data counts as of this call. */
int64_t stream_moved_ms(struct stream *s);

#endif
