/* What is said in a room, from bytes to lines; see inside.h. Where m is NULL, that is
 * the console. */
#ifndef CHAT_LINES_H
#define CHAT_LINES_H

#include "chat/room_private.h"

/* Keeps what m has sent. Returns 0, or -1 and fills err: see on_failed. */
int lines_keep(struct room_member *m, const char *bytes, size_t n, struct error *err);

/* The same for the end of what m sends. */
int lines_keep_end(struct room_member *m, struct error *err);

/* Acts on whole lines that were kept, budget bytes of them and a line more, unless
 * m has to wait. Returns false when on_quit was called for m. */
bool lines_go_on(struct room_member *m, int64_t now_ms, size_t budget);

/* Puts m into the row, where it has its turn in room_tend(), unless it is there or
 * will have none any more. */
void lines_wait(struct room_member *m);

/* Acts on one line, without its newline. */
void lines_act(struct room *r, struct room_member *m, const char *line, size_t n, int64_t now_ms);

/* Says a line that begins with these two texts. Whoever says it is told if it
 * cannot be said. */
void lines_say(struct room *r, struct room_member *m, const char *first, const char *second,
               const char *text, int64_t now_ms);

/* m takes no more part, and gets only what was said until now. */
void lines_quit(struct room_member *m, int64_t now_ms);

/* Frees what was kept. */
void lines_forget(struct room_member *m);

#endif
