/* Makes the data end with a newline, so that a terminal's prompt starts a line. */
#ifndef TEXT_ENDLINE_H
#define TEXT_ENDLINE_H

#include "text/filter.h"

/* A new filter, or NULL without memory. Bytes pass at once; finish adds a newline
 * unless there were none, or the last was one. */
struct filter *endline_new(void);

#endif
