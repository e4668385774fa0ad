/* Who holds up whom in a room, and who is overrun; see inside.h. */
#ifndef CHAT_PACE_H
#define CHAT_PACE_H

#include "chat/room_private.h"

void pace_init(struct pace *p);

/* A line was appended. */
void pace_came(struct room *r, uint64_t line, int64_t now_ms);

/* m took something, or has joined. */
void pace_took(struct room_member *m, int64_t now_ms);

/* m is no member any more. */
void pace_left(struct room_member *m);

/* Finds those that are overrun and puts them among the fallen. */
void pace_find_fallen(struct room *r, int64_t now_ms);

/* As room_is_congested(). Calls nothing back. */
bool pace_is_congested(struct room *r, int64_t now_ms);

/* When the one that holds the room up will stop doing so by itself. */
int64_t pace_ends_ms(const struct room *r);

#endif
