/* Changes what ends a line, LF or CRLF. */
#ifndef TEXT_EOL_H
#define TEXT_EOL_H

#include "text/filter.h"

enum eol_mode {
    EOL_LF,   /* CRLF becomes LF; a CR without an LF stays */
    EOL_CRLF, /* LF becomes CRLF; a CRLF stays as it is */
};

/* A new filter, or NULL without memory. With EOL_LF a CR that ends a feed is
 * kept until the next byte or the end says what it is; all else comes at once. */
struct filter *eol_new(enum eol_mode mode);

#endif
