/*
 * A transport: what a stream reads and writes through: a socket, a local file, pipe or
 * terminal, TLS over one of these, bytes in memory, a member of a room, the script of a test.
 *
 * Only stream.c and kernel_copy.c call the operations. No operation blocks. An operation
 * that is NULL has the default that its comment names. An operation that fails fills err
 * with the cause alone ("Connection reset by peer"): the stream knows the name of the
 * object and what it was doing.
 */
#ifndef CORE_TRANSPORT_H
#define CORE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/error.h"

enum io {
    IO_OK,     /* some bytes went through, or the operation is complete */
    IO_AGAIN,  /* not now: no byte was taken, and the next call may offer other bytes */
    IO_END,    /* reading: end of data, no more bytes will come. With err filled, the peer did
                * not announce the end: data may be missing */
    IO_FAILED, /* err has the cause */
};

/* What the kernel can copy from or to without the bytes entering user space. */
enum kernel_access {
    KERNEL_NONE,
    KERNEL_SOCKET,
    KERNEL_PIPE,
    KERNEL_FILE, /* a regular file that is not in append mode */
    KERNEL_NULL, /* /dev/null */
};

struct transport {
    const struct transport_ops *ops;
    int fd; /* the descriptor that epoll watches; -1: none (memory, a room) */
    enum kernel_access access : 8;
    bool always_ready : 1; /* epoll cannot watch it: regular files, memory */
    bool untried : 1;      /* the first read may find an end that epoll will not report */
    bool inherited : 1;    /* duplicates of fd may exist elsewhere */
    bool pending : 1;      /* a read may return bytes although fd is not readable. (TLS holds
                            * records that it has read ahead, but part of a record is none:
                            * so the flag falls with a read that returns IO_AGAIN.) */
    bool holds_output : 1; /* bytes that were taken wait for flush */
    bool is_shared : 1;    /* private to the implementation */
    bool may_block : 1;    /* private to the implementation */
    void *state;           /* private to the implementation */
};

struct transport_ops {
    /* Reads at most max bytes; to NULL: discards them. */
    enum io (*read)(struct transport *t, void *to, size_t max, size_t *got, struct error *err);

    /* The same, but leaves the bytes in place: for stages, which must not take one byte too
     * many. max 0: only completes what precedes all data (a handshake). NULL: no stage can
     * run on this transport. */
    enum io (*peek)(struct transport *t, void *to, size_t max, size_t *got, struct error *err);

    /* Lists readable bytes in place, without copying them: *count pieces. NULL: the bytes have
     * to be read. */
    enum io (*borrow)(struct transport *t, struct iovec *iov, size_t max, size_t *count,
                      struct error *err);

    /* Takes the first n of the bytes that borrow listed. Returns true when there may be more
     * to read. */
    bool (*take)(struct transport *t, size_t n);

    /* IO_OK: the transport is responsible for *put bytes, even when it still holds some of
     * them. */
    enum io (*write)(struct transport *t, const struct iovec *iov, int count, size_t *put,
                     struct error *err);

    /* Goes on with the bytes that were taken and are held. NULL: none are ever held. */
    enum io (*flush)(struct transport *t, struct error *err);

    /* Closes the sending side, and the descriptor too where sending is all that it is for
     * (fd is -1 then). IO_AGAIN: call it again after flush. NULL: nothing to do. */
    enum io (*shut)(struct transport *t, struct error *err);

    /* Closes the transport and frees state. abort: the peer gets a reset instead of an end
     * of data. */
    void (*close)(struct transport *t, bool abort);

    /* KERNEL_FILE: returns where sendfile(2) reads; NULL: at the file's own position. */
    off_t *(*position)(struct transport *t);

    /* Returns 0 when the other side has all bytes that were taken, otherwise the number of
     * bytes that are missing, the held ones among them; the end of data counts as one. NULL:
     * always 0; delivered then means handed to the kernel. */
    size_t (*unacknowledged)(const struct transport *t);

    /* Reports a failure that is pending and that no call has returned yet. Returns true
     * with err filled. NULL: no failure. */
    bool (*failure)(struct transport *t, struct error *err);

    /* Tells what was agreed with the peer, under the names that a program's environment has
     * for it ("SSL_PROTOCOL", "TLSv1.3"). Texts last as long as the call. NULL: nothing. */
    void (*describe)(const struct transport *t,
                     void (*tell)(void *arg, const char *name, const char *value), void *arg);
};

#endif
