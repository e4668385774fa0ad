/* Owns the upper-case mapping; libunistring has the tables. */
#include "text/upcase.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>

#include "text/utf8.h"

#define BLOCK 32

/* How many bytes are converted into room that was reserved at once, and how much
 * longer a character becomes at most (U+0390: two bytes become six). */
#define PIECE 4096
#define GROWTH 3

struct upcase {
    struct filter filter;
    struct utf8_part part;
};

static char *put(char *to, const char *in, size_t n)
{
    memcpy(to, in, n);
    return to + n;
}

static char upcase_byte(char c)
{
    return (char)(c ^ ((unsigned char)(c - 'a') < 26 ? 0x20 : 0));
}

/* Writes the upper case of the ASCII that in[0 .. n) begins with, and returns
 * how much that was. Blocks of one size, so that the compiler can do each in
 * registers. */
static size_t upcase_ascii(char *to, const char *in, size_t n)
{
    size_t i, length = utf8_ascii(in, n);

    for (i = 0; length - i >= BLOCK; i += BLOCK) {
        char block[BLOCK];

        memcpy(block, in + i, BLOCK);
        for (size_t k = 0; k < BLOCK; k++)
            block[k] = upcase_byte(block[k]);
        memcpy(to + i, block, BLOCK);
    }
    for (; i < length; i++)
        to[i] = upcase_byte(in[i]);
    return length;
}

/* True for first bytes below which no character has an upper case: nothing in
 * U+0800..U+0FFF, U+3000..U+9FFF, U+B000..U+EFFF, nor from U+1F000 on. The unit
 * test compares every code point with the library. */
static bool is_caseless(const char *in)
{
    unsigned char c = (unsigned char)in[0];

    return c == 0xe0 || (c >= 0xe3 && c <= 0xe9) || (c >= 0xeb && c <= 0xee) ||
           (c == 0xf0 && (unsigned char)in[1] >= 0x9f) || c > 0xf0;
}

/* True where the upper case may be more than one character (SpecialCasing.txt). */
static bool is_special(uint32_t code)
{
    switch (code) {
    case 0x00df:
    case 0x0149:
    case 0x01f0:
    case 0x0390:
    case 0x03b0:
    case 0x0587:
        return true;
    default:
        return (code >= 0x1e96 && code <= 0x1e9a) || (code >= 0x1f50 && code <= 0x1fff) ||
               (code >= 0xfb00 && code <= 0xfb17);
    }
}

/* Writes the upper case of one character that is not ASCII; NULL without memory. */
static char *upcase_character(char *to, const char *in, size_t length)
{
    uint32_t code;

    if (is_caseless(in))
        return put(to, in, length);
    code = utf8_code(in, length);
    if (is_special(code)) {
        size_t room = GROWTH * UTF8_MAX;
        uint8_t *at = (uint8_t *)to;
        uint8_t *text = u8_toupper((const uint8_t *)in, length, NULL, NULL, at, &room);

        if (text != NULL && text != at) {
            memcpy(to, text, room);
            free(text);
        }
        return text == NULL ? NULL : to + room;
    }
    return to + utf8_put(to, uc_toupper(code));
}

/* Writes the upper case of what in[0 .. n) begins with, and returns where that
 * ends, or NULL without memory. *used becomes how much it was: up to n, or to a
 * character that the end cuts off. */
static char *upcase_piece(char *to, const char *in, size_t n, size_t *used)
{
    size_t i = 0, length;

    while (i < n && to != NULL) {
        if ((unsigned char)in[i] < 0x80) {
            length = upcase_ascii(to, in + i, n - i);
            to += length;
        } else if ((length = utf8_cjk(in + i, n - i)) > 0) {
            to = put(to, in + i, length);
        } else {
            enum utf8_kind kind = utf8_next(in + i, n - i, &length);

            if (kind == UTF8_PART)
                break;
            to =
                kind == UTF8_WHOLE ? upcase_character(to, in + i, length) : put(to, in + i, length);
        }
        i += length;
    }
    *used = i;
    return to;
}

/* Converts up to PIECE bytes. *used is less than n there only where a character
 * is cut off. */
static enum filter_result upcase_some(const char *in, size_t n, size_t *used, struct buf *out,
                                      struct error *err)
{
    /* Room for one more, as the library is told that it has that much. */
    char *room = buf_reserve(out, GROWTH * (n + UTF8_MAX));
    char *end = room == NULL ? NULL : upcase_piece(room, in, n, used);

    if (end == NULL) {
        error_set(err, EXITCODE_FAILED, "error converting to upper case: out of memory");
        return FILTER_FAILED;
    }
    buf_added(out, (size_t)(end - room));
    return FILTER_OK;
}

static enum filter_result feed_part(struct upcase *u, const char **in, size_t *n, struct buf *out,
                                    struct error *err)
{
    size_t taken, length;
    enum utf8_kind kind = utf8_join(&u->part, *in, *n, &taken);

    *in += taken;
    *n -= taken;
    if (kind == UTF8_PART)
        return FILTER_OK;
    length = u->part.length;
    u->part.length = 0;
    if (kind == UTF8_BAD)
        return filter_out(out, u->part.bytes, length, err);
    return upcase_some(u->part.bytes, length, &length, out, err);
}

static enum filter_result upcase_feed(struct filter *f, const char *in, size_t n, struct buf *out,
                                      struct error *err)
{
    struct upcase *u = (struct upcase *)f;
    enum filter_result r = FILTER_OK;

    if (u->part.length > 0)
        r = feed_part(u, &in, &n, out, err);
    while (n > 0 && r == FILTER_OK) {
        size_t piece = n < PIECE ? n : PIECE, used = 0;

        r = upcase_some(in, piece, &used, out, err);
        in += used;
        n -= used;
        if (used < piece && piece == n + used) {
            utf8_keep(&u->part, in, n);
            break;
        }
    }
    return r;
}

static enum filter_result upcase_finish(struct filter *f, struct buf *out, struct error *err)
{
    struct upcase *u = (struct upcase *)f;
    size_t length = u->part.length;

    u->part.length = 0;
    return filter_out(out, u->part.bytes, length, err);
}

static const struct filter_ops upcase_ops = {
    .feed = upcase_feed,
    .finish = upcase_finish,
};

struct filter *upcase_new(void)
{
    return filter_new(&upcase_ops, sizeof(struct upcase));
}
