/* Passes the first line, with its newline, and discards the data after it. */
#ifndef TEXT_LINE_H
#define TEXT_LINE_H

#include "text/filter.h"

/* A new filter, or NULL without memory. Its feed passes bytes on at once, and
 * returns FILTER_DONE from the newline on; its finish is FILTER_FAILED with
 * status 1 when no newline has come. */
struct filter *line_first_new(void);

#endif
