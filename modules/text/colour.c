/* Owns the beginning of a line that may be a name. */
#include "text/colour.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_MAX_BYTES = 32 * 4, /* 32 characters of UTF-8 */
    HELD_MAX = NAME_MAX_BYTES + 2,
};

static const char dim[] = "\033[2m", plain[] = "\033[0m";

struct paint {
    struct filter filter;
    bool in_text; /* behind a line's beginning */
    bool dimmed;
    size_t length;
    char held[HELD_MAX];
};

/* A colour that reads on dark and on light, by the name alone (FNV-1a). */
static unsigned colour_of(const char *name, size_t length)
{
    static const unsigned char colours[] = {31, 32, 33, 34, 35, 36, 91, 92, 94, 95, 96};
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return colours[hash % sizeof(colours)];
}

/* Lets out what is held, as text. */
static enum filter_result let_out(struct paint *p, struct buf *out, struct error *err)
{
    enum filter_result r = filter_out(out, p->held, p->length, err);

    p->in_text = true;
    p->length = 0;
    return r;
}

static enum filter_result paint_name(struct paint *p, struct buf *out, struct error *err)
{
    char start[16];
    int n = snprintf(start, sizeof(start), "\033[%um", colour_of(p->held, p->length));

    if (filter_out(out, start, (size_t)n, err) != FILTER_OK || let_out(p, out, err) != FILTER_OK)
        return FILTER_FAILED;
    return filter_out(out, plain, sizeof(plain) - 1, err);
}

static enum filter_result end_line(struct paint *p, struct buf *out, struct error *err)
{
    enum filter_result r = let_out(p, out, err);

    if (r == FILTER_OK && p->dimmed)
        r = filter_out(out, plain, sizeof(plain) - 1, err);
    p->in_text = p->dimmed = false;
    return r == FILTER_OK ? filter_out(out, "\n", 1, err) : r;
}

/* Takes one byte of a line's beginning. */
static enum filter_result take(struct paint *p, char c, struct buf *out, struct error *err)
{
    if (c == '\n')
        return end_line(p, out, err);
    if (c == ' ' && p->length > 0 && p->held[p->length - 1] != ':') {
        if (p->length == 2 && memcmp(p->held, "--", 2) == 0) {
            p->dimmed = true;
            if (filter_out(out, dim, sizeof(dim) - 1, err) != FILTER_OK)
                return FILTER_FAILED;
        }
        p->held[p->length++] = c;
        return let_out(p, out, err);
    }
    if (c == ' ' && p->length > 1) {
        p->length--;
        if (paint_name(p, out, err) != FILTER_OK)
            return FILTER_FAILED;
        return filter_out(out, ": ", 2, err);
    }
    p->held[p->length++] = c;
    return p->length < HELD_MAX ? FILTER_OK : let_out(p, out, err);
}

static enum filter_result paint_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                     struct error *err)
{
    struct paint *p = (struct paint *)f;

    while (n > 0) {
        enum filter_result r;
        size_t taken = 1;

        if (p->in_text) {
            const char *newline = memchr(in, '\n', n);

            taken = newline != NULL ? (size_t)(newline - in) : n;
            r = filter_out(out, in, taken, err);
            if (r == FILTER_OK && newline != NULL) {
                taken++;
                r = end_line(p, out, err);
            }
        } else {
            r = take(p, *in, out, err);
        }
        if (r != FILTER_OK)
            return r;
        in += taken;
        n -= taken;
    }
    return FILTER_OK;
}

static enum filter_result paint_flush(struct filter *f, struct buf *out, struct error *err)
{
    return let_out((struct paint *)f, out, err);
}

static enum filter_result paint_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct paint *p = (struct paint *)f;
    enum filter_result r = let_out(p, out, err);

    return r == FILTER_OK && p->dimmed ? filter_out(out, plain, sizeof(plain) - 1, err) : r;
}

static bool paint_pending(const struct filter *f)
{
    return ((const struct paint *)f)->length > 0;
}

static const struct filter_ops paint_ops = {
    .feed = paint_feed,
    .finish = paint_finish,
    .flush = paint_flush,
    .pending = paint_pending,
};

struct filter *colour_new(void)
{
    return filter_new(&paint_ops, sizeof(struct paint));
}
