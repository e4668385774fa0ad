/* Owns the position of one reader. Leaves to the pace whom it delays. */
#include "core/log_reader.h"

#include <sys/epoll.h>

#include "core/pace.h"

void log_reader_init(struct log_reader *r, struct pace *p)
{
    *r = (struct log_reader){.pace = p, .until = UINT64_MAX};
    list_init(&r->link);
    list_init(&r->waiting);
}

void log_reader_join(struct log_reader *r, struct shared_log_position from)
{
    r->joined = shared_log_head(r->pace->log).line;
    r->position = from;
    list_append(&r->pace->readers, &r->link);
    pace_took(r);
}

void log_reader_leave(struct log_reader *r)
{
    list_remove(&r->link);
    list_remove(&r->waiting);
    pace_left(r);
}

void log_reader_finish(struct log_reader *r)
{
    r->until = shared_log_head(r->pace->log).line;
    list_remove(&r->waiting);
}

bool log_reader_is_done(const struct log_reader *r)
{
    return r->lost || r->position.line >= r->until;
}

bool log_reader_is_overrun(const struct log_reader *r)
{
    return r->position.line < r->until && shared_log_is_overrun(r->pace->log, r->position);
}

bool log_reader_has_more(const struct log_reader *r)
{
    return r->position.line < shared_log_head(r->pace->log).line;
}

/* Entries of its own are skipped, from its position on, if there are any. */
static struct shared_log_skip own_entries(const struct log_reader *r)
{
    return (struct shared_log_skip){
        .author = r->spoke > r->position.line ? r->author : SHARED_LOG_NOBODY,
        .notes_before = r->joined,
    };
}

size_t log_reader_peek(const struct log_reader *r, struct iovec *iov, size_t max)
{
    r->pace->has_news = false;
    return shared_log_peek(r->pace->log, r->position, r->until, own_entries(r), iov, max);
}

void log_reader_take(struct log_reader *r, size_t n)
{
    r->position = shared_log_take(r->pace->log, r->position, n, own_entries(r));
    pace_took(r);
}

void log_reader_restart(struct log_reader *r)
{
    r->position = shared_log_oldest(r->pace->log);
    r->position = shared_log_take(r->pace->log, r->position, 0, own_entries(r));
    r->idle = true;
    stream_wake(r->stream, EPOLLIN);
}
