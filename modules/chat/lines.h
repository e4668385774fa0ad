/* What is said in a room, from bytes to lines; see room_private.h. */
#ifndef CHAT_LINES_H
#define CHAT_LINES_H

#include "chat/room_private.h"

/* Acts on the lines in n bytes of m, and keeps the beginning of a line. *put becomes how many
 * bytes were taken. IO_AGAIN: none, since the room is congested, or m does not take its
 * answers. */
enum io lines_hear(struct member *m, const char *bytes, size_t n, size_t *put, struct error *err);

/* m will say no more: a line that has not ended is said. */
void lines_hear_end(struct member *m);

/* Answers m that its line could not be said; clears why. */
void lines_not_said(struct room *r, struct member *m, struct error *why);

#endif
