/* Owns the decision what a terminal may be shown. */
#include "text/printable.h"

#include <stdint.h>
#include <stdio.h>

#include "text/utf8.h"

#define BLOCK 16

struct printable {
    struct filter filter;
    struct utf8_part part;
    bool cr; /* the last byte was one, and the next decides what it is */
};

static bool is_plain(unsigned char c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n';
}

/* How many of the first bytes are ASCII that may be shown. Whole blocks are
 * looked at without a branch, so that the compiler can do it in one register. */
static size_t plain_run(const char *in, size_t n)
{
    const unsigned char *s = (const unsigned char *)in;
    size_t i;

    for (i = 0; n - i >= BLOCK; i += BLOCK) {
        unsigned char other = 0;

        for (size_t k = 0; k < BLOCK; k++) {
            unsigned char c = s[i + k];

            other |= (unsigned char)((c < 0x20) & (c != '\t') & (c != '\n')) |
                     (unsigned char)(c >= 0x7f);
        }
        if (other != 0)
            break;
    }
    while (i < n && is_plain(s[i]))
        i++;
    return i;
}

/* Controls of direction, and separators that some terminals show as new lines. */
static bool is_layout_control(uint32_t code)
{
    return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool may_be_shown(const char *in, size_t length)
{
    uint32_t code = utf8_code(in, length);

    if (code < 0x80)
        return is_plain((unsigned char)code);
    return code >= 0xa0 && !is_layout_control(code);
}

/* How many of the first bytes are whole characters that may be shown. */
static size_t shown_run(const char *in, size_t n)
{
    size_t i = 0, length;

    while (i < n) {
        if (is_plain((unsigned char)in[i])) {
            i += plain_run(in + i, n - i);
            continue;
        }
        length = utf8_cjk(in + i, n - i);
        if (length > 0) {
            i += length;
            continue;
        }
        if (utf8_next(in + i, n - i, &length) != UTF8_WHOLE || !may_be_shown(in + i, length))
            break;
        i += length;
    }
    return i;
}

static enum filter_result show_bytes(const char *in, size_t n, struct buf *out, struct error *err)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)in[i];
        char text[] = {'\\', 'x', digits[c >> 4], digits[c & 15]};

        if (filter_out(out, text, sizeof(text), err) != FILTER_OK)
            return FILTER_FAILED;
    }
    return FILTER_OK;
}

/* Appends one character, or one invalid sequence, in the form that is safe. */
static enum filter_result show(enum utf8_kind kind, const char *in, size_t length, struct buf *out,
                               struct error *err)
{
    char text[16];
    int n;

    if (kind != UTF8_WHOLE)
        return show_bytes(in, length, out, err);
    if (may_be_shown(in, length))
        return filter_out(out, in, length, err);
    if (!is_layout_control(utf8_code(in, length)))
        return show_bytes(in, length, out, err);
    n = snprintf(text, sizeof(text), "\\u{%X}", (unsigned)utf8_code(in, length));
    return filter_out(out, text, (size_t)n, err);
}

/* Completes the character that the last feed ended within. */
static enum filter_result feed_part(struct printable *p, const char **in, size_t *n,
                                    struct buf *out, struct error *err)
{
    enum filter_result r = FILTER_OK;
    size_t taken;
    enum utf8_kind kind = utf8_join(&p->part, *in, *n, &taken);

    *in += taken;
    *n -= taken;
    if (kind == UTF8_PART)
        return FILTER_OK;
    r = show(kind, p->part.bytes, p->part.length, out, err);
    p->part.length = 0;
    return r;
}

/* Shows a CR that was kept, unless it belongs to a line ending. */
static enum filter_result end_cr(struct printable *p, bool is_ending, struct buf *out,
                                 struct error *err)
{
    bool shows = p->cr && !is_ending;

    p->cr = false;
    return shows ? show_bytes("\r", 1, out, err) : FILTER_OK;
}

static enum filter_result printable_feed(struct filter *f, const char *in, size_t n,
                                         struct buf *out, struct error *err)
{
    struct printable *p = (struct printable *)f;
    enum filter_result r = FILTER_OK;

    if (p->part.length > 0)
        r = feed_part(p, &in, &n, out, err);
    while (n > 0 && r == FILTER_OK) {
        size_t length = shown_run(in, n);
        enum utf8_kind kind;

        r = end_cr(p, *in == '\n', out, err);
        if (r == FILTER_OK)
            r = filter_out(out, in, length, err);
        in += length;
        n -= length;
        if (n == 0 || r != FILTER_OK)
            break;
        kind = utf8_next(in, n, &length);
        if (*in == '\r')
            p->cr = true;
        else if (kind == UTF8_PART)
            utf8_keep(&p->part, in, length);
        else
            r = show(kind, in, length, out, err);
        in += length;
        n -= length;
    }
    return r;
}

static enum filter_result printable_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct printable *p = (struct printable *)f;
    size_t length = p->part.length;

    p->part.length = 0;
    return end_cr(p, false, out, err) == FILTER_OK ? show_bytes(p->part.bytes, length, out, err)
                                                   : FILTER_FAILED;
}

static const struct filter_ops printable_ops = {
    .feed = printable_feed,
    .finish = printable_finish,
};

struct filter *printable_new(void)
{
    return filter_new(&printable_ops, sizeof(struct printable));
}

int printable_add(struct buf *out, const char *text, size_t n)
{
    struct printable p = {.part = {.length = 0}};

    return printable_feed(&p.filter, text, n, out, NULL) == FILTER_OK &&
                   printable_finish(&p.filter, out, NULL) == FILTER_OK
               ? 0
               : -1;
}
