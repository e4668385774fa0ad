/*
 * Feeds filters in pieces, for the tests of all filters: whatever the cuts, what
 * comes out has to be the same. Every piece is a block of its own on the heap, so
 * that the sanitizers see a filter that reads past its end.
 */
#ifndef TESTS_UNIT_FEED_H
#define TESTS_UNIT_FEED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/filter.h"

/* How the input is cut: all at once, byte by byte, and from FEED_RANDOM on in
 * pieces of random length, other ones for each number. */
enum { FEED_WHOLE, FEED_BYTES, FEED_RANDOM, FEED_LAST = FEED_RANDOM + 12 };

struct fed {
    struct buf out;
    struct error err;
    enum filter_result result; /* of the last act */
};

static inline size_t feed_piece(unsigned cut, uint32_t *state, size_t left)
{
    size_t piece;

    if (cut == FEED_WHOLE)
        return left;
    if (cut == FEED_BYTES)
        return 1;
    *state = *state * 1664525 + 1013904223;
    piece = 1 + (*state >> 16) % (cut % 2 == 0 ? 7 : 300);
    return piece < left ? piece : left;
}

static inline enum filter_result feed_one(struct filter *f, const char *in, size_t n,
                                          struct buf *out, struct error *err)
{
    char *piece = malloc(n);
    enum filter_result r;

    assert_true(n == 0 || piece != NULL);
    if (n > 0)
        memcpy(piece, in, n);
    r = filter_feed(f, piece, n, out, err);
    free(piece);
    return r;
}

/* Feeds all, finishes unless a feed was the last, and frees the filter. */
static inline struct fed feed_all(struct filter *f, const char *in, size_t n, unsigned cut)
{
    struct fed fed = {.result = FILTER_OK};
    uint32_t state = cut;

    assert_non_null(f);
    while (n > 0 && fed.result == FILTER_OK) {
        size_t piece = feed_piece(cut, &state, n);

        fed.result = feed_one(f, in, piece, &fed.out, &fed.err);
        in += piece;
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

static inline void assert_holds(const struct buf *b, const char *text, size_t n)
{
    assert_int_equal(buf_length(b), n);
    if (n > 0)
        assert_memory_equal(buf_head(b), text, n);
}

/* Takes what b holds. */
static inline void assert_given(struct buf *b, const char *text)
{
    assert_holds(b, text, strlen(text));
    buf_reset(b);
}

/* A constructor of what is tested, and what it is given. */
typedef struct filter *feed_maker(const void *how);

/* The input becomes this, and the last act gives this, however it is cut. */
static inline void assert_becomes(feed_maker *make, const void *how, const char *in, size_t n,
                                  const char *text, size_t length, enum filter_result result)
{
    for (unsigned cut = FEED_WHOLE; cut <= FEED_LAST; cut++) {
        struct fed fed = feed_all(make(how), in, n, cut);

        assert_int_equal(fed.result, result);
        assert_int_equal(error_is_set(&fed.err), result == FILTER_FAILED);
        assert_holds(&fed.out, text, length);
        fed_clear(&fed);
    }
}

/* The same for text, all of which is converted. */
static inline void assert_text(feed_maker *make, const void *how, const char *in, const char *text)
{
    assert_becomes(make, how, in, strlen(in), text, strlen(text), FILTER_OK);
}

#endif
