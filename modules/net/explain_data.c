/* Owns the choice between text and numbers. */
#include "net/explain_data.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "net/explain_words.h"
#include "text/printable.h"
#include "text/transcode.h"
#include "text/utf8.h"

enum { SHOWN_MAX = 32 }; /* bytes */

static size_t gather(char to[SHOWN_MAX], const struct iovec *pieces, int count, size_t size)
{
    size_t n = 0;

    for (; count > 0 && n < SHOWN_MAX && n < size; pieces++, count--) {
        size_t most = size < SHOWN_MAX ? size - n : SHOWN_MAX - n;
        size_t length = pieces->iov_len < most ? pieces->iov_len : most;

        memcpy(to + n, pieces->iov_base, length);
        n += length;
    }
    return n;
}

/* Decodes whole characters; half of one at the end is left out. Returns false for bytes that
 * the encoding does not have. */
static bool decode(struct buf *text, const char *bytes, size_t n, const char *encoding)
{
    struct filter *f =
        transcode_new(encoding, "UTF-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL, NULL);
    bool whole = f != NULL && filter_feed(f, bytes, n, text, NULL) == FILTER_OK;

    if (f != NULL)
        filter_free(f);
    return whole;
}

/* Writes text with its line endings as in C. Returns false for text with other controls. */
static bool quote(struct buf *out, const char *text, size_t n)
{
    static const char plain[] = "\t\n\r\"\\", named[] = "tnr\"\\";

    for (size_t i = 0; i < n; i++) {
        const char *at = text[i] != '\0' ? strchr(plain, text[i]) : NULL;
        char pair[] = {'\\', at != NULL ? named[at - plain] : '0'};

        if (at == NULL && ((unsigned char)text[i] < 0x20 || text[i] == 0x7f))
            return false;
        if (at != NULL)
            buf_add(out, pair, 2);
        else
            buf_add(out, &text[i], 1);
    }
    return true;
}

static void number(char *to, const char *bytes, size_t n)
{
    *to = '\0';
    for (size_t i = 0; i < n; i++)
        to += sprintf(to, "%s%02x", i > 0 ? " " : "", (unsigned char)bytes[i]);
}

static void name_encoding(char *to, size_t size, const char *name)
{
    size_t i;

    for (i = 0; name[i] != '\0' && i + 1 < size; i++)
        to[i] = (char)toupper((unsigned char)name[i]);
    to[i] = '\0';
}

void explain_data_add(struct buf *out, const struct iovec *pieces, int count, size_t size,
                      const char *encoding)
{
    char bytes[SHOWN_MAX], numbers[SHOWN_MAX * 3 + 1], name[TRANSCODE_NAME_MAX];
    size_t n = gather(bytes, pieces, count, size), more = size - n;
    struct buf text = {0}, quoted = {0}, safe = {0};
    bool is_text = decode(&text, bytes, n, encoding) && buf_length(&text) > 0 &&
                   quote(&quoted, buf_head(&text), buf_length(&text)) &&
                   printable_add(&safe, buf_head(&quoted), buf_length(&quoted)) == 0;
    bool ascii = is_text && utf8_ascii(bytes, n) == n && buf_length(&text) == n &&
                 memcmp(buf_head(&text), bytes, n) == 0;
    const char *shown = is_text ? buf_head(&safe) : "";
    int length = (int)buf_length(&safe);

    number(numbers, bytes, n);
    name_encoding(name, sizeof(name), encoding);
    if (ascii && more == 0)
        buf_format(out, EXPLAIN_ASCII, length, shown);
    else if (ascii)
        buf_format(out, more == 1 ? EXPLAIN_ASCII_AND_1 : EXPLAIN_ASCII_AND_N, length, shown, more);
    else if (is_text && more == 0)
        buf_format(out, EXPLAIN_TEXT, length, shown, numbers, name);
    else if (is_text)
        buf_format(out, more == 1 ? EXPLAIN_TEXT_AND_1 : EXPLAIN_TEXT_AND_N, length, shown, numbers,
                   name, more);
    else if (more == 0)
        buf_format(out, EXPLAIN_BYTES, numbers);
    else
        buf_format(out, more == 1 ? EXPLAIN_BYTES_AND_1 : EXPLAIN_BYTES_AND_N, numbers, more);
    buf_free(&text);
    buf_free(&quoted);
    buf_free(&safe);
}
