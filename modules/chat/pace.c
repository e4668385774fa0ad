/*
 * Owns the answer to who holds up whom. Neither a line that is appended nor one
 * that is taken looks at all members. That is done by a survey, which leaves two
 * positions behind: no member is further back than the one, and none that is
 * taking lines further back than the other. As positions only go forward, both
 * stay true until somebody comes who is further back (pace_took), so as long as
 * the log has not moved far enough beyond them there is nothing to find: a room in
 * which all keep up is surveyed once per half a log. While there is congestion,
 * one member that causes it answers for all until it does so no more.
 *
 * A member counts as taking lines when it took something, or when the first line
 * that it lacks came, within the patience: so one that was up to date has its
 * time too. When a line came is known to MARK_MS.
 */
#include "chat/pace.h"

#include <sys/epoll.h>

/* Congestion begins beyond the one and ends at the other. */
#define BEGINS (SHARED_LOG_WHOLE / 2)
#define ENDS (SHARED_LOG_WHOLE * 3 / 8)

/* Long before any time. */
#define NEVER (INT64_MIN / 2)

void pace_init(struct pace *p)
{
    *p = (struct pace){0};
    for (unsigned i = 0; i < MARKS; i++)
        p->marks[i].ms = NEVER;
}

void pace_came(struct room *r, uint64_t line)
{
    struct pace *p = &r->pace;
    int64_t now_ms = loop_now_ms(r->loop);

    if (shared_log_is_overrun(r->log, p->oldest))
        room_tend_later(r);
    if (now_ms - p->marks[p->last].ms < MARK_MS)
        return;
    p->last = (p->last + 1) % MARKS;
    p->marks[p->last] = (struct mark){.line = line, .ms = now_ms};
}

/* A time at which a line had not come yet, or only just. */
static int64_t came_ms(const struct pace *p, uint64_t line)
{
    for (unsigned i = 0; i < MARKS; i++) {
        const struct mark *m = &p->marks[(p->last + MARKS - i) % MARKS];

        if (m->line <= line)
            return m->ms;
    }
    return NEVER;
}

/* The time from which the patience with m is counted. */
static int64_t since_ms(const struct member *m)
{
    int64_t came = came_ms(&m->room->pace, m->position.line);

    return came > m->took_ms ? came : m->took_ms;
}

static bool is_taking(const struct member *m)
{
    return !m->idle && loop_now_ms(m->room->loop) - since_ms(m) < ROOM_PATIENCE_MS;
}

/* Returns true for a member that gets no more lines. */
static bool is_out(const struct member *m)
{
    return m->lost || m->position.line >= m->until;
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

void pace_took(struct member *m)
{
    struct pace *p = &m->room->pace;

    m->took_ms = loop_now_ms(m->room->loop);
    m->idle = false;
    note_oldest(&p->oldest, m->position);
    note_oldest(&p->oldest_taker, m->position);
    if (p->congested)
        room_tend_later(m->room);
}

void pace_left(struct member *m)
{
    if (m->room->pace.holder == m)
        m->room->pace.holder = NULL;
}

/* Puts the line ending of a line whose rest is lost before the replies. */
static void end_line(struct member *m)
{
    struct buf answers = m->answers;

    m->answers = (struct buf){0};
    line_encoding_put(&m->room->encoding, "\n", 1, &m->answers, NULL);
    buf_add(&m->answers, buf_head(&answers), buf_length(&answers));
    buf_free(&answers);
}

/* A guest that is overrun fails; the console continues with the lines that remain. */
static void overrun(struct member *m)
{
    struct room *r = m->room;
    struct shared_log_position oldest = shared_log_oldest(r->log);

    if (m->number != AUTHOR_CONSOLE) {
        m->lost = true;
        list_remove(&m->waiting);
        stream_wake(m->stream, EPOLLERR);
        return;
    }
    r->unseen += oldest.line - m->position.line;
    if (m->position.offset > 0)
        end_line(m);
    m->position = shared_log_take(r->log, oldest, 0, (struct shared_log_skip){.author = m->number});
    m->idle = true;
    stream_wake(m->stream, EPOLLIN);
}

/* Looks at every member: sets both oldest positions, and holder to the one that is furthest
 * back among those that are taking lines (NULL where there is none). */
static void survey(struct room *r)
{
    struct pace *p = &r->pace;

    p->oldest = p->oldest_taker = shared_log_head(r->log);
    p->holder = NULL;
    for (struct list *l = r->members.next; l != &r->members; l = l->next) {
        struct member *m = container_of(l, struct member, link);

        if (!is_out(m) && shared_log_is_overrun(r->log, m->position))
            overrun(m);
        if (is_out(m))
            continue;
        note_oldest(&p->oldest, m->position);
        if (is_before(m->position, p->oldest_taker) && is_taking(m)) {
            p->oldest_taker = m->position;
            p->holder = m;
        }
    }
}

void pace_find_overrun(struct room *r)
{
    if (shared_log_is_overrun(r->log, r->pace.oldest))
        survey(r);
}

static bool holds_up(const struct member *m)
{
    const struct shared_log *log = m->room->log;

    return !is_out(m) && !shared_log_is_overrun(log, m->position) &&
           shared_log_behind(log, m->position) > ENDS && is_taking(m);
}

bool pace_is_congested(struct room *r)
{
    struct pace *p = &r->pace;
    unsigned limit = p->congested ? ENDS : BEGINS;

    if (p->congested && p->holder != NULL && holds_up(p->holder))
        return true;
    p->congested = shared_log_behind(r->log, p->oldest_taker) > limit;
    if (p->congested) {
        survey(r);
        p->congested = shared_log_behind(r->log, p->oldest_taker) > limit;
    }
    return p->congested;
}

int64_t pace_next_ms(struct room *r)
{
    if (pace_is_congested(r))
        return r->pace.holder == NULL ? 0 : since_ms(r->pace.holder) + ROOM_PATIENCE_MS;
    return -1;
}
