/*
 * The pace of a shared log: slows those that append to the readers that read, and finds the
 * readers that are overrun. A reader that has taken nothing for PACE_PATIENCE_MS delays no one.
 */
#ifndef CORE_PACE_H
#define CORE_PACE_H

#include "core/log_reader.h"

#define PACE_PATIENCE_MS 1000

/* When entries came: the first of each PACE_MARK_MS in which any did. Together they reach back
 * further than the patience. */
enum { PACE_MARKS = 16, PACE_MARK_MS = 100 };

struct pace_mark {
    uint64_t line;
    int64_t ms;
};

struct pace {
    struct loop *loop;
    struct shared_log *log; /* not owned */
    /* NULL, or called for a reader that is overrun. Returns true when it has called
     * log_reader_restart(); otherwise the reader is lost. */
    bool (*on_overrun)(struct log_reader *r);
    struct list readers;
    struct list row;                    /* of readers that wait until they may append */
    struct pace_mark marks[PACE_MARKS]; /* a ring; marks[last] is the newest */
    unsigned last;
    bool congested;
    bool has_news;                           /* and all readers were woken for it */
    struct log_reader *holder;               /* NULL, or the reader that was seen to hold us up */
    struct shared_log_position oldest;       /* no reader that is not lost is further behind, ... */
    struct shared_log_position oldest_taker; /* ... nor any that is taking entries */
    struct watch tend;                       /* notified when the pace may have changed */
    struct timer next;                       /* when the pace changes although nothing happens */
};

void pace_init(struct pace *p, struct loop *l, struct shared_log *log);
void pace_clear(struct pace *p);

/* Appends as shared_log_append() does, and wakes all readers. by: the reader whose entry it is,
 * which does not get it; or NULL. */
int pace_append(struct pace *p, const void *bytes, size_t n, struct log_reader *by, bool is_note);

/* Returns true when r may append. Otherwise the stream of r is woken for output when the
 * congestion is over, in turn. */
bool pace_may_append(struct log_reader *r);

/* Returns true while there is congestion: a reader that reads is more than half the log behind.
 * Congestion ends when all such readers are less than three eighths behind (so that it does not
 * change with each entry), or have read nothing for PACE_PATIENCE_MS. */
bool pace_is_congested(struct pace *p);

/* Returns the time at which the pace changes without an event; -1: never. */
int64_t pace_next_ms(struct pace *p);

/* For log_reader.c: r took something, or has joined; r has left. */
void pace_took(struct log_reader *r);
void pace_left(struct log_reader *r);

#endif
