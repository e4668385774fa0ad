/*
 * A terminal as the place where a chat shows text that arrives: above the line that is being
 * edited, and with a mark at the start of each row, so that no peer can imitate what the user
 * types or what tcptool reports.
 */
#ifndef CHAT_SCREEN_H
#define CHAT_SCREEN_H

#include "chat/line_editor.h"
#include "core/stream.h"

/* Returns a new stream that writes to standard output, which is a terminal, or NULL with err
 * filled. editor: the one at this terminal, or NULL; it has to stay until the stream is
 * closed. mark: a string that stays, "" for none. */
struct stream *screen_open(struct loop *l, struct line_editor *editor, const char *mark,
                           struct error *err);

#endif
