/* Owns the text of lines that have not ended. Whose line ends the shared output
 * stands in the screen, which is not owned. */
#include "text/label.h"

#include <stdlib.h>
#include <string.h>

struct label {
    struct filter filter;
    struct label_screen *screen;
    uint64_t number;
    struct buf held; /* of the current line, what was not yet shown */
    bool begun;      /* a part of the current line was shown */
    char *label;     /* owned, with the ": " */
};

static bool is_open(const struct label *l)
{
    return l->screen->open == l->number;
}

/* Brings the output to where text of this source's current line may follow. */
static enum filter_result begin(struct label *l, struct buf *out, struct error *err)
{
    if (is_open(l))
        return FILTER_OK;
    if (l->screen->open != 0 && filter_out(out, "\n", 1, err) != FILTER_OK)
        return FILTER_FAILED;
    l->screen->open = l->number;
    l->begun = true;
    return filter_out(out, l->label, strlen(l->label), err);
}

/* Shows what is held and n bytes after it, as the current line's, which has not
 * ended. */
static enum filter_result show(struct label *l, const char *in, size_t n, struct buf *out,
                               struct error *err)
{
    if (begin(l, out, err) != FILTER_OK ||
        filter_out(out, buf_head(&l->held), buf_length(&l->held), err) != FILTER_OK ||
        filter_out(out, in, n, err) != FILTER_OK)
        return FILTER_FAILED;
    buf_reset(&l->held);
    return FILTER_OK;
}

/* Ends the current line with the n bytes before its newline. */
static enum filter_result end_line(struct label *l, const char *in, size_t n, struct buf *out,
                                   struct error *err)
{
    /* All of it was shown, and another source has ended it since. */
    bool ended = l->begun && !is_open(l) && n == 0 && buf_length(&l->held) == 0;

    l->begun = false;
    if (ended)
        return FILTER_OK;
    if (show(l, in, n, out, err) != FILTER_OK)
        return FILTER_FAILED;
    l->begun = false;
    l->screen->open = 0;
    return filter_out(out, "\n", 1, err);
}

static enum filter_result label_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                     struct error *err)
{
    struct label *l = (struct label *)f;
    const char *newline;

    while (n > 0 && (newline = memchr(in, '\n', n)) != NULL) {
        size_t length = (size_t)(newline - in);

        if (end_line(l, in, length, out, err) != FILTER_OK)
            return FILTER_FAILED;
        in += length + 1;
        n -= length + 1;
    }
    if (n == 0)
        return FILTER_OK;
    if (n >= LABEL_HELD_MAX - buf_length(&l->held))
        return show(l, in, n, out, err);
    return filter_out(&l->held, in, n, err);
}

static bool label_pending(const struct filter *f)
{
    return buf_length(&((const struct label *)f)->held) > 0;
}

static enum filter_result label_flush(struct filter *f, struct buf *out, struct error *err)
{
    return label_pending(f) ? show((struct label *)f, NULL, 0, out, err) : FILTER_OK;
}

static enum filter_result label_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct label *l = (struct label *)f;

    return label_pending(f) || is_open(l) ? end_line(l, NULL, 0, out, err) : FILTER_OK;
}

static void label_clear(struct filter *f)
{
    struct label *l = (struct label *)f;

    buf_free(&l->held);
    free(l->label);
}

static const struct filter_ops label_ops = {
    .feed = label_feed,
    .finish = label_finish,
    .flush = label_flush,
    .pending = label_pending,
    .clear = label_clear,
};

struct filter *label_new(struct label_screen *screen, const char *label)
{
    size_t length = strlen(label);
    struct label *l = filter_new(&label_ops, sizeof(*l));

    if (l == NULL)
        return NULL;
    l->label = malloc(length + sizeof(": "));
    if (l->label == NULL) {
        free(l);
        return NULL;
    }
    memcpy(l->label, label, length);
    memcpy(l->label + length, ": ", sizeof(": "));
    l->screen = screen;
    l->number = ++screen->last;
    return &l->filter;
}
