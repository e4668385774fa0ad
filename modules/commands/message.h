/*
 * What send sends: the words of the command line, what the user types at a prompt, a file, or
 * standard input.
 */
#ifndef COMMANDS_MESSAGE_H
#define COMMANDS_MESSAGE_H

#include "base/buf.h"
#include "commands/text_options.h"
#include "core/run.h"
#include "text/filters.h"

struct message {
    const struct text_options *text;
    struct text_counts *counts;
    const char *file; /* NULL, or "-": standard input */
    struct buf bytes; /* as it goes over the wire */
    bool is_known;    /* bytes is all of it */
    uint64_t size;    /* of what is sent; 0: not known */
};

/* Takes the message from the words, or asks for a line where there are none and prompts is
 * true. Without either, the message is the file or the input. Returns 0, or -1 with err
 * filled. */
int message_find(struct message *m, int count, char **words, bool prompts, struct error *err);

/* Opens what is sent, which points into m; whole: reads all of it before. Returns NULL on
 * failure, with err filled unless the run is over. */
struct stream *message_open(struct message *m, struct run *r, bool whole, struct error *err);

void message_clear(struct message *m);

#endif
