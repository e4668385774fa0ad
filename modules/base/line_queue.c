/* Owns what waits. Knows no output. */
#include "base/line_queue.h"

#include <string.h>

void line_queue_add(struct line_queue *q, const char *line, size_t n)
{
    if (n > LINE_QUEUE_SIZE - q->length) {
        q->lost++;
        return;
    }
    memcpy(q->lines + q->length, line, n);
    q->length += n;
}

/* Drops the lines that were written whole. */
static void drop_written(struct line_queue *q)
{
    const char *end = memrchr(q->lines, '\n', q->begun);
    size_t n = end != NULL ? (size_t)(end - q->lines) + 1 : 0;

    q->length -= n;
    q->begun -= n;
    memmove(q->lines, q->lines + n, q->length);
}

int line_queue_write(struct line_queue *q, ssize_t (*write)(void *arg, const char *bytes, size_t n),
                     void *arg)
{
    while (q->length > 0) {
        const char *next = q->lines + q->begun;
        size_t n = q->length - q->begun;
        const char *end;
        ssize_t put;

        n = n < LINE_QUEUE_LINE_SIZE ? n : LINE_QUEUE_LINE_SIZE;
        end = memrchr(next, '\n', n);
        put = write(arg, next, end != NULL ? (size_t)(end - next) + 1 : n);
        if (put <= 0)
            return (int)put;
        q->begun += (size_t)put;
        drop_written(q);
    }
    return 0;
}
