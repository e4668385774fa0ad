/* Passes the first line, with its newline, and drops what follows it. */
#ifndef TEXT_FIRSTLINE_H
#define TEXT_FIRSTLINE_H

#include "text/filter.h"

/* A new filter, or NULL without memory. Its feed passes bytes on at once, and
 * returns FILTER_DONE from the newline on; its finish is FILTER_FAILED with
 * status 1 when no newline has come. */
struct filter *firstline_new(void);

#endif
