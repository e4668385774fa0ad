/* Owns nothing but whether the newline has come. */
#include "text/line.h"

#include <string.h>

struct firstline {
    struct filter filter;
    bool complete;
};

static enum filter_result firstline_feed(struct filter *f, const char *in, size_t n,
                                         struct buf *out, struct error *err)
{
    struct firstline *first = (struct firstline *)f;
    const char *newline;
    enum filter_result r;

    if (first->complete)
        return FILTER_DONE;
    newline = n == 0 ? NULL : memchr(in, '\n', n);
    if (newline == NULL)
        return filter_out(out, in, n, err);
    r = filter_out(out, in, (size_t)(newline - in) + 1, err);
    if (r == FILTER_FAILED)
        return r;
    first->complete = true;
    return FILTER_DONE;
}

static enum filter_result firstline_finish(struct filter *f, struct buf *out, struct error *err)
{
    (void)out;
    if (((struct firstline *)f)->complete)
        return FILTER_OK;
    error_set(err, EXITCODE_FAILED, "the peer closed the connection before a whole line arrived");
    return FILTER_FAILED;
}

static const struct filter_ops firstline_ops = {
    .feed = firstline_feed,
    .finish = firstline_finish,
};

struct filter *line_first_new(void)
{
    return filter_new(&firstline_ops, sizeof(struct firstline));
}
