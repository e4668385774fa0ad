/* Owns nothing but the last byte that passed. */
#include "text/endline.h"

#include <stdlib.h>

struct endline {
    struct filter filter;
    char last; /* '\n' before the first byte: nothing is to be ended */
};

static enum filter_result endline_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                       struct error *err)
{
    if (n > 0)
        ((struct endline *)f)->last = in[n - 1];
    return filter_out(out, in, n, err);
}

static enum filter_result endline_finish(struct filter *f, struct buf *out, struct error *err)
{
    return ((struct endline *)f)->last == '\n' ? FILTER_OK : filter_out(out, "\n", 1, err);
}

static void endline_free(struct filter *f)
{
    free(f);
}

static const struct filter_ops endline_ops = {
    .feed = endline_feed,
    .finish = endline_finish,
    .free = endline_free,
};

struct filter *endline_new(void)
{
    struct endline *e = malloc(sizeof(*e));

    if (e == NULL)
        return NULL;
    e->filter.ops = &endline_ops;
    e->last = '\n';
    return &e->filter;
}
