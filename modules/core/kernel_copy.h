/*
 * Moves bytes from one stream to another inside the kernel: sendfile(2) from files,
 * splice(2) between pipes and sockets, and through the workspace's pipe into files.
 */
#ifndef CORE_KERNEL_COPY_H
#define CORE_KERNEL_COPY_H

#include "core/stream.h"
#include "core/workspace.h"

/* Returns true when the kernel can copy between the two. */
bool kernel_copy_is_possible(const struct stream *from, const struct stream *to);

enum kernel_copy_result {
    KERNEL_COPY_OK,      /* bytes were moved */
    KERNEL_COPY_STARVED, /* from has nothing now */
    KERNEL_COPY_BLOCKED, /* to takes nothing now */
    KERNEL_COPY_BY_HAND, /* nothing moved although both are ready: read and write once */
    KERNEL_COPY_REFUSED, /* not with these two after all: read and write from now on */
    KERNEL_COPY_END,
    KERNEL_COPY_READ_FAILED,
    KERNEL_COPY_WRITE_FAILED,
};

/* Moves at most max bytes, and counts them in both streams; to must not be blocked. After
 * KERNEL_COPY_REFUSED, rest holds bytes that were taken from from and still have to be
 * written. */
enum kernel_copy_result kernel_copy(struct workspace *w, struct stream *from, struct stream *to,
                                    size_t max, struct buf *rest);

#endif
