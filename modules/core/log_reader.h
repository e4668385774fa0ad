/*
 * A reader of a shared log: a position in it, and which entries the reader does not get. It may
 * append, too. Members of a room and clients of a broadcast are readers. The pace of the log
 * (pace.h) wakes them for news, and fails those that fall behind by the whole log.
 */
#ifndef CORE_LOG_READER_H
#define CORE_LOG_READER_H

#include "core/shared_log.h"
#include "core/stream.h"

struct pace;

struct log_reader {
    struct list link;    /* among the readers of the pace */
    struct list waiting; /* in the row of those that wait until they may append */
    struct pace *pace;
    struct stream *stream; /* woken: EPOLLIN for news, EPOLLOUT when it may append, EPOLLERR when
                            * it is lost; NULL: none yet */
    struct shared_log_position position; /* never in front of an entry of its own */
    uint64_t until;                      /* it gets what is before this entry */
    uint64_t spoke;                      /* the entry after the last of its own */
    uint64_t joined;                     /* before this entry it gets no notes */
    int64_t took_ms;                     /* when it last took something, or joined */
    uint32_t author;                     /* of its entries */
    bool lost;                           /* overrun */
    bool idle;                           /* it was restarted, and has taken nothing since */
};

/* Prepares a reader that may append, but reads nothing yet. */
void log_reader_init(struct log_reader *r, struct pace *p);

/* Reads on from this position. */
void log_reader_join(struct log_reader *r, struct shared_log_position from);

/* Reads and appends no more. Allowed on a reader that did not join. */
void log_reader_leave(struct log_reader *r);

/* Gives the reader what is in the log now, and nothing that is appended later; it appends no
 * more. */
void log_reader_finish(struct log_reader *r);

/* Returns true for a reader that gets no more entries. */
bool log_reader_is_done(const struct log_reader *r);

/* Return true when an entry that was to be read has been given up; and when there is something
 * to read. */
bool log_reader_is_overrun(const struct log_reader *r);
bool log_reader_has_more(const struct log_reader *r);

/* Lists up to max pieces of what is to be read next, in the memory of the log, and returns how
 * many; see shared_log_peek(). log_reader_take() takes the first n bytes of them. */
size_t log_reader_peek(const struct log_reader *r, struct iovec *iov, size_t max);
void log_reader_take(struct log_reader *r, size_t n);

/* Goes on with the oldest entry that there is. The reader delays no one until it takes
 * something. */
void log_reader_restart(struct log_reader *r);

#endif
