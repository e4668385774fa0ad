/*
 * Upper case of UTF-8 text: the full mapping of the Unicode Standard (3.13, R1,
 * with SpecialCasing.txt but without its language-dependent rules), as Python's
 * str.upper() has it. No character's mapping depends on its neighbours. Bytes
 * that are not valid UTF-8 pass untouched.
 */
#ifndef TEXT_UPCASE_H
#define TEXT_UPCASE_H

#include "text/filter.h"

/* A new filter, or NULL without memory. A character that a feed ends within is
 * kept for the next. */
struct filter *upcase_new(void);

#endif
