/* Telling all members of a room, or one; see inside.h. Where by or to is NULL, that
 * is the console. */
#ifndef CHAT_ANNOUNCE_H
#define CHAT_ANNOUNCE_H

#include "chat/room_private.h"

/* Puts what r->line holds, a line with its newline, into the log as by's, and tells
 * the console if it is not its own. Returns 0, or -1 and fills err; nobody has seen
 * anything of it then. */
int announce_line(struct room *r, struct room_member *by, int64_t now_ms, struct error *err);

/* The same for an announcement about by, without its prefix and its newline. */
int announce_about(struct room *r, struct room_member *by, int64_t now_ms, struct error *err,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* An announcement about nobody. */
void announce_all(struct room *r, int64_t now_ms, const char *text);

/* Tells only to. Without memory it is not told. */
void announce_one(struct room *r, struct room_member *to, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
