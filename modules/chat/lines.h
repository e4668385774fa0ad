/* Splits the members' bytes into lines; see room_private.h. */
#ifndef CHAT_LINES_H
#define CHAT_LINES_H

#include "chat/room_private.h"

/* Acts on the lines in n bytes of m, and keeps an incomplete one. Sets *put to the bytes taken.
 * IO_AGAIN: none, as the room is congested, or m does not read its replies. */
enum io lines_hear(struct member *m, const char *bytes, size_t n, size_t *put, struct error *err);

/* m sends no more: acts on its incomplete line. */
void lines_hear_end(struct member *m);

/* Notifies m that its line was not sent; clears why. */
void lines_not_said(struct room *r, struct member *m, struct error *why);

#endif
