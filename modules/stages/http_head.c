/* Owns the search for the empty line. */
#include "stages/http_head.h"

#include <string.h>

size_t http_head_length(const char *bytes, size_t n, bool *complete)
{
    const char *line = bytes, *end;
    size_t left = n;

    *complete = false;
    while ((end = memchr(line, '\n', left)) != NULL) {
        size_t length = (size_t)(end - line);

        if (length == 0 || (length == 1 && *line == '\r')) {
            *complete = true;
            return (size_t)(end - bytes) + 1;
        }
        left -= length + 1;
        line = end + 1;
    }
    return n;
}
