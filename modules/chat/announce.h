/* Telling all members of a room, or one; see room_private.h. */
#ifndef CHAT_ANNOUNCE_H
#define CHAT_ANNOUNCE_H

#include "chat/room_private.h"

/* Says a line, without its newline, as by. Returns 0, or -1 with err filled; no member has
 * seen anything of it then. */
int announce_line(struct room *r, struct member *by, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for what the room says about by (NULL: about nobody), which is no part of the
 * history. */
int announce_about(struct room *r, struct member *by, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Tells only to what another member says. Returns 0, or -1 with err filled. */
int announce_private(struct room *r, struct member *to, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Tells only to what the room answers. Returns 0, or -1 without memory. */
int announce_one(struct room *r, struct member *to, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
