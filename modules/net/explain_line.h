/* The form of a step: its number, the call, and what it means, in 80 columns. */
#ifndef NET_EXPLAIN_LINE_H
#define NET_EXPLAIN_LINE_H

#include "base/buf.h"

struct explain_line {
    const char *label; /* whose step it is; "": only one connection is explained */
    unsigned number;   /* 0: none */
    const char *call;
    const char *meaning;
};

/* Appends the step as whole lines, with the meaning wrapped in a column of its own. A label too
 * long to stand before its steps gets a line. Without memory, out may lack the end. */
void explain_line_add(struct buf *out, const struct explain_line *l);

#endif
