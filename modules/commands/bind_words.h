/* The words of --bind: where to listen. */
#ifndef COMMANDS_BIND_WORDS_H
#define COMMANDS_BIND_WORDS_H

#include "commands/common_options.h"
#include "core/run.h"
#include "net/listeners.h"

struct bind_words {
    bool loopback_only;           /* set by the caller: any other address is a usage error */
    struct listeners_bind *items; /* owned */
    size_t count;
};

/* Looks up each word, or every local address where there is none, and runs the loop meanwhile.
 * Returns 0, or -1 with err filled; err is empty when the run has ended before.
 * bind_words_clear() is to be called in both cases. */
int bind_words_look_up(struct bind_words *b, const struct common_options *o, struct run *r,
                       struct error *err);
void bind_words_clear(struct bind_words *b);

/* Adds what a word may have meant to an error that says that its address is not local. */
void bind_words_explain(const struct option_words *words, struct error *err);

#endif
