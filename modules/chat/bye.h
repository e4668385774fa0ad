/* The words that end a conversation of two: seen when a line is just one of them. */
#ifndef CHAT_BYE_H
#define CHAT_BYE_H

#include "text/filter.h"

/* The words in UTF-8; not copied, and they outlive the filters. */
struct bye_words {
    const char *const *words;
    size_t count;
};

/*
 * For what is said here: passes lines, sets *said and returns FILTER_DONE behind one that is
 * just a bye word. bare: a line is passed without its newline. A new filter, or NULL without
 * memory.
 */
struct filter *bye_sender_new(const struct bye_words *words, bool bare, bool *said);

/*
 * For what is heard: passes everything at once, and sets *said when a line was
 * just a bye word. messages: what one feed brings is a message, with or without a
 * newline. A new filter, or NULL without memory.
 */
struct filter *bye_watcher_new(const struct bye_words *words, bool messages, bool *said);

#endif
