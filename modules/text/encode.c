/* Owns a conversion from UTF-8. Whether a failure is one of reading or of writing
 * is seen by looking at the text with the rules of UTF-8. */
#include "text/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text/gconv.h"
#include "text/utf8.h"

struct encode {
    struct filter filter;
    struct gconv conversion; /* not used when is_utf8 */
    struct substitute rules;
    bool is_utf8;
    bool drops_tags; /* iconv leaves out U+E0000..U+E007F without a word */
    bool takes_any;  /* iconv takes what is above U+10FFFF */
    bool begun;      /* iconv has written something */
    uint64_t place;  /* of what is converted next */
    struct utf8_part part;
};

static enum filter_result no_memory(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "error converting text: out of memory");
    return FILTER_FAILED;
}

static bool is_tag(const char *in)
{
    return memcmp(in, "\xf3\xa0", 2) == 0 && (unsigned char)in[2] <= 0x81;
}

/* How many of the first bytes iconv can be trusted with. */
static size_t trusted(const struct encode *e, const char *in, size_t n)
{
    const char *at = in, *end = in + n;
    size_t first;

    /* iconv would write a byte order mark in front of nothing. */
    if (!e->begun && utf8_next(in, n, &first) != UTF8_WHOLE)
        return 0;
    if (e->takes_any)
        return utf8_valid(in, n);
    if (!e->drops_tags)
        return n;
    for (; at < end && (at = memchr(at, 0xf3, (size_t)(end - at))) != NULL; at++)
        if (end - at >= UTF8_MAX && is_tag(at))
            return (size_t)(at - in);
    return n;
}

/* Converts valid UTF-8 that stands for something; "?" where even that cannot be
 * written, and nothing where that cannot. */
static enum filter_result put_text(struct encode *e, const char *text, size_t length,
                                   struct buf *out, struct error *err)
{
    static const char question[] = "?";
    const char *last = question;
    size_t last_length = 1;
    int result;

    if (e->is_utf8)
        return filter_out(out, text, length, err);
    e->begun = e->begun || length > 0;
    result = gconv_convert(&e->conversion, &text, &length, out);
    if (result == EILSEQ)
        result = gconv_convert(&e->conversion, &last, &last_length, out);
    return result == ENOMEM ? no_memory(err) : FILTER_OK;
}

/* Puts what stands for a character that cannot be written, or for bytes that are
 * none. */
static enum filter_result put_failed(struct encode *e, enum utf8_kind kind, const char *in,
                                     size_t n, struct buf *out, struct error *err)
{
    char text[SUBSTITUTE_TEXT];
    size_t length;
    enum filter_result r;

    if (kind == UTF8_WHOLE)
        r = substitute_code(&e->rules, utf8_code(in, n), e->place, text, &length, err);
    else
        r = substitute_bytes(&e->rules, in, n, e->place, kind == UTF8_PART, text, &length, err);
    e->place += e->rules.in_characters ? 1 : n;
    if (r == FILTER_OK)
        return put_text(e, text, length, out, err);
    /* So that what was written up to here is complete. */
    if (!e->is_utf8)
        gconv_end(&e->conversion, out);
    return r;
}

/* Converts in[0 .. *n) as far as it goes without a failure; *n becomes how much
 * that was. Returns 0 or ENOMEM. */
static int put_valid(struct encode *e, const char *in, size_t *n, struct buf *out)
{
    const char *at = in;
    size_t left = *n;
    int result;

    if (e->is_utf8) {
        *n = utf8_valid(in, *n);
        result = buf_add(out, in, *n) < 0 ? ENOMEM : 0;
    } else {
        result = gconv_convert(&e->conversion, &at, &left, out);
        *n -= left;
        e->begun = e->begun || *n > 0;
    }
    e->place += e->rules.in_characters ? utf8_count(in, *n) : *n;
    return result == ENOMEM ? ENOMEM : 0;
}

/* Converts in[0 .. n). *used is less than n where a character is cut off. */
static enum filter_result convert(struct encode *e, const char *in, size_t n, size_t *used,
                                  struct buf *out, struct error *err)
{
    size_t i = 0, limit = 0, length;
    enum filter_result r = FILTER_OK;

    while (i < n && r == FILTER_OK) {
        enum utf8_kind kind;

        if (i >= limit)
            limit = i + trusted(e, in + i, n - i);
        length = limit - i;
        if (length > 0 && put_valid(e, in + i, &length, out) != 0)
            return no_memory(err);
        i += length;
        if (i == n)
            break;
        kind = utf8_next(in + i, n - i, &length);
        if (kind == UTF8_PART)
            break;
        r = put_failed(e, kind, in + i, length, out, err);
        i += length;
    }
    *used = i;
    return r;
}

static enum filter_result convert_part(struct encode *e, const char **in, size_t *n,
                                       struct buf *out, struct error *err)
{
    size_t taken, length, used;
    enum utf8_kind kind = utf8_join(&e->part, *in, *n, &taken);

    *in += taken;
    *n -= taken;
    if (kind == UTF8_PART)
        return FILTER_OK;
    length = e->part.length;
    e->part.length = 0;
    if (kind == UTF8_BAD)
        return put_failed(e, kind, e->part.bytes, length, out, err);
    return convert(e, e->part.bytes, length, &used, out, err);
}

static enum filter_result encode_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                      struct error *err)
{
    struct encode *e = (struct encode *)f;
    size_t used;

    if (e->part.length > 0 && convert_part(e, &in, &n, out, err) != FILTER_OK)
        return FILTER_FAILED;
    if (n == 0)
        return FILTER_OK;
    if (convert(e, in, n, &used, out, err) != FILTER_OK)
        return FILTER_FAILED;
    utf8_keep(&e->part, in + used, n - used);
    return FILTER_OK;
}

static enum filter_result encode_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct encode *e = (struct encode *)f;
    size_t length = e->part.length;

    e->part.length = 0;
    if (length > 0 && put_failed(e, UTF8_PART, e->part.bytes, length, out, err) != FILTER_OK)
        return FILTER_FAILED;
    if (e->is_utf8)
        return FILTER_OK;
    return gconv_end(&e->conversion, out) == 0 ? FILTER_OK : no_memory(err);
}

static void encode_clear(struct filter *f)
{
    struct encode *e = (struct encode *)f;

    if (!e->is_utf8)
        gconv_close(&e->conversion);
}

static const struct filter_ops encode_ops = {
    .feed = encode_feed,
    .finish = encode_finish,
    .clear = encode_clear,
};

/* Converts a short text with a descriptor of its own; returns how many bytes come
 * out, or -1 when it cannot be converted. */
static int try_text(const char *encoding, const char *text)
{
    iconv_t cd = iconv_open(encoding, "UTF-8");
    char out[64], *in = (char *)text, *to = out;
    size_t n = strlen(text), room = sizeof(out);
    bool converted;

    if (cd == (iconv_t)-1)
        return -1;
    converted = iconv(cd, &in, &n, &to, &room) == 0;
    iconv_close(cd);
    return converted ? (int)(to - out) : -1;
}

bool encode_can(const char *encoding, const char *text)
{
    return gconv_is_utf8(encoding) || try_text(encoding, text) >= 0;
}

struct filter *encode_new(const struct substitute *rules)
{
    struct encode *e = filter_new(&encode_ops, sizeof(*e));

    if (e == NULL)
        return NULL;
    e->is_utf8 = gconv_is_utf8(rules->writes);
    if (!e->is_utf8 && gconv_open(&e->conversion, rules->writes, "UTF-8") < 0) {
        free(e);
        return NULL;
    }
    e->rules = *rules;
    /* Compared by length, as a byte order mark comes with anything. */
    e->drops_tags = try_text(rules->writes, "a\xf3\xa0\x81\x81") == try_text(rules->writes, "a");
    e->takes_any = !e->is_utf8 && try_text(rules->writes, "\xf4\x90\x80\x80") >= 0;
    return &e->filter;
}
