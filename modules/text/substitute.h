/* Conversion errors: the four policies, the counts, and the messages of the strict one. */
#ifndef TEXT_SUBSTITUTE_H
#define TEXT_SUBSTITUTE_H

#include <stddef.h>
#include <stdint.h>

#include "text/filter.h"
#include "text/transcode.h"

/* The longest invalid sequence, and the longest text in its place. */
#define SUBSTITUTE_BYTES 16
#define SUBSTITUTE_TEXT (SUBSTITUTE_BYTES * 4)

struct substitute {
    enum transcode_policy policy;
    const char *unreadable;        /* what replaces a sequence that is no character; UTF-8 */
    struct transcode_count *count; /* not owned; NULL: nothing is counted */
    char reads[TRANSCODE_NAME_MAX];
    char writes[TRANSCODE_NAME_MAX];
    bool in_characters; /* positions count characters, not bytes */
};

/* Takes up to SUBSTITUTE_BYTES bytes that are not of the encoding read, found at
 * the place (counted from 0), and writes what replaces them, *length bytes of UTF-8.
 * ended: because the data ended there. With the strict policy FILTER_FAILED and
 * err with status 65. */
enum filter_result substitute_bytes(const struct substitute *s, const char *bytes, size_t n,
                                    uint64_t place, bool ended, char text[SUBSTITUTE_TEXT],
                                    size_t *length, struct error *err);

/* The same for a character that the encoding written lacks. */
enum filter_result substitute_code(const struct substitute *s, uint32_t code, uint64_t place,
                                   char text[SUBSTITUTE_TEXT], size_t *length, struct error *err);

#endif
