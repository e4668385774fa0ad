/*
 * The inside of a room, for the files that make it up: room.c (its life), member.c (who is
 * in it, and what goes to each), lines.c (what members say), room_commands.c (lines that
 * begin with "/"), announce.c (telling all or one). The lines stand in a shared log, and members
 * are readers of it (core/log_reader.h); core/pace.h slows them.
 */
#ifndef CHAT_ROOM_PRIVATE_H
#define CHAT_ROOM_PRIVATE_H

#include "base/buf.h"
#include "chat/line_encoding.h"
#include "chat/member.h"
#include "core/pace.h"

/* The console's author in the log; guests have their number, and the room is nobody. */
#define AUTHOR_CONSOLE SHARED_LOG_AUTHOR_MAX

struct member {
    struct log_reader reader; /* of the lines; its author is N of guestN */
    struct room *room;
    char *name;         /* owned; NULL: a console that only listens */
    char *key;          /* owned; what the name is compared by */
    struct buf heard;   /* the beginning of a line, in UTF-8 */
    struct buf answers; /* private text, in the wire encoding */
    bool cut;           /* the rest of the line being heard is discarded */
    bool full;          /* it waits until its private text is taken */
    bool quit;          /* it takes no more part */
};

struct room {
    struct loop *loop;
    void (*on_quit)(void *arg);
    void *arg;
    struct shared_log *log;
    struct line_encoding encoding;
    size_t count;
    size_t history;
    uint64_t unseen;  /* by the console */
    uint64_t unsaid;  /* of the console's lines */
    uint32_t guests;  /* the number of the last */
    struct pace pace; /* its readers are the members */
    bool is_short;    /* the log has not got its memory, which was reported */
    struct buf text;  /* the line, made safe, */
    struct buf line;  /* the line that becomes of it, */
    struct buf wire;  /* and that in the wire encoding */
};

/* The member sends no more, gets only the lines up to now, and is announced to have left unless
 * silently. */
void member_quit(struct member *m, bool silently);

/* For the pace: the console continues with the lines that remain; a guest is lost. */
bool member_on_overrun(struct log_reader *r);

#endif
