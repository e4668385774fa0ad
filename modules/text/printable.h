/*
 * Makes UTF-8 text safe to show on a terminal. A CR before a newline is part of the line
 * ending and left out. Shown as \xNN, byte by byte: all other C0 controls but tab and
 * newline, DEL, C1 controls as bytes and as characters (U+0080 to U+009F), and whatever is
 * not valid UTF-8. Shown as \u{NNNN}: the
 * controls that reorder text (U+202A to U+202E, U+2066 to U+2069; Unicode
 * Standard Annex 9). Everything else of every script passes untouched, a
 * backslash too.
 */
#ifndef TEXT_PRINTABLE_H
#define TEXT_PRINTABLE_H

#include "text/filter.h"

/* A new filter, or NULL without memory. A character that a feed ends within is
 * kept for the next, and so is a CR at its end. */
struct filter *printable_new(void);

/* Appends the form of a whole text that is safe. Returns 0, or -1 without memory. */
int printable_add(struct buf *out, const char *text, size_t n);

#endif
