/*
 * One descriptor, or bytes in memory, that is read and written through the
 * loop: readiness, an output buffer for what the other side did not take, end
 * of data in each direction, and one teardown. A stream is the sole owner of
 * its transport.
 *
 * Streams are watched edge-triggered: a reader reads until IO_AGAIN or stops by
 * itself and comes back by itself. No memory is held for a stream on which
 * nothing is pending.
 */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include "base/buf.h"
#include "base/list.h"
#include "core/loop.h"
#include "core/transport.h"

/* The most that goes to a socket in one call. A receiver that is given whole segments
 * of 64 kB sleeps between them, and waking it takes the sender longer than copying:
 * where a processor is slow to wake (virtual machines), this is twice as fast as
 * larger pieces, and elsewhere not slower. */
enum { STREAM_SEND_PIECE = 40 << 10 };

/* Somebody who wants to write and waits for a stream to take more. */
struct stream_writer {
    struct list link;
    void (*on_writable)(struct stream_writer *w);
};

enum stream_side { STREAM_INPUT = 1, STREAM_OUTPUT = 2 };

struct stream {
    struct loop *loop;
    struct transport transport;
    struct watch watch;
    struct buf out;
    struct list writers;
    /* Set by the user of the stream, or NULL; on_readable and on_delivered by calls. */
    void (*on_readable)(struct stream *s);  /* there may be something to read, or the end */
    void (*on_hangup)(struct stream *s);    /* the other side is gone in both directions */
    void (*on_delivered)(struct stream *s); /* all that was written is delivered, or it broke */
    void *reader;                           /* whose on_readable is */
    void *owner;                            /* for on_hangup and on_delivered */
    uint64_t in_bytes;
    uint64_t out_bytes;
    int64_t moved_ms; /* when anything last moved, on the loop's clock */
    int broken;       /* the errno that writing failed with, or 0 */
    int read_failure; /* the same for reading */
    bool readable;
    bool writable;
    unsigned char ignored; /* events that nobody waits for are off; a set of enum stream_side */
    bool more_follows;     /* the end, or an urgent mark: a short read is not the last */
    bool in_ended;         /* a read has met the end or a failure */
    bool shut_asked;       /* the outgoing direction ends once out is empty */
    bool shut_done;
    bool closed;
    bool unbatched; /* see batch.h */
};

/* Takes over the transport, which must be set up, without watching it: whoever
 * reads or writes tries, and nobody is told anything yet. */
void stream_init(struct stream *s, struct loop *l, const struct transport *t);

/* Watches it. Whatever is ready then is told soon. Returns 0, or -1 with err filled. */
int stream_watch(struct stream *s, struct error *err);

/* Both at once. On failure the transport is closed. */
int stream_open(struct stream *s, struct loop *l, const struct transport *t, struct error *err);

/* Who is told that there may be something to read; told soon if there already is. */
void stream_set_reader(struct stream *s, void (*on_readable)(struct stream *s), void *reader);

/* No word of what comes in, or of room to write, until a read has found nothing, or a
 * write no room, or it is heeded again: for those who cannot or need not act on it, and
 * do not want to be woken for it. What happened meanwhile is told then. Output that
 * somebody waits for is not ignored. */
void stream_ignore(struct stream *s, enum stream_side side);
void stream_heed(struct stream *s, enum stream_side side);

/* Reads at most max bytes. IO_END and IO_FAILED come once, after everything
 * that had arrived. */
enum io stream_read(struct stream *s, void *to, size_t max, size_t *got, struct error *err);

/* The same, but the bytes are dropped. */
enum io stream_discard(struct stream *s, size_t max, size_t *got, struct error *err);

/* Writes all n bytes: what is not taken at once is copied and goes out when it
 * can. IO_OK: all is out. IO_AGAIN: some is buffered; wait with stream_wait(). */
enum io stream_write(struct stream *s, const void *bytes, size_t n, struct error *err);

/* Writes what is taken now, and buffers nothing; nothing may be buffered yet. */
enum io stream_try_write(struct stream *s, const struct iovec *from, int count, size_t *put,
                         struct error *err);

/* True when a writer has to wait. */
bool stream_is_blocked(const struct stream *s);

/* True when writing has failed, now or earlier; err then says how. */
bool stream_is_broken(const struct stream *s, struct error *err);

/* Calls w->on_writable once the stream is no longer blocked; first come, first
 * served. Cancel with list_remove(&w->link). */
void stream_wait(struct stream *s, struct stream_writer *w);

/* Ends the outgoing direction after its last byte. Returns 0, or -1 with err
 * filled when that fails at once. */
int stream_shut(struct stream *s, struct error *err);

/* True when all that was written, and the end if it was asked for, has been
 * acknowledged by the peer's kernel (sockets) or taken (others). */
bool stream_is_delivered(const struct stream *s);

/* While it is not, on_delivered comes once it is or will never be: TCP wakes those who
 * watch a socket when its last byte, the end of data, is acknowledged. */
void stream_await_delivery(struct stream *s, void (*on_delivered)(struct stream *s));

/* For those who move bytes without stream_read() and stream_write(): counts
 * what they moved. */
void stream_count_in(struct stream *s, size_t n);
void stream_count_out(struct stream *s, size_t n);

/* ... and says what they have met: nothing to read now, or nothing taken now. */
void stream_found_empty(struct stream *s);
void stream_found_full(struct stream *s);

/* Closes it; no callback comes any more. What had arrived and was not read is
 * dropped first when gracefully, so that the peer still gets what was sent to
 * it (a close with unread data resets the connection; RFC 1122, 4.2.2.13).
 * The struct's memory must stay until the round is over. Harmless on a stream that
 * was never opened (all zero), or is closed. */
void stream_close(struct stream *s, bool gracefully);

#endif
