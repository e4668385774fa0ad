/* Owns the digits, and the layout of dumps. */
#include "text/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ROW = 16,       /* bytes a line */
    LINE_SIZE = 96, /* of the longest line: an offset of 16 digits, and 62 characters */
    HEX_WIDTH = 50,
};

static char *put_offset(char *at, uint64_t offset)
{
    return at + snprintf(at, 20, "%08" PRIx64, offset);
}

static void put_byte(char *to, char byte)
{
    static const char digits[] = "0123456789abcdef";

    to[0] = digits[(unsigned char)byte >> 4];
    to[1] = digits[(unsigned char)byte & 0xf];
}

void hex_put(char *to, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_byte(to + 2 * i, ((const char *)bytes)[i]);
    to[2 * n] = '\0';
}

/* Writes one line of at most ROW bytes. Returns its end. */
static char *put_line(char *at, uint64_t offset, const char *bytes, size_t n)
{
    at = put_offset(at, offset);
    memset(at, ' ', HEX_WIDTH + 2);
    at += 2;
    for (size_t i = 0; i < n; i++)
        put_byte(at + 3 * i + (i >= ROW / 2), bytes[i]);
    at += HEX_WIDTH;
    *at++ = '|';
    for (size_t i = 0; i < n; i++)
        *at++ = (unsigned char)bytes[i] >= 0x20 && (unsigned char)bytes[i] < 0x7f ? bytes[i] : '.';
    *at++ = '|';
    *at++ = '\n';
    return at;
}

int hex_add_lines(struct buf *b, uint64_t offset, const char *bytes, size_t n)
{
    for (size_t done = 0; done < n; done += ROW) {
        char *line = buf_reserve(b, LINE_SIZE);
        size_t some = n - done < ROW ? n - done : ROW;

        if (line == NULL)
            return -1;
        buf_added(b, (size_t)(put_line(line, offset + done, bytes + done, some) - line));
    }
    return 0;
}

int hex_add_end(struct buf *b, uint64_t offset)
{
    char line[LINE_SIZE];
    char *end = put_offset(line, offset);

    *end++ = '\n';
    return buf_add(b, line, (size_t)(end - line));
}
