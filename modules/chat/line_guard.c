/* Owns the filter that converts lines, and replaces it when a line fails. */
#include "chat/line_guard.h"

struct line_guard {
    struct filter filter;
    const struct line_guard_ops *ops;
    void *arg;
    struct filter *inner; /* NULL before the first line and after a rejected one */
};

/* Removes the output of a failed line, if the line is the cause. */
static enum filter_result judge(struct line_guard *g, enum filter_result result, size_t before,
                                struct buf *out, struct error *why, struct error *err)
{
    if (result != FILTER_FAILED)
        return result;
    if (why->status != EXITCODE_DATA) {
        error_move(err, why);
        return FILTER_FAILED;
    }
    buf_truncate(out, before);
    filter_free(g->inner);
    g->inner = NULL;
    g->ops->on_rejected(g->arg, why);
    error_clear(why);
    return FILTER_OK;
}

static enum filter_result guard_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                     struct error *err)
{
    struct line_guard *g = (struct line_guard *)f;
    size_t before = buf_length(out);
    struct error why = {0};

    if (g->inner == NULL && (g->inner = g->ops->make(g->arg, err)) == NULL)
        return FILTER_FAILED;
    return judge(g, filter_feed(g->inner, in, n, out, &why), before, out, &why, err);
}

static enum filter_result guard_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct line_guard *g = (struct line_guard *)f;
    size_t before = buf_length(out);
    struct error why = {0};

    if (g->inner == NULL)
        return FILTER_OK;
    return judge(g, filter_finish(g->inner, out, &why), before, out, &why, err);
}

static void guard_clear(struct filter *f)
{
    filter_free(((struct line_guard *)f)->inner);
}

static const struct filter_ops guard_ops = {
    .feed = guard_feed,
    .finish = guard_finish,
    .clear = guard_clear,
};

struct filter *line_guard_new(const struct line_guard_ops *ops, void *arg)
{
    struct line_guard *g = filter_new(&guard_ops, sizeof(*g));

    if (g == NULL)
        return NULL;
    g->ops = ops;
    g->arg = arg;
    return &g->filter;
}
