/*
 * What a room consists of, for the files that make it up: room.c (who is in it,
 * what comes and goes), lines.c (lines), room_commands.c (lines that begin with "/"),
 * announce.c (telling all or one), pace.c (who holds up whom).
 */
#ifndef CHAT_ROOM_PRIVATE_H
#define CHAT_ROOM_PRIVATE_H

#include "chat/line_encoding.h"
#include "chat/room.h"

/* Authors in the log that are no member; members have their number. */
#define AUTHOR_ROOM SHARED_LOG_NOBODY
#define AUTHOR_CONSOLE UINT32_MAX

/* When lines came: the first of each MARK_MS in which any did. Together they reach
 * back further than the patience. */
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
    struct room_member *holder;              /* NULL, or the member that was seen to hold us up */
    struct shared_log_position oldest;       /* nobody who is not lost is further behind, ... */
    struct shared_log_position oldest_taker; /* ... nor anybody who is taking lines */
};

struct room {
    struct room_events events;
    void *arg;
    struct shared_log *log;
    struct line_encoding wire;
    struct list members;
    struct list row;    /* of members whose lines have to wait; by their waiting */
    struct list fallen; /* of members that are overrun and were not told of; the same */
    size_t count;
    size_t history;
    char *console; /* owned, as its key; NULL: there is none */
    char *console_key;
    uint32_t guests; /* the number of the last */
    struct pace pace;
    bool news;            /* on_news was called */
    bool held_up;         /* the caller may wait for on_flowing */
    struct buf text;      /* what somebody said, made safe, */
    struct buf line;      /* the line that becomes of it, */
    struct buf wire_line; /* and that as it goes on the wire */
};

#endif
