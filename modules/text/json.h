/* Writing JSON (RFC 8259). */
#ifndef TEXT_JSON_H
#define TEXT_JSON_H

#include <stddef.h>

/*
 * Writes text[0 .. n) as a JSON string with its quotes into at most size bytes, 2 or more,
 * and returns the length of the string. Control characters are escaped, DEL and C1 among
 * them. Bytes that are not UTF-8 become U+FFFD, one for each maximal subpart (utf8.h). Whole
 * characters that do not fit are left out, from the first of them to the end.
 */
size_t json_put_string(char *to, size_t size, const char *text, size_t n);

#endif
