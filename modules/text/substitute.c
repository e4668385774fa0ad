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

static void refuse_bytes(const struct substitute *s, const char *bytes, size_t n, uint64_t place,
                         bool ended, struct error *err)
{
    char list[SUBSTITUTE_BYTES * 5 + 1] = "";

    write_bytes(list, sizeof(list), bytes, n, "0x", " ");
    if (s->in_characters)
        error_set(err, EXITCODE_DATA,
                  ended ? "error converting from %s: incomplete sequence %s at character %" PRIu64
                        : "error converting from %s: invalid sequence %s at character %" PRIu64,
                  s->reads, list, place + 1);
    else
        error_set(err, EXITCODE_DATA,
                  ended ? "error converting from %s: incomplete sequence %s at offset %" PRIu64
                        : "error converting from %s: invalid sequence %s at offset %" PRIu64,
                  s->reads, list, place);
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
    count(s);
    *length = 0;
    switch (s->policy) {
    case TRANSCODE_STRICT:
        if (s->in_characters)
            error_set(err, EXITCODE_DATA,
                      "error converting to %s: unsupported U+%04X at character %" PRIu64, s->writes,
                      (unsigned)code, place + 1);
        else
            error_set(err, EXITCODE_DATA,
                      "error converting to %s: unsupported U+%04X at offset %" PRIu64, s->writes,
                      (unsigned)code, place);
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
