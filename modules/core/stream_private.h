/* The inside of a stream, for stream.c, stream_output.c, stream_ends.c, and kernel_copy.c, which
 * moves bytes past it. */
#ifndef CORE_STREAM_PRIVATE_H
#define CORE_STREAM_PRIVATE_H

#include "base/buf.h"
#include "core/stream.h"
#include "core/workspace.h"

/* What could not be sent yet: what a pipe holds, then bytes. Allocated while there is any. */
struct unsent {
    struct buf bytes;
    struct workspace_pipe pipe; /* where held_bytes is not 0 */
    struct workspace *work;     /* of the pipe */
};

struct stream {
    struct deferred deferred;
    struct loop *loop;
    struct transport transport;
    struct watch watch;
    struct list waiters;
    struct unsent *out;         /* NULL: nothing is unsent */
    const char *name;           /* of a connection: NULL until asked for, then owned */
    struct stream_local *local; /* the same, of this end */
    void (*on_readable)(void *arg);
    void *reader;
    void (*on_hangup)(void *owner);
    void (*on_delivered)(void *owner);
    void *owner;
    struct stream_counts counts;
    struct error failure;
    uint32_t unacknowledged; /* at the last stream_moved_ms() */
    bool enlarged : 1;       /* a pipe that was made to hold more */
    bool dry : 1;            /* nothing to read until an event */
    bool more_follows : 1;   /* the end or a failure: a short read is not the last */
    bool bulk : 1;           /* the last read was large: more such reads usually follow */
    bool hung_up : 1;        /* epoll has reported EPOLLHUP or EPOLLERR */
    bool in_ended : 1;       /* reading has met the end or a failure, or is not possible */
    bool full : 1;           /* nothing can be written until an event */
    bool has_sent : 1;       /* there may be something to acknowledge */
    bool shut_asked : 1;     /* the sending side closes once out is empty */
    bool shut_done : 1;
    bool early_hangup : 1; /* see stream_report_hangup_early() */
    bool lent : 1;         /* another process reads and writes the descriptor */
    bool paused : 1;       /* see stream_pause() */
    bool closed : 1;
    bool failed : 1;    /* failure is set */
    bool truncated : 1; /* failure says why data may be missing, unless failed */
    bool lost : 1;      /* bytes that were to go out when it failed */
    struct addr peer;   /* sa_family is 0 for local streams. Comes last: of its union, only as
                         * much is allocated as the address takes, or an IPv6 address would */
};

/* Bring the state up to what a call has met: a read of at most max bytes, a write. Return
 * result, or IO_FAILED where the stream has failed before; why is moved. */
enum io stream_met_read(struct stream *s, enum io result, size_t max, size_t got,
                        struct error *why);
enum io stream_met_write(struct stream *s, enum io result, size_t put, struct error *why);

/* Keeps the first failure, and names the object and what was done with it. Moves why. */
void stream_fail(struct stream *s, bool reading, struct error *why);

/* For a connection: copies the address, which has to fit; frees the names after the round. */
void stream_set_peer(struct stream *s, const struct addr *peer);
void stream_release_names(struct stream *s);

/* Decides what epoll watches. */
void stream_update_interest(struct stream *s);

/* Sends what the pipe holds, and takes the pipe over; it goes back to w once it is empty.
 * Nothing may be unsent before. Returns IO_OK or IO_FAILED. */
enum io stream_send_pipe(struct stream *s, struct workspace *w, struct workspace_pipe *p);

/* Continues with unsent data and the waiting writers; or discards unsent data. */
void stream_flush(struct stream *s);
void stream_drop_unsent(struct stream *s);

#endif
