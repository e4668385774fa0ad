/* Where the head of an HTTP message ends. */
#ifndef STAGES_HTTP_HEAD_H
#define STAGES_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* For stage_take(): an empty line ends the head. Lines end with LF or CRLF; RFC 9112, section
 * 2.2. */
size_t http_head_length(const char *bytes, size_t n, bool *complete);

#endif
