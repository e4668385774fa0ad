/* Owns what is known of the byte that the last feed ended with. */
#include "text/newline.h"

#include <string.h>

struct eol {
    struct filter filter;
    bool after_cr; /* to LF: a CR is kept; to CRLF: the last byte was one */
};

/* As memchr, for an n that may be 0. */
static const char *find(const char *in, char c, size_t n)
{
    return n == 0 ? NULL : memchr(in, c, n);
}

static enum filter_result feed_to_crlf(struct filter *f, const char *in, size_t n, struct buf *out,
                                       struct error *err)
{
    struct eol *e = (struct eol *)f;
    const char *rest = in, *end = in + n, *newline = in;

    if (n == 0)
        return FILTER_OK;
    while ((newline = find(newline, '\n', (size_t)(end - newline))) != NULL) {
        bool has_cr = newline == in ? e->after_cr : newline[-1] == '\r';

        if (!has_cr) {
            if (filter_out(out, rest, (size_t)(newline - rest), err) != FILTER_OK ||
                filter_out(out, "\r", 1, err) != FILTER_OK)
                return FILTER_FAILED;
            rest = newline;
        }
        newline++;
    }
    e->after_cr = end[-1] == '\r';
    return filter_out(out, rest, (size_t)(end - rest), err);
}

static enum filter_result feed_to_lf(struct filter *f, const char *in, size_t n, struct buf *out,
                                     struct error *err)
{
    struct eol *e = (struct eol *)f;
    const char *rest = in, *end = in + n, *cr = in;

    if (n == 0)
        return FILTER_OK;
    if (e->after_cr && in[0] != '\n' && filter_out(out, "\r", 1, err) != FILTER_OK)
        return FILTER_FAILED;
    e->after_cr = end[-1] == '\r';
    if (e->after_cr)
        end--;
    while ((cr = find(cr, '\r', (size_t)(end - cr))) != NULL) {
        if (cr + 1 < end && cr[1] == '\n') {
            if (filter_out(out, rest, (size_t)(cr - rest), err) != FILTER_OK)
                return FILTER_FAILED;
            rest = cr + 1;
        }
        cr++;
    }
    return filter_out(out, rest, (size_t)(end - rest), err);
}

static enum filter_result finish_to_lf(struct filter *f, struct buf *out, struct error *err)
{
    struct eol *e = (struct eol *)f;

    if (!e->after_cr)
        return FILTER_OK;
    e->after_cr = false;
    return filter_out(out, "\r", 1, err);
}

static const struct filter_ops to_crlf_ops = {
    .feed = feed_to_crlf,
};

static const struct filter_ops to_lf_ops = {
    .feed = feed_to_lf,
    .finish = finish_to_lf,
};

struct filter *newline_new(enum newline_mode mode)
{
    return filter_new(mode == NEWLINE_CRLF ? &to_crlf_ops : &to_lf_ops, sizeof(struct eol));
}

/* A newline at the end. */

struct at_end {
    struct filter filter;
    char last; /* '\n' before the first byte: nothing is to be ended */
};

static enum filter_result at_end_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                      struct error *err)
{
    if (n > 0)
        ((struct at_end *)f)->last = in[n - 1];
    return filter_out(out, in, n, err);
}

static enum filter_result at_end_finish(struct filter *f, struct buf *out, struct error *err)
{
    return ((struct at_end *)f)->last == '\n' ? FILTER_OK : filter_out(out, "\n", 1, err);
}

static const struct filter_ops at_end_ops = {
    .feed = at_end_feed,
    .finish = at_end_finish,
};

struct filter *newline_at_end_new(void)
{
    struct at_end *e = filter_new(&at_end_ops, sizeof(*e));

    if (e == NULL)
        return NULL;
    e->last = '\n';
    return &e->filter;
}
