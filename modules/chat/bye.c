/* Owns the beginning of the current line, as long as it could be a bye word. */
#include "chat/bye.h"

#include <string.h>

struct bye {
    struct filter filter;
    const struct bye_words *words;
    bool bare;     /* sender */
    bool messages; /* watcher */
    bool *said;
    size_t length; /* of the present line, without its newline */
    char line[BYE_WORDS_LINE_MAX];
};

/* Adds to the current line; bytes beyond the longest bye word are only counted. */
static void keep(struct bye *b, const char *in, size_t n)
{
    if (b->length < sizeof(b->line)) {
        size_t room = sizeof(b->line) - b->length;

        memcpy(b->line + b->length, in, n < room ? n : room);
    }
    b->length += n;
}

/* Ends the current line, and returns whether it was a bye. */
static bool line_was_bye(struct bye *b)
{
    bool result = b->length <= sizeof(b->line) && bye_words_match(b->words, b->line, b->length);

    b->length = 0;
    return result;
}

static enum filter_result sender_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                      struct error *err)
{
    struct bye *b = (struct bye *)f;

    while (n > 0) {
        const char *newline = memchr(in, '\n', n);
        size_t text = newline != NULL ? (size_t)(newline - in) : n;
        size_t taken = text + (newline != NULL);

        keep(b, in, text);
        if (filter_out(out, in, b->bare ? text : taken, err) != FILTER_OK)
            return FILTER_FAILED;
        if (newline != NULL && line_was_bye(b)) {
            *b->said = true;
            return FILTER_DONE;
        }
        in += taken;
        n -= taken;
    }
    return FILTER_OK;
}

static enum filter_result watcher_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                       struct error *err)
{
    struct bye *b = (struct bye *)f;
    const char *rest = in, *newline;
    size_t left = n;

    if (b->messages)
        *b->said |= bye_words_match(b->words, in, n);
    while ((newline = memchr(rest, '\n', left)) != NULL) {
        size_t text = (size_t)(newline - rest);

        keep(b, rest, text);
        *b->said |= line_was_bye(b);
        rest += text + 1;
        left -= text + 1;
    }
    keep(b, rest, left);
    return filter_out(out, in, n, err);
}

static enum filter_result watcher_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct bye *b = (struct bye *)f;

    (void)out;
    (void)err;
    *b->said |= line_was_bye(b);
    return FILTER_OK;
}

static const struct filter_ops sender_ops = {
    .feed = sender_feed,
};

static const struct filter_ops watcher_ops = {
    .feed = watcher_feed,
    .finish = watcher_finish,
};

static struct filter *bye_new(const struct filter_ops *ops, struct bye b)
{
    struct bye *new = filter_new(ops, sizeof(*new));

    if (new == NULL)
        return NULL;
    b.filter.ops = ops;
    *new = b;
    return &new->filter;
}

struct filter *bye_sender_new(const struct bye_words *words, bool bare, bool *said)
{
    return bye_new(&sender_ops, (struct bye){.words = words, .bare = bare, .said = said});
}

struct filter *bye_watcher_new(const struct bye_words *words, bool messages, bool *said)
{
    return bye_new(&watcher_ops, (struct bye){.words = words, .messages = messages, .said = said});
}
