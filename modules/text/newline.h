/* Line endings: LF, CRLF, and a newline at the end of the data. */
#ifndef TEXT_NEWLINE_H
#define TEXT_NEWLINE_H

#include "text/filter.h"

enum newline_mode {
    NEWLINE_LF,   /* CRLF becomes LF; a CR without an LF stays */
    NEWLINE_CRLF, /* LF becomes CRLF; a CRLF stays as it is */
};

/* A new filter, or NULL without memory. With NEWLINE_LF a CR that ends a feed is
 * kept until the next byte or the end says what it is; all else comes at once. */
struct filter *newline_new(enum newline_mode mode);

/* A new filter, or NULL without memory. Bytes pass at once; finish adds a newline unless
 * there was no byte or the last one was a newline: a terminal's prompt then starts a line. */
struct filter *newline_at_end_new(void);

#endif
