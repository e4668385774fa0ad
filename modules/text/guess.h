/* Guesses the encoding of text that is not UTF-8, among those that East Asian systems used
 * before. A guess is for a hint alone: short texts may be valid in several. */
#ifndef TEXT_GUESS_H
#define TEXT_GUESS_H

#include "text/filter.h"

/* The beginning of a text. {0} is none; guess_clear() frees it. */
struct guess {
    struct buf sample;
    bool is_whole; /* the text is no longer than the sample */
};

/* A new filter that passes bytes unchanged and keeps the first of them in g, which outlives
 * it; or NULL without memory. */
struct filter *guess_new(struct guess *g);

/* Returns the name of the encoding ("GBK", as people write it) that the bytes are valid and
 * most likely text in; NULL when they are UTF-8, or text in none that is known. */
const char *guess_encoding(const struct guess *g);

void guess_clear(struct guess *g);

#endif
