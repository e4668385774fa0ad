/* Owns the form of JSON strings. */
#include "text/json.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "text/utf8.h"

enum { CHARACTER_SIZE = 8 }; /* of "\u0000" and a zero byte, and more than UTF8_MAX */

static size_t put_character(char out[CHARACTER_SIZE], const char *in, size_t length)
{
    uint32_t code = utf8_code(in, length);

    if (code == '"' || code == '\\') {
        out[0] = '\\';
        out[1] = (char)code;
        return 2;
    }
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return (size_t)snprintf(out, CHARACTER_SIZE, "\\u%04x", (unsigned)(code & 0xff));
    memcpy(out, in, length);
    return length;
}

size_t json_put_string(char *to, size_t size, const char *text, size_t n)
{
    size_t done = 0;

    to[done++] = '"';
    while (n > 0) {
        char out[CHARACTER_SIZE];
        size_t length;
        bool whole = utf8_next(text, n, &length) == UTF8_WHOLE;
        size_t produced = whole ? put_character(out, text, length) : utf8_put(out, 0xfffd);

        if (produced + 1 > size - done)
            break;
        memcpy(to + done, out, produced);
        done += produced;
        text += length;
        n -= length;
    }
    to[done++] = '"';
    return done;
}
