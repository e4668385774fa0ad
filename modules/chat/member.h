/*
 * A member is a transport: the room as one member sees it. A read returns the text that the
 * member has not received yet (lines of the shared log, private answers), in the wire
 * encoding; a write passes the member's own text to the room, in UTF-8. A guest is thus a
 * conversation between the guest's stream and the guest's member, and the console is one
 * between the terminal and the console's member: pace, idle time, delivery and hang-up are
 * the same as everywhere else.
 *
 *   read    IO_AGAIN   nothing new
 *           IO_END     the member has quit, and has received everything
 *           IO_FAILED  the member fell behind by the whole log
 *   borrow  lists the log's own memory: no copy for each member
 *   write   IO_AGAIN   the room is congested, or the member does not take its answers
 *   shut    the member's input has ended: it quits
 *   close   the member is gone; the room announces this unless the member had quit
 */
#ifndef CHAT_MEMBER_H
#define CHAT_MEMBER_H

#include "chat/room.h"

enum member_kind {
    MEMBER_GUEST,   /* named guestN, greeted, announced */
    MEMBER_CONSOLE, /* its /quit and the end of its input close the room */
};

/* Adds a member to the room. name: of the console; NULL: it only listens. Returns its stream,
 * or NULL with err filled: the name is not valid or cannot be encoded (EXITCODE_USAGE), or
 * there is no memory. */
struct stream *member_join(struct room *r, enum member_kind kind, const char *name,
                           struct error *err);

#endif
