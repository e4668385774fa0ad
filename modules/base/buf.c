/* Owns the memory of byte buffers and the arithmetic of their sizes. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t buf_length(const struct buf *b)
{
    return b->end - b->start;
}

char *buf_head(const struct buf *b)
{
    return b->data == NULL ? NULL : b->data + b->start;
}

static int grow(struct buf *b, size_t needed)
{
    size_t size = b->size < 256 ? 256 : b->size;
    char *data;

    while (size < needed) {
        if (size > SIZE_MAX / 2)
            return -1;
        size *= 2;
    }
    data = realloc(b->data, size);
    if (data == NULL)
        return -1;
    b->data = data;
    b->size = size;
    return 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
    size_t length = buf_length(b);

    if (b->data != NULL && n <= b->size - b->end)
        return b->data + b->end;
    if (n > SIZE_MAX - length)
        return NULL;
    if (length + n > b->size && grow(b, length + n) < 0)
        return NULL;
    if (n > b->size - b->end) {
        memmove(b->data, b->data + b->start, length);
        b->start = 0;
        b->end = length;
    }
    return b->data + b->end;
}

void buf_added(struct buf *b, size_t n)
{
    b->end += n;
}

int buf_add(struct buf *b, const void *bytes, size_t n)
{
    char *tail;

    if (n == 0)
        return 0;
    tail = buf_reserve(b, n);
    if (tail == NULL)
        return -1;
    memcpy(tail, bytes, n);
    b->end += n;
    return 0;
}

int buf_vformat(struct buf *b, const char *format, va_list args)
{
    char *text;
    int n = vasprintf(&text, format, args), result;

    if (n < 0)
        return -1;
    result = buf_add(b, text, (size_t)n);
    free(text);
    return result;
}

int buf_format(struct buf *b, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = buf_vformat(b, format, args);
    va_end(args);
    return result;
}

void buf_consume(struct buf *b, size_t n)
{
    b->start += n;
    if (b->start == b->end)
        buf_reset(b);
}

void buf_truncate(struct buf *b, size_t n)
{
    b->end = b->start + n;
}

void buf_reset(struct buf *b)
{
    b->start = b->end = 0;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}
