/*
 * Labelled lines of many sources that share one output. Every line comes out
 * whole, as "LABEL: text\n", so lines never mix. A line that has not ended is
 * held until flush shows it; when another source writes below an unfinished
 * line it ends that line first, and what follows gets a label of its own.
 *
 * The outputs of the filters of one screen have to be appended to the shared
 * output in the order of the calls. To keep characters whole, a filter that
 * could hold half of one (transcode, printable) goes before this one.
 */
#ifndef TEXT_LABEL_H
#define TEXT_LABEL_H

#include <stdint.h>

#include "text/filter.h"

/* State that the filters of one output share; {0} at the start. It outlives them. */
struct label_screen {
    uint64_t open; /* the filter whose unfinished line ends the output; 0: none */
    uint64_t last; /* the filter made last; numbers are never used again */
};

/* An unfinished line that grows to this is shown as flush would show it. */
#define LABEL_HELD_MAX ((size_t)64 * 1024)

/* A new filter, or NULL without memory. The label is copied. finish ends a line
 * that is held or shown unfinished; a filter that is freed without finish
 * leaves that to the next that writes. */
struct filter *label_new(struct label_screen *screen, const char *label);

#endif
