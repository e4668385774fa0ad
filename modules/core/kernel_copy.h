/*
 * Moves bytes from one transport to another inside the kernel: sendfile(2) from
 * files, splice(2) between pipes and sockets, and through a pipe of our own
 * where neither end is one.
 */
#ifndef CORE_KERNEL_COPY_H
#define CORE_KERNEL_COPY_H

#include "core/stream.h"

enum kernel_route {
    KERNEL_ROUTE_NONE,     /* it cannot: bytes have to be read and written */
    KERNEL_ROUTE_SENDFILE, /* file to socket */
    KERNEL_ROUTE_DIRECT,   /* one end is a pipe */
    KERNEL_ROUTE_VIA_PIPE, /* socket to file */
    KERNEL_ROUTE_DROP,     /* socket to /dev/null */
};

/* A pipe that is empty between two copies; {-1, -1} until it is needed. One
 * serves all copies of a thread. */
struct kernel_pipe {
    int read_fd;
    int write_fd;
    size_t size;
};

void kernel_pipe_init(struct kernel_pipe *p);
void kernel_pipe_clear(struct kernel_pipe *p);

/* How bytes can go from one to the other. */
enum kernel_route kernel_copy_route(const struct transport *from, const struct transport *to);

enum kernel_copy_result {
    KERNEL_COPY_OK,      /* *moved bytes went over */
    KERNEL_COPY_STARVED, /* from has nothing now */
    KERNEL_COPY_BLOCKED, /* to takes nothing now */
    KERNEL_COPY_STUCK,   /* nothing moved although both are ready: read and write once */
    KERNEL_COPY_END,
    KERNEL_COPY_REFUSED,      /* not with these two after all: read and write them */
    KERNEL_COPY_READ_FAILED,  /* err holds why */
    KERNEL_COPY_WRITE_FAILED, /* the same */
};

/* Moves at most max bytes, and counts them in both streams. Nothing may be
 * buffered in to. After KERNEL_COPY_REFUSED, rest holds what was already taken
 * from from and has still to be written. */
enum kernel_copy_result kernel_copy(enum kernel_route route, struct kernel_pipe *p,
                                    struct stream *from, struct stream *to, size_t max,
                                    struct buf *rest, size_t *moved, struct error *err);

#endif
