/*
 * Owns the answer to who holds up whom. Neither an entry that is appended nor one
 * that is taken looks at all readers. That is done by a survey, which leaves two
 * positions behind: no reader is further back than the one, and none that is
 * taking entries further back than the other. As positions only go forward, both
 * stay true until a reader comes that is further back (pace_took), so as long as
 * the log has not moved far enough beyond them there is nothing to find: a log with
 * which all keep up is surveyed once per half a log. While there is congestion,
 * one reader that causes it answers for all until it does so no more.
 *
 * A reader counts as taking entries when it took something, or when the first entry
 * that it lacks came, within the patience: so one that was up to date has its
 * time too. When an entry came is known to MARK_MS.
 */
#include "core/pace.h"

#include <sys/epoll.h>

/* Congestion begins beyond the one and ends at the other. */
#define BEGINS (SHARED_LOG_WHOLE / 2)
#define ENDS (SHARED_LOG_WHOLE * 3 / 8)

/* Long before any time. */
#define NEVER (INT64_MIN / 2)

static void on_tend(struct watch *w, uint32_t events);
static void on_next(struct timer *t);

void pace_init(struct pace *p, struct loop *l, struct shared_log *log)
{
    *p = (struct pace){.loop = l, .log = log, .next.on_due = on_next};
    list_init(&p->readers);
    list_init(&p->row);
    loop_init_watch(&p->tend, on_tend);
    for (unsigned i = 0; i < PACE_MARKS; i++)
        p->marks[i].ms = NEVER;
}

void pace_clear(struct pace *p)
{
    loop_forget(p->loop, &p->tend);
    loop_cancel_timer(p->loop, &p->next);
}

/* Looks at the pace after this round's callbacks. */
static void tend_later(struct pace *p)
{
    loop_notify(p->loop, &p->tend, EPOLLIN);
}

/* Notes when the entry came. */
static void note_came(struct pace *p, uint64_t line)
{
    int64_t now_ms = loop_now_ms(p->loop);

    if (shared_log_is_overrun(p->log, p->oldest))
        tend_later(p);
    if (now_ms - p->marks[p->last].ms < PACE_MARK_MS)
        return;
    p->last = (p->last + 1) % PACE_MARKS;
    p->marks[p->last] = (struct pace_mark){.line = line, .ms = now_ms};
}

static void wake_readers(struct pace *p)
{
    if (p->has_news)
        return;
    p->has_news = true;
    for (struct list *l = p->readers.next; l != &p->readers; l = l->next)
        stream_wake(container_of(l, struct log_reader, link)->stream, EPOLLIN);
}

int pace_append(struct pace *p, const void *bytes, size_t n, struct log_reader *by, bool is_note)
{
    uint64_t line = shared_log_head(p->log).line;

    if (shared_log_append(p->log, bytes, n, by != NULL ? by->author : SHARED_LOG_NOBODY, is_note) <
        0)
        return -1;
    note_came(p, line);
    wake_readers(p);
    if (by == NULL)
        return 0;
    by->spoke = line + 1;
    if (by->position.line == line)
        by->position.line++;
    return 0;
}

bool pace_may_append(struct log_reader *r)
{
    if (!pace_is_congested(r->pace))
        return true;
    if (!r->lost && list_is_empty(&r->waiting))
        list_append(&r->pace->row, &r->waiting);
    tend_later(r->pace);
    return false;
}

/* A time at which an entry had not come yet, or only just. */
static int64_t came_ms(const struct pace *p, uint64_t line)
{
    for (unsigned i = 0; i < PACE_MARKS; i++) {
        const struct pace_mark *m = &p->marks[(p->last + PACE_MARKS - i) % PACE_MARKS];

        if (m->line <= line)
            return m->ms;
    }
    return NEVER;
}

/* The time from which the patience with r is counted. */
static int64_t since_ms(const struct log_reader *r)
{
    int64_t came = came_ms(r->pace, r->position.line);

    return came > r->took_ms ? came : r->took_ms;
}

static bool is_taking(const struct log_reader *r)
{
    return !r->idle && loop_now_ms(r->pace->loop) - since_ms(r) < PACE_PATIENCE_MS;
}

static bool is_before(struct shared_log_position a, struct shared_log_position b)
{
    return a.line != b.line ? a.line < b.line : a.offset < b.offset;
}

static void note_oldest(struct shared_log_position *oldest, struct shared_log_position position)
{
    if (is_before(position, *oldest))
        *oldest = position;
}

void pace_took(struct log_reader *r)
{
    struct pace *p = r->pace;

    r->took_ms = loop_now_ms(p->loop);
    r->idle = false;
    note_oldest(&p->oldest, r->position);
    note_oldest(&p->oldest_taker, r->position);
    if (p->congested)
        tend_later(p);
}

void pace_left(struct log_reader *r)
{
    if (r->pace->holder == r)
        r->pace->holder = NULL;
    tend_later(r->pace);
}

static void overrun(struct log_reader *r)
{
    if (r->pace->on_overrun != NULL && r->pace->on_overrun(r))
        return;
    r->lost = true;
    list_remove(&r->waiting);
    stream_wake(r->stream, EPOLLERR);
}

/* Looks at every reader: sets both oldest positions, and holder to the one that is furthest
 * back among those that are taking entries (NULL where there is none). */
static void survey(struct pace *p)
{
    p->oldest = p->oldest_taker = shared_log_head(p->log);
    p->holder = NULL;
    for (struct list *l = p->readers.next; l != &p->readers; l = l->next) {
        struct log_reader *r = container_of(l, struct log_reader, link);

        if (!log_reader_is_done(r) && shared_log_is_overrun(p->log, r->position))
            overrun(r);
        if (log_reader_is_done(r))
            continue;
        note_oldest(&p->oldest, r->position);
        if (is_before(r->position, p->oldest_taker) && is_taking(r)) {
            p->oldest_taker = r->position;
            p->holder = r;
        }
    }
}

static bool holds_up(const struct log_reader *r)
{
    const struct shared_log *log = r->pace->log;

    return !log_reader_is_done(r) && !shared_log_is_overrun(log, r->position) &&
           shared_log_behind(log, r->position) > ENDS && is_taking(r);
}

bool pace_is_congested(struct pace *p)
{
    unsigned limit = p->congested ? ENDS : BEGINS;

    if (p->congested && p->holder != NULL && holds_up(p->holder))
        return true;
    p->congested = shared_log_behind(p->log, p->oldest_taker) > limit;
    if (p->congested) {
        survey(p);
        p->congested = shared_log_behind(p->log, p->oldest_taker) > limit;
    }
    return p->congested;
}

int64_t pace_next_ms(struct pace *p)
{
    if (pace_is_congested(p))
        return p->holder == NULL ? 0 : since_ms(p->holder) + PACE_PATIENCE_MS;
    return -1;
}

static void set_next(struct pace *p)
{
    int64_t next_ms = pace_next_ms(p);

    if (next_ms < 0)
        loop_cancel_timer(p->loop, &p->next);
    else
        loop_set_timer(p->loop, &p->next,
                       next_ms > loop_now_ms(p->loop) ? next_ms - loop_now_ms(p->loop) : 1);
}

/* Those whose entries had to wait resume in turn, once the congestion is over. */
static void on_tend(struct watch *w, uint32_t events)
{
    struct pace *p = container_of(w, struct pace, tend);

    (void)events;
    if (shared_log_is_overrun(p->log, p->oldest))
        survey(p);
    if (!pace_is_congested(p) && !list_is_empty(&p->row)) {
        struct log_reader *r = container_of(p->row.next, struct log_reader, waiting);

        list_remove(&r->waiting);
        stream_wake(r->stream, EPOLLOUT);
        if (!list_is_empty(&p->row))
            tend_later(p);
    }
    set_next(p);
}

static void on_next(struct timer *t)
{
    tend_later(container_of(t, struct pace, next));
}
