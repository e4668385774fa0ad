/* Owns a conversion to UTF-8. All that can fail in it is reading. */
#include "text/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text/gconv.h"
#include "text/utf8.h"

#define UCS4_UNIT ((size_t)4)

struct decode {
    struct filter filter;
    struct gconv conversion;
    struct substitute rules;
    size_t unit;     /* how many bytes an invalid sequence is, at most */
    bool holds_back; /* a letter may still be in the descriptor when an error is found */
    uint64_t offset; /* of the byte that is converted next */
    char kept[SUBSTITUTE_BYTES]; /* the beginning of a sequence */
    size_t kept_length;
};

static enum filter_result no_memory(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "error converting text: out of memory");
    return FILTER_FAILED;
}

static bool is_valid_from(const struct buf *b, size_t i)
{
    size_t n = buf_length(b) - i;

    return n == 0 || utf8_valid(buf_head(b) + i, n) == n;
}

/* Puts what stands for n invalid bytes. */
static enum filter_result put_invalid(struct decode *d, const char *in, size_t n, bool ended,
                                      struct buf *out, struct error *err)
{
    char text[SUBSTITUTE_TEXT];
    size_t length;

    if (d->holds_back && gconv_end(&d->conversion, out) != 0)
        return no_memory(err);
    if (substitute_bytes(&d->rules, in, n, d->offset, ended, text, &length, err) != FILTER_OK)
        return FILTER_FAILED;
    d->offset += n;
    return filter_out(out, text, length, err);
}

/* As gconv_convert(), but what iconv takes from UCS-4 above U+10FFFF cannot be
 * read: UTF-8 has no such characters. So each is looked at by itself there. */
static int convert_valid(struct decode *d, const char **in, size_t *n, struct buf *out)
{
    int result = 0;

    if (d->unit != UCS4_UNIT)
        return gconv_convert(&d->conversion, in, n, out);
    while (*n > 0 && result == 0) {
        const char *at = *in;
        size_t piece = *n < UCS4_UNIT ? *n : UCS4_UNIT, left = piece, before = buf_length(out);

        result = gconv_convert(&d->conversion, &at, &left, out);
        if (result == 0 && !is_valid_from(out, before)) {
            out->end = out->start + before;
            return EILSEQ;
        }
        *in = at;
        *n -= piece - left;
    }
    return result;
}

/* Converts in[0 .. n). *used is less than n where a sequence is cut off. */
static enum filter_result convert(struct decode *d, const char *in, size_t n, size_t *used,
                                  struct buf *out, struct error *err)
{
    const char *at = in;
    size_t left = n;
    enum filter_result r = FILTER_OK;

    while (left > 0 && r == FILTER_OK) {
        size_t before = left, bad;
        int result = convert_valid(d, &at, &left, out);

        d->offset += before - left;
        if (result == ENOMEM)
            return no_memory(err);
        if (result == 0 || (result == EINVAL && left < SUBSTITUTE_BYTES))
            break;
        bad = left < d->unit ? left : d->unit;
        r = put_invalid(d, at, bad, false, out, err);
        at += bad;
        left -= bad;
    }
    *used = n - left;
    return r;
}

/* Goes on with the sequence that was kept, with as much of the new bytes as it
 * needs to be past it. */
static enum filter_result convert_kept(struct decode *d, const char **in, size_t *n,
                                       struct buf *out, struct error *err)
{
    enum filter_result r = FILTER_OK;

    while (d->kept_length > 0 && *n > 0 && r == FILTER_OK) {
        size_t room = sizeof(d->kept) - d->kept_length, taken = *n < room ? *n : room, used = 0;

        memcpy(d->kept + d->kept_length, *in, taken);
        r = convert(d, d->kept, d->kept_length + taken, &used, out, err);
        if (r != FILTER_OK)
            break;
        if (used < d->kept_length) {
            d->kept_length += taken - used;
            memmove(d->kept, d->kept + used, d->kept_length);
        } else {
            taken = used - d->kept_length;
            d->kept_length = 0;
        }
        *in += taken;
        *n -= taken;
    }
    return r;
}

static enum filter_result decode_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                      struct error *err)
{
    struct decode *d = (struct decode *)f;
    size_t used;

    if (convert_kept(d, &in, &n, out, err) != FILTER_OK)
        return FILTER_FAILED;
    if (n == 0)
        return FILTER_OK;
    if (convert(d, in, n, &used, out, err) != FILTER_OK)
        return FILTER_FAILED;
    memcpy(d->kept, in + used, n - used);
    d->kept_length = n - used;
    return FILTER_OK;
}

static enum filter_result decode_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct decode *d = (struct decode *)f;
    size_t length = d->kept_length;

    d->kept_length = 0;
    if (length > 0 && put_invalid(d, d->kept, length, true, out, err) != FILTER_OK)
        return FILTER_FAILED;
    return gconv_end(&d->conversion, out) == 0 ? FILTER_OK : no_memory(err);
}

static void decode_clear(struct filter *f)
{
    struct decode *d = (struct decode *)f;

    gconv_close(&d->conversion);
}

static const struct filter_ops decode_ops = {
    .feed = decode_feed,
    .finish = decode_finish,
    .clear = decode_clear,
};

struct filter *decode_new(const struct substitute *rules)
{
    struct decode *d = filter_new(&decode_ops, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->unit = gconv_unit(rules->reads);
    if (d->unit == 0 || gconv_open(&d->conversion, "UTF-8", rules->reads) < 0) {
        free(d);
        return NULL;
    }
    d->rules = *rules;
    d->holds_back = gconv_holds_back(rules->reads);
    return &d->filter;
}
