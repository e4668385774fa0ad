/*
 * For the fuzz targets of filters: the input says how it is cut. Its first byte
 * is how many pieces there are lengths for (the lengths follow, and are used in
 * turn); the rest is what is fed.
 */
#ifndef TESTS_FUZZ_CUT_H
#define TESTS_FUZZ_CUT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/filter.h"

/* Findings end the program, as libFuzzer wants it. */
#define REQUIRE(condition) \
    do {                   \
        if (!(condition))  \
            abort();       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct cut {
    const uint8_t *lengths;
    size_t count; /* 0: all at once */
};

struct fed {
    struct buf out;
    struct error err;
    enum filter_result result;
};

/* Takes the next byte of the input; 0 when there is none. */
static inline uint8_t take_byte(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    --*size;
    return *(*data)++;
}

static inline struct cut take_cut(const uint8_t **data, size_t *size)
{
    struct cut cut = {NULL, take_byte(data, size) % 16};

    if (cut.count > *size)
        cut.count = *size;
    cut.lengths = *data;
    *data += cut.count;
    *size -= cut.count;
    return cut;
}

/* Feeds one piece that is a block of its own on the heap, where reading past its
 * end is seen. */
static inline enum filter_result feed_piece(struct filter *f, const void *in, size_t n,
                                            struct buf *out, struct error *err)
{
    char *piece = malloc(n);
    enum filter_result r;

    REQUIRE(n == 0 || piece != NULL);
    if (n > 0)
        memcpy(piece, in, n);
    r = filter_feed(f, piece, n, out, err);
    free(piece);
    return r;
}

/* Feeds all, finishes and frees the filter. */
static inline struct fed feed_cut(struct filter *f, const void *in, size_t n, struct cut cut)
{
    struct fed fed = {.result = FILTER_OK};
    const char *at = in;

    REQUIRE(f != NULL);
    for (size_t i = 0; n > 0 && fed.result == FILTER_OK; i++) {
        size_t piece = cut.count == 0 ? n : 1 + (size_t)cut.lengths[i % cut.count];

        piece = piece < n ? piece : n;
        fed.result = feed_piece(f, at, piece, &fed.out, &fed.err);
        at += piece;
        n -= piece;
    }
    if (fed.result == FILTER_OK)
        fed.result = filter_finish(f, &fed.out, &fed.err);
    filter_free(f);
    return fed;
}

static inline void fed_clear(struct fed *fed)
{
    buf_free(&fed->out);
    error_clear(&fed->err);
}

static inline void require_same_bytes(const struct buf *a, const struct buf *b)
{
    REQUIRE(buf_length(a) == buf_length(b));
    if (buf_length(a) > 0)
        REQUIRE(memcmp(buf_head(a), buf_head(b), buf_length(a)) == 0);
}

/* Same bytes, same result, same sentence. */
static inline void require_same(const struct fed *a, const struct fed *b)
{
    require_same_bytes(&a->out, &b->out);
    REQUIRE(a->result == b->result);
    REQUIRE(error_is_set(&a->err) == error_is_set(&b->err));
    if (error_is_set(&a->err))
        REQUIRE(strcmp(a->err.text, b->err.text) == 0);
}

#endif
