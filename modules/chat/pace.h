/* Slows a room to its readers, and finds the members that are overrun; see room_private.h. */
#ifndef CHAT_PACE_H
#define CHAT_PACE_H

#include "chat/room_private.h"

void pace_init(struct pace *p);

/* A line was appended. */
void pace_came(struct room *r, uint64_t line);

/* m took something, or has joined. */
void pace_took(struct member *m);

/* m has left. */
void pace_left(struct member *m);

/* Finds the members that are overrun: guests fail, a console loses only the lines. */
void pace_find_overrun(struct room *r);

/* Returns true while the room is congested: a member that reads is more than half the log
 * behind. Congestion ends when all such members are less than three eighths behind (so that it
 * does not change with each line), or have read nothing for ROOM_PATIENCE_MS. */
bool pace_is_congested(struct room *r);

/* Returns the time at which the pace changes without an event; -1: never. */
int64_t pace_next_ms(struct room *r);

#endif
