/* Owns rows of filters. Knows nothing of what they do. */
#include "text/filter.h"

#include <stdlib.h>

struct chain {
    struct filter filter;
    struct filter *links[FILTER_CHAIN_MAX];
    size_t count;
};

typedef enum filter_result filter_act(struct filter *f, struct buf *out, struct error *err);

void *filter_new(const struct filter_ops *ops, size_t size)
{
    struct filter *f = calloc(1, size);

    if (f != NULL)
        f->ops = ops;
    return f;
}

void filter_free(struct filter *f)
{
    if (f != NULL && f->ops->clear != NULL)
        f->ops->clear(f);
    free(f);
}

enum filter_result filter_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                               struct error *err)
{
    return f->ops->feed(f, in, n, out, err);
}

enum filter_result filter_finish(struct filter *f, struct buf *out, struct error *err)
{
    return f->ops->finish != NULL ? f->ops->finish(f, out, err) : FILTER_OK;
}

enum filter_result filter_flush(struct filter *f, struct buf *out, struct error *err)
{
    return f->ops->flush != NULL ? f->ops->flush(f, out, err) : FILTER_OK;
}

bool filter_pending(const struct filter *f)
{
    return f->ops->pending != NULL && f->ops->pending(f);
}

enum filter_result filter_out(struct buf *out, const void *bytes, size_t n, struct error *err)
{
    if (buf_add(out, bytes, n) == 0)
        return FILTER_OK;
    error_set(err, EXITCODE_FAILED, "error converting text: out of memory");
    return FILTER_FAILED;
}

static enum filter_result finish_from(struct chain *c, size_t first, struct buf *out,
                                      struct error *err);

/* Which of two results holds, of a filter and of those behind it. What ends the
 * row behind comes of bytes before those that failed here, so it comes first, as
 * it would had they been fed one by one. later is the error of here. */
static enum filter_result first_of(enum filter_result here, enum filter_result behind,
                                   struct error *later, struct error *err)
{
    if (here == FILTER_FAILED && behind == FILTER_OK)
        error_move(err, later);
    else
        error_clear(later);
    return behind != FILTER_OK ? behind : here;
}

/* Sends the bytes through links[first ..) into out. */
static enum filter_result pass(struct chain *c, size_t first, const char *in, size_t n,
                               struct buf *out, struct error *err)
{
    struct buf middle = {0};
    struct error later = {0};
    enum filter_result here, behind;

    if (n == 0)
        return FILTER_OK;
    if (first == c->count)
        return filter_out(out, in, n, err);
    if (first + 1 == c->count)
        return filter_feed(c->links[first], in, n, out, err);
    here = filter_feed(c->links[first], in, n, &middle, &later);
    behind = pass(c, first + 1, buf_head(&middle), buf_length(&middle), out, err);
    buf_free(&middle);
    if (here == FILTER_DONE && behind == FILTER_OK)
        behind = finish_from(c, first + 1, out, err);
    return first_of(here, behind, &later, err);
}

/* Lets links[i] act, and sends what it gives through those behind it. */
static enum filter_result act(struct chain *c, size_t i, filter_act *action, struct buf *out,
                              struct error *err)
{
    struct buf given = {0};
    struct error later = {0};
    enum filter_result here = action(c->links[i], &given, &later);
    enum filter_result behind = pass(c, i + 1, buf_head(&given), buf_length(&given), out, err);

    buf_free(&given);
    return first_of(here, behind, &later, err);
}

static enum filter_result finish_from(struct chain *c, size_t first, struct buf *out,
                                      struct error *err)
{
    enum filter_result r = FILTER_OK;

    for (size_t i = first; i < c->count && r == FILTER_OK; i++)
        r = act(c, i, filter_finish, out, err);
    return r;
}

static enum filter_result chain_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                     struct error *err)
{
    return pass((struct chain *)f, 0, in, n, out, err);
}

static enum filter_result chain_finish(struct filter *f, struct buf *out, struct error *err)
{
    return finish_from((struct chain *)f, 0, out, err);
}

static bool chain_pending(const struct filter *f)
{
    const struct chain *c = (const struct chain *)f;

    for (size_t i = 0; i < c->count; i++)
        if (filter_pending(c->links[i]))
            return true;
    return false;
}

static enum filter_result chain_flush(struct filter *f, struct buf *out, struct error *err)
{
    struct chain *c = (struct chain *)f;
    enum filter_result r = FILTER_OK;

    for (size_t i = 0; i < c->count && r == FILTER_OK; i++)
        r = act(c, i, filter_flush, out, err);
    return r;
}

static void chain_clear(struct filter *f)
{
    struct chain *c = (struct chain *)f;

    for (size_t i = 0; i < c->count; i++)
        filter_free(c->links[i]);
}

static const struct filter_ops chain_ops = {
    .feed = chain_feed,
    .finish = chain_finish,
    .flush = chain_flush,
    .pending = chain_pending,
    .clear = chain_clear,
};

struct filter *filter_chain_new(void)
{
    return filter_new(&chain_ops, sizeof(struct chain));
}

int filter_chain_add(struct filter *chain, struct filter *f)
{
    struct chain *c = (struct chain *)chain;

    if (f == NULL)
        return -1;
    if (c->count == FILTER_CHAIN_MAX) {
        filter_free(f);
        return -1;
    }
    c->links[c->count++] = f;
    return 0;
}
