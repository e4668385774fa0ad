/* The commands of a room: lines that begin with "/"; see inside.h. */
#ifndef CHAT_ORDERS_H
#define CHAT_ORDERS_H

#include "chat/inside.h"

/* Does what the line says that m (NULL: the console) gave, or answers why not. The
 * line is changed. */
void orders_obey(struct room *r, struct room_member *m, char *line, int64_t now_ms);

#endif
