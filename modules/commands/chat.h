/* What the files of the command chat share. */
#ifndef COMMANDS_CHAT_H
#define COMMANDS_CHAT_H

#include "commands/command.h"
#include "commands/common_options.h"
#include "commands/text_options.h"

struct chat_options {
    struct shared_options shared;
    struct listen_options listen;
    struct connect_options connect;
    struct text_options text;
    bool listens;
    bool room;
    const char *name;
    struct option_words byes;
    uint64_t history;
    uint64_t buffer_bytes;
    char *host; /* owned; where to connect */
    unsigned target_port;
};

/* Each runs one form of the command to its end and returns the exit status:
 * connecting to somebody, waiting for one partner, holding a room. */
int chat_call(const struct chat_options *o, const struct stdio *io);
int chat_wait(const struct chat_options *o, const struct stdio *io);
int chat_hold_room(const struct chat_options *o, const struct stdio *io);

#endif
