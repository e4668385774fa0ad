/*
 * A growing run of bytes, taken from the front and added to at the back. A
 * struct buf set to {0} is empty and owns nothing; buf_free() brings it back to
 * that. An empty buffer keeps its memory until buf_free().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data; /* owned; the bytes are data[start .. end) */
    size_t start;
    size_t end;
    size_t size;
};

/* How many bytes it holds. */
size_t buf_length(const struct buf *b);

/* The first byte; valid until the next call that changes b. */
char *buf_head(const struct buf *b);

/* Makes room for n more bytes and returns where to put them (then tell
 * buf_added), or NULL when there is no memory; b is unchanged then. */
char *buf_reserve(struct buf *b, size_t n);

/* Says that n bytes were written where buf_reserve() pointed. */
void buf_added(struct buf *b, size_t n);

/* Appends n bytes. Returns 0, or -1 without memory; b is unchanged then. */
int buf_add(struct buf *b, const void *bytes, size_t n);

/* Append a formatted text, without its final zero byte. Return 0, or -1 without memory. */
int buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
int buf_vformat(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Takes n bytes from the front; n is at most buf_length(). */
void buf_consume(struct buf *b, size_t n);

/* Drops what follows the first n bytes; n is at most buf_length(). */
void buf_truncate(struct buf *b, size_t n);

/* Empties the buffer and keeps its memory. */
void buf_reset(struct buf *b);

/* Frees the memory and leaves an empty buffer. */
void buf_free(struct buf *b);

#endif
