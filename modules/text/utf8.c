/* Owns the rules of UTF-8. Knows nothing of what is done with the characters. */
#include "text/utf8.h"

#include <string.h>

/* How long a character with this first byte (not ASCII) is, 0 when there is
 * none, and between which values its second byte lies. */
static size_t lead(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    if (first < 0xe0)
        return 2;
    switch (first) {
    case 0xe0:
        *low = 0xa0;
        break;
    case 0xed:
        *high = 0x9f;
        break;
    case 0xf0:
        *low = 0x90;
        break;
    case 0xf4:
        *high = 0x8f;
        break;
    default:
        break;
    }
    return first < 0xf0 ? 3 : 4;
}

enum utf8_kind utf8_next(const char *in, size_t n, size_t *length)
{
    const unsigned char *s = (const unsigned char *)in;
    unsigned char low, high;
    size_t whole, i;

    *length = 1;
    if (s[0] < 0x80)
        return UTF8_WHOLE;
    whole = lead(s[0], &low, &high);
    if (whole == 0)
        return UTF8_BAD;
    for (i = 1; i < whole && i < n; i++) {
        if (s[i] < low || s[i] > high) {
            *length = i;
            return UTF8_BAD;
        }
        low = 0x80;
        high = 0xbf;
    }
    *length = i;
    return i == whole ? UTF8_WHOLE : UTF8_PART;
}

uint32_t utf8_code(const char *in, size_t length)
{
    static const unsigned char lead_bits[UTF8_MAX + 1] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)in[0] & lead_bits[length];

    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)in[i] & 0x3f);
    return code;
}

size_t utf8_put(char out[UTF8_MAX], uint32_t code)
{
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead_mark[UTF8_MAX + 1] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(lead_mark[length] | code);
    return length;
}

size_t utf8_ascii(const char *in, size_t n)
{
    const uint64_t high_bits = 0x8080808080808080;
    uint64_t word[2];
    size_t i;

    for (i = 0; n - i >= sizeof(word); i += sizeof(word)) {
        memcpy(word, in + i, sizeof(word));
        if (((word[0] | word[1]) & high_bits) != 0)
            break;
    }
    while (i < n && (unsigned char)in[i] < 0x80)
        i++;
    return i;
}

size_t utf8_cjk(const char *in, size_t n)
{
    const unsigned char *s = (const unsigned char *)in;
    size_t i;

    for (i = 0; n - i >= 3; i += 3)
        if (s[i] < 0xe3 || s[i] > 0xe9 || (s[i + 1] & 0xc0) != 0x80 || (s[i + 2] & 0xc0) != 0x80)
            break;
    return i;
}

size_t utf8_valid(const char *in, size_t n)
{
    size_t i = 0, length;

    while (i < n) {
        if ((unsigned char)in[i] < 0x80)
            i += utf8_ascii(in + i, n - i);
        else if ((length = utf8_cjk(in + i, n - i)) > 0)
            i += length;
        else if (utf8_next(in + i, n - i, &length) == UTF8_WHOLE)
            i += length;
        else
            break;
    }
    return i;
}

size_t utf8_count(const char *in, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)in[i] & 0xc0) != 0x80;
    return count;
}

void utf8_keep(struct utf8_part *part, const char *in, size_t n)
{
    memcpy(part->bytes, in, n);
    part->length = n;
}

enum utf8_kind utf8_join(struct utf8_part *part, const char *in, size_t n, size_t *taken)
{
    enum utf8_kind kind = UTF8_PART;
    size_t length;

    for (*taken = 0; *taken < n && kind == UTF8_PART; ++*taken) {
        part->bytes[part->length] = in[*taken];
        kind = utf8_next(part->bytes, part->length + 1, &length);
        if (kind == UTF8_BAD)
            break;
        part->length++;
    }
    return kind;
}
