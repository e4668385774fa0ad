/* The commands of a room: lines that begin with "/"; see inside.h. */
#ifndef CHAT_ROOM_COMMANDS_H
#define CHAT_ROOM_COMMANDS_H

#include "chat/room_private.h"

/* Does what the line says that m (NULL: the console) gave, or answers why not. The
 * line is changed. */
void room_commands_run(struct room *r, struct room_member *m, char *line, int64_t now_ms);

#endif
