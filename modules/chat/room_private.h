/*
 * The inside of a room, for the files that make it up: room.c (its life), member.c (who is
 * in it, and what goes to each), lines.c (what members say), room_commands.c (lines that
 * begin with "/"), announce.c (telling all or one), pace.c (who holds up whom).
 */
#ifndef CHAT_ROOM_PRIVATE_H
#define CHAT_ROOM_PRIVATE_H

#include "base/buf.h"
#include "chat/line_encoding.h"
#include "chat/member.h"
#include "chat/shared_log.h"

/* Authors in the log that are no guest; guests have their number. */
#define AUTHOR_ROOM SHARED_LOG_NOBODY
#define AUTHOR_CONSOLE SHARED_LOG_AUTHOR_MAX

/* When lines came: the first of each MARK_MS in which any did. Together they reach back
 * further than the patience. */
#define MARKS 16
#define MARK_MS 100

struct mark {
    uint64_t line;
    int64_t ms;
};

struct pace {
    struct mark marks[MARKS]; /* a ring; marks[last] is the newest */
    unsigned last;
    bool congested;
    struct member *holder;                   /* NULL, or the member that was seen to hold us up */
    struct shared_log_position oldest;       /* no member that is not lost is further behind, ... */
    struct shared_log_position oldest_taker; /* ... nor any that is taking lines */
};

struct member {
    struct list link;    /* among the members */
    struct list waiting; /* in the row of those whose writing is blocked */
    struct room *room;
    struct stream *stream;
    char *name;                          /* owned; NULL: a console that only listens */
    char *key;                           /* owned; what the name is compared by */
    struct buf heard;                    /* the beginning of a line, in UTF-8 */
    struct buf answers;                  /* private text, in the wire encoding */
    struct shared_log_position position; /* never in front of a line of its own */
    uint64_t until;                      /* of the log, it gets what is before this line */
    uint64_t spoke;                      /* the line after the last of its own */
    uint64_t joined;                     /* before this line it gets no notes */
    int64_t took_ms;                     /* when it last took something, or joined */
    uint32_t number;                     /* guestN; the author of its lines */
    bool cut;                            /* the rest of the line being heard is discarded */
    bool full;                           /* it waits until its private text is taken */
    bool quit;                           /* it takes no more part */
    bool lost;                           /* overrun */
    bool idle;                           /* a console that was overrun, and took nothing since */
};

struct room {
    struct loop *loop;
    void (*on_quit)(void *arg);
    void *arg;
    struct shared_log *log;
    struct line_encoding encoding;
    struct list members;
    struct list row; /* of members whose lines have to wait; by their waiting */
    size_t count;
    size_t history;
    uint64_t unseen; /* by the console */
    uint64_t unsaid; /* of the console's lines */
    uint32_t guests; /* the number of the last */
    struct pace pace;
    struct watch tend; /* notified when the pace may have changed */
    struct timer next; /* when the pace changes although nothing happens */
    bool has_news;     /* and all members were woken for it */
    bool is_short;     /* the log has not got its memory, which was reported */
    struct buf text;   /* the line, made safe, */
    struct buf line;   /* the line that becomes of it, */
    struct buf wire;   /* and that in the wire encoding */
};

/* Has the room look at the pace after this round's callbacks. */
void room_tend_later(struct room *r);

/* Wakes all members for new lines. */
void room_wake_members(struct room *r);

/* The member sends no more, gets only the lines up to now, and is announced to have left unless
 * silently. */
void member_quit(struct member *m, bool silently);

#endif
