/* Filters that detect a bye: a line that ends a chat of two. */
#ifndef CHAT_BYE_H
#define CHAT_BYE_H

#include "chat/bye_words.h"
#include "text/filter.h"

/*
 * The words outlive the filters. For what is said here: passes lines, sets *said and returns
 * FILTER_DONE behind one that is just a bye word. bare: a line is passed without its newline. A new
 * filter, or NULL without memory.
 */
struct filter *bye_sender_new(const struct bye_words *words, bool bare, bool *said);

/*
 * For what is heard: passes everything at once, and sets *said when a line was
 * just a bye word. messages: what one feed brings is a message, with or without a
 * newline. A new filter, or NULL without memory.
 */
struct filter *bye_watcher_new(const struct bye_words *words, bool messages, bool *said);

#endif
