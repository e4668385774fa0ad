/*
 * The one shape of everything that changes bytes on their way: bytes in, bytes
 * out. A filter knows no descriptors, prints nothing, and gives the same output
 * however its input is cut into pieces.
 *
 * A filter module embeds struct filter as the first member of its own state and
 * has a constructor that returns it; filter_free() ends it.
 */
#ifndef TEXT_FILTER_H
#define TEXT_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum filter_result {
    FILTER_OK,     /* go on */
    FILTER_DONE,   /* what was wanted is complete; the rest of the input is not looked at */
    FILTER_FAILED, /* err says why; what came out before the failure is in out and is valid */
};

struct filter {
    const struct filter_ops *ops;
};

struct filter_ops {
    /* Takes all n bytes and appends what they become to out. What is incomplete
     * (half a character) is kept for the next call. */
    enum filter_result (*feed)(struct filter *f, const char *in, size_t n, struct buf *out,
                               struct error *err);
    /* Appends what was kept, and what ends the data; nothing is fed after that. NULL: there
     * is nothing of the kind. */
    enum filter_result (*finish)(struct filter *f, struct buf *out, struct error *err);
    /* NULL, or: appends what is kept only for neatness (an unfinished line), to
     * be called when no more has come for a moment; feeding goes on after it. */
    enum filter_result (*flush)(struct filter *f, struct buf *out, struct error *err);
    /* With flush: true while there is something that flush would let out. */
    bool (*pending)(const struct filter *f);
    /* Frees what the state owns, but not the state itself. NULL: it owns nothing. */
    void (*clear)(struct filter *f);
};

/* For constructors: returns new state of that size, all 0 but for its struct filter, as what
 * the constructor returns; NULL without memory. */
void *filter_new(const struct filter_ops *ops, size_t size);

/* Frees a filter; NULL is fine. */
void filter_free(struct filter *f);

/* Call the operations, with their defaults. */
enum filter_result filter_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                               struct error *err);
enum filter_result filter_finish(struct filter *f, struct buf *out, struct error *err);
enum filter_result filter_flush(struct filter *f, struct buf *out, struct error *err);
bool filter_pending(const struct filter *f);

/* For filters: appends n bytes to out; FILTER_FAILED, with err filled, without memory. */
enum filter_result filter_out(struct buf *out, const void *bytes, size_t n, struct error *err);

/*
 * A row of filters that is itself one: what one gives, the next is fed.
 * FILTER_DONE of one finishes those behind it and is passed on. It keeps no
 * buffer between two calls.
 */
#define FILTER_CHAIN_MAX 6

/* A new empty chain, or NULL without memory. */
struct filter *filter_chain_new(void);

/* Puts f at the end of the chain, which owns it from then on, also when this
 * fails. Returns 0, or -1 when f is NULL or the chain is full. */
int filter_chain_add(struct filter *chain, struct filter *f);

#endif
