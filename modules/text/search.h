/* Looks for a text, wherever the input is cut, and passes nothing on. */
#ifndef TEXT_SEARCH_H
#define TEXT_SEARCH_H

#include "text/filter.h"

/* Returns a new filter, or NULL without memory. text is not copied and not empty. The filter's
 * feed returns FILTER_DONE from the end of the text on. */
struct filter *search_new(const char *text);

#endif
