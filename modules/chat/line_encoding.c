/* Owns the encoding of lines. Ignores their contents. */
#include "chat/line_encoding.h"

#include <string.h>

#include "text/gconv.h"

static struct filter *new_encoder(const struct line_encoding *w, struct transcode_count *count,
                                  struct error *err)
{
    return transcode_new("UTF-8", w->encoding, TRANSCODE_OUTWARD, w->options.outgoing, count, err);
}

static const char *eol_of(const struct line_encoding *w)
{
    return w->options.crlf ? "\r\n" : "\n";
}

/* Appends text and its line ending, by a separate conversion. */
static int encode(const struct line_encoding *w, const char *text, size_t n,
                  struct transcode_count *count, struct buf *out, struct error *err)
{
    struct filter *f = new_encoder(w, count, err);
    const char *eol = eol_of(w);
    int result = -1;

    if (f == NULL)
        return -1;
    if (filter_feed(f, text, n, out, err) != FILTER_FAILED &&
        filter_feed(f, eol, strlen(eol), out, err) != FILTER_FAILED &&
        filter_finish(f, out, err) != FILTER_FAILED)
        result = 0;
    filter_free(f);
    return result;
}

/* Finds the preamble: two lines exceed one by as much as one exceeds the preamble. */
static int find_preamble(struct line_encoding *w, struct error *err)
{
    struct buf one = {0}, two = {0};
    const char *eol = eol_of(w);
    size_t length;
    int result = -1;

    if (encode(w, "", 0, NULL, &one, err) < 0 || encode(w, eol, strlen(eol), NULL, &two, err) < 0)
        goto done;
    length = 2 * buf_length(&one) - buf_length(&two);
    if (length > sizeof(w->preamble)) {
        error_set(err, EXITCODE_USAGE, "invalid encoding \"%s\": it cannot carry lines",
                  w->encoding);
        goto done;
    }
    if (length > 0)
        memcpy(w->preamble, buf_head(&one), length);
    w->preamble_length = length;
    result = 0;

done:
    buf_free(&one);
    buf_free(&two);
    return result;
}

int line_encoding_init(struct line_encoding *w, const struct line_encoding_options *options,
                       struct error *err)
{
    *w = (struct line_encoding){.options = *options, .is_utf8 = true};
    w->options.encoding = NULL;
    if (options->encoding == NULL)
        return 0;
    if (transcode_check(options->encoding, err) < 0)
        return -1;
    /* A name that passed the check fits. */
    memcpy(w->encoding, options->encoding, strlen(options->encoding) + 1);
    w->is_utf8 = gconv_is_utf8(w->encoding);
    if (w->is_utf8)
        return 0;
    w->keeper = new_encoder(w, NULL, err);
    if (w->keeper == NULL || find_preamble(w, err) < 0) {
        line_encoding_clear(w);
        return -1;
    }
    return 0;
}

void line_encoding_clear(struct line_encoding *w)
{
    filter_free(w->keeper);
    w->keeper = NULL;
}

static int put_utf8(const struct line_encoding *w, const char *line, size_t n, struct buf *out,
                    struct error *err)
{
    char *room = buf_reserve(out, n + 1);

    if (room == NULL) {
        error_set(err, EXITCODE_FAILED, "cannot add a line: out of memory");
        return -1;
    }
    memcpy(room, line, n - 1);
    if (w->options.crlf)
        room[n++ - 1] = '\r';
    room[n - 1] = '\n';
    buf_added(out, n);
    return 0;
}

int line_encoding_put(const struct line_encoding *w, const char *line, size_t n, struct buf *out,
                      struct error *err)
{
    struct buf bytes = {0};
    size_t skipped = w->preamble_length;
    int result = -1;

    if (w->is_utf8)
        return put_utf8(w, line, n, out, err);
    if (encode(w, line, n - 1, w->options.outgoing_count, &bytes, err) == 0 &&
        filter_out(out, buf_head(&bytes) + skipped, buf_length(&bytes) - skipped, err) == FILTER_OK)
        result = 0;
    buf_free(&bytes);
    return result;
}

bool line_encoding_is_plain(const struct line_encoding *w)
{
    return w->encoding[0] == '\0';
}

struct filter *line_encoding_decoder(const struct line_encoding *w, struct error *err)
{
    return transcode_new(w->encoding, "UTF-8", TRANSCODE_INWARD, w->options.incoming,
                         w->options.incoming_count, err);
}
