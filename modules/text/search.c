/* Owns how much of the text has been found (Knuth, Morris and Pratt, 1977). */
#include "text/search.h"

#include <stdlib.h>
#include <string.h>

struct search {
    struct filter filter;
    const char *text;
    size_t length;
    size_t *shorter; /* of each beginning: the longest shorter beginning that it ends with */
    size_t found;    /* how long a beginning of text the input ends with */
};

/* Returns how much of the text is found when c follows what was found. */
static size_t step(const struct search *s, size_t found, char c)
{
    while (found > 0 && s->text[found] != c)
        found = s->shorter[found];
    return found + (s->text[found] == c);
}

static enum filter_result search_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                      struct error *err)
{
    struct search *s = (struct search *)f;

    (void)out;
    (void)err;
    for (size_t i = 0; i < n && s->found < s->length; i++)
        s->found = step(s, s->found, in[i]);
    return s->found == s->length ? FILTER_DONE : FILTER_OK;
}

static void search_clear(struct filter *f)
{
    free(((struct search *)f)->shorter);
}

static const struct filter_ops search_ops = {
    .feed = search_feed,
    .clear = search_clear,
};

struct filter *search_new(const char *text)
{
    struct search *s = filter_new(&search_ops, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->text = text;
    s->length = strlen(text);
    s->shorter = calloc(s->length + 1, sizeof(*s->shorter));
    if (s->shorter == NULL) {
        filter_free(&s->filter);
        return NULL;
    }
    for (size_t i = 1; i < s->length; i++)
        s->shorter[i + 1] = step(s, s->shorter[i], text[i]);
    return &s->filter;
}
