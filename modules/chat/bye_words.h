/*
 * The words that end a conversation of two. A line is one of them when it differs at most in
 * case (Unicode Standard, 3.13, "Caseless Matching"), in blanks around the word, and in one
 * final ".", "!", "。" or "！".
 */
#ifndef CHAT_BYE_WORDS_H
#define CHAT_BYE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the longest line that is compared, and of the longest word. */
#define BYE_WORDS_LINE_MAX 256

struct bye_words {
    const char *const *words; /* UTF-8, as they were given; not copied */
    size_t count;
};

/* Returns true if the n bytes, with or without a line ending, are one of the words. */
bool bye_words_match(const struct bye_words *w, const char *line, size_t n);

#endif
