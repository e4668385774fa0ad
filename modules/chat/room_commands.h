/* The commands of a room: lines that begin with "/"; see room_private.h. */
#ifndef CHAT_ROOM_COMMANDS_H
#define CHAT_ROOM_COMMANDS_H

#include "chat/room_private.h"

/* Runs the command in m's line, or replies with an error. The line is modified. */
void room_commands_run(struct room *r, struct member *m, char *line);

#endif
