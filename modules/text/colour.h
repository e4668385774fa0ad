/*
 * Colours for a terminal: the name before ": " at a line's beginning gets a colour
 * that is always the same for that name, lines that begin with "-- " are dimmed.
 * For text that is printable already (text/printable.h): the escape sequences
 * that this adds are the only ones.
 */
#ifndef TEXT_COLOUR_H
#define TEXT_COLOUR_H

#include "text/filter.h"

/* A new filter, or NULL without memory. The beginning of a line is held until it
 * is known whether it is a name; flush lets it out as it is. */
struct filter *colour_new(void);

#endif
