/* Sends lines to all members of a room, or to one; see room_private.h. */
#ifndef CHAT_ANNOUNCE_H
#define CHAT_ANNOUNCE_H

#include "chat/room_private.h"

/* Sends a line, given without its newline, as by's. Returns 0, or -1 with err filled and nothing
 * sent. */
int announce_line(struct room *r, struct member *by, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for a notice of the room about by (NULL: about no member), which the history leaves
 * out. */
int announce_about(struct room *r, struct member *by, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Sends another member's text to one member only. Returns 0, or -1 with err filled. */
int announce_private(struct room *r, struct member *to, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Sends a reply of the room to one member only. Returns 0, or -1 without memory. */
int announce_one(struct room *r, struct member *to, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
