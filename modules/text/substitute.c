/* Owns the error policies. Converts nothing. */
#include "text/substitute.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void count(const struct substitute *s)
{
    if (s->count != NULL)
        s->count->errors++;
}

/* Writes "PREFIXNN" for every byte, with a separator between two. */
static size_t write_bytes(char *to, size_t room, const char *bytes, size_t n, const char *prefix,
                          const char *separator)
{
    size_t length = 0;

    for (size_t i = 0; i < n && length < room; i++)
        length += (size_t)snprintf(to + length, room - length, "%s%s%02x", i == 0 ? "" : separator,
                                   prefix, (unsigned char)bytes[i]);
    return length;
}

static void write_place(const struct substitute *s, uint64_t place, char to[48])
{
    if (s->in_characters)
        snprintf(to, 48, "character %" PRIu64 " of the text", place + 1);
    else
        snprintf(to, 48, "offset %" PRIu64, place);
}

static void refuse_bytes(const struct substitute *s, const char *bytes, size_t n, uint64_t place,
                         bool ended, struct error *err)
{
    char list[SUBSTITUTE_BYTES * 5 + 1] = "", where[48];
    const char *plural = n == 1 ? "" : "s";

    write_bytes(list, sizeof(list), bytes, n, "0x", " ");
    write_place(s, place, where);
    if (ended)
        error_set(err, EXITCODE_DATA,
                  "converting from %s: the data ends within a character, with the byte%s %s at %s",
                  s->reads, plural, list, where);
    else
        error_set(err, EXITCODE_DATA, "converting from %s: the byte%s %s at %s %s not valid %s",
                  s->reads, plural, list, where, n == 1 ? "is" : "are", s->reads);
}

enum filter_result substitute_bytes(const struct substitute *s, const char *bytes, size_t n,
                                    uint64_t place, bool ended, char text[SUBSTITUTE_TEXT],
                                    size_t *length, struct error *err)
{
    char escapes[SUBSTITUTE_TEXT + 1];

    count(s);
    *length = 0;
    switch (s->policy) {
    case TRANSCODE_STRICT:
        refuse_bytes(s, bytes, n, place, ended, err);
        return FILTER_FAILED;
    case TRANSCODE_REPLACE:
        *length = strlen(s->unreadable);
        memcpy(text, s->unreadable, *length);
        break;
    case TRANSCODE_ESCAPE:
        *length = write_bytes(escapes, sizeof(escapes), bytes, n, "\\x", "");
        memcpy(text, escapes, *length);
        break;
    case TRANSCODE_IGNORE:
        break;
    }
    return FILTER_OK;
}

enum filter_result substitute_code(const struct substitute *s, uint32_t code, uint64_t place,
                                   char text[SUBSTITUTE_TEXT], size_t *length, struct error *err)
{
    char where[48];

    count(s);
    *length = 0;
    switch (s->policy) {
    case TRANSCODE_STRICT:
        write_place(s, place, where);
        error_set(err, EXITCODE_DATA, "converting to %s: U+%04X at %s does not exist in %s",
                  s->writes, (unsigned)code, where, s->writes);
        return FILTER_FAILED;
    case TRANSCODE_REPLACE:
        text[(*length)++] = '?';
        break;
    case TRANSCODE_ESCAPE:
        *length = (size_t)snprintf(text, SUBSTITUTE_TEXT, "\\u{%X}", (unsigned)code);
        break;
    case TRANSCODE_IGNORE:
        break;
    }
    return FILTER_OK;
}
