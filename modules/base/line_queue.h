/*
 * A bounded queue of lines that an output has not taken yet. It has no lock. Only whole lines
 * leave it, so an output that is replaced by another can be given a line that was begun
 * again.
 */
#ifndef BASE_LINE_QUEUE_H
#define BASE_LINE_QUEUE_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    LINE_QUEUE_SIZE = 64 << 10,
    LINE_QUEUE_LINE_SIZE = PIPE_BUF, /* a pipe takes a line whole, or not at all; pipe(7) */
};

struct line_queue {
    size_t length;
    size_t begun;       /* bytes of the first line that the output has; 0: begin it again */
    unsigned long lost; /* lines that did not fit */
    char lines[LINE_QUEUE_SIZE];
};

/* Adds a line of n bytes with its newline, or counts it as lost. */
void line_queue_add(struct line_queue *q, const char *line, size_t n);

/* Writes until the queue is empty or write returns 0 (nothing taken now) or -1. Returns 0, or
 * -1 as write did; what was not written stays. */
int line_queue_write(struct line_queue *q, ssize_t (*write)(void *arg, const char *bytes, size_t n),
                     void *arg);

#endif
