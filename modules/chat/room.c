/* Owns the life of a room, and the waking of its members. */
#include "chat/room.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "chat/announce.h"
#include "chat/pace.h"
#include "chat/room_private.h"

static void set_next(struct room *r)
{
    int64_t next_ms = pace_next_ms(r);

    if (next_ms < 0)
        loop_cancel_timer(r->loop, &r->next);
    else
        loop_set_timer(r->loop, &r->next,
                       next_ms > loop_now_ms(r->loop) ? next_ms - loop_now_ms(r->loop) : 1);
}

/* Members whose lines had to wait resume in turn, once the congestion is over. */
static void on_tend(struct watch *w, uint32_t events)
{
    struct room *r = container_of(w, struct room, tend);

    (void)events;
    pace_find_overrun(r);
    if (!pace_is_congested(r) && !list_is_empty(&r->row)) {
        struct member *m = container_of(r->row.next, struct member, waiting);

        list_remove(&m->waiting);
        stream_wake(m->stream, EPOLLOUT);
        if (!list_is_empty(&r->row))
            room_tend_later(r);
    }
    set_next(r);
}

static void on_next(struct timer *t)
{
    room_tend_later(container_of(t, struct room, next));
}

void room_tend_later(struct room *r)
{
    loop_notify(r->loop, &r->tend, EPOLLIN);
}

void room_wake_members(struct room *r)
{
    if (r->has_news)
        return;
    r->has_news = true;
    for (struct list *l = r->members.next; l != &r->members; l = l->next)
        stream_wake(container_of(l, struct member, link)->stream, EPOLLIN);
}

struct room *room_new(struct loop *l, const struct room_options *options,
                      void (*on_quit)(void *arg), void *arg, struct error *err)
{
    const struct line_encoding_options encoding = {
        .encoding = options->encoding,
        .crlf = options->crlf,
        .incoming = options->incoming,
        .outgoing = options->outgoing,
        .incoming_count = options->incoming_count,
        .outgoing_count = options->outgoing_count,
    };
    struct room *r;

    if (options->buffer_bytes < ROOM_BUFFER_MIN) {
        error_set(err, EXITCODE_USAGE, "--buffer: a room needs at least %zu bytes",
                  ROOM_BUFFER_MIN);
        return NULL;
    }
    r = calloc(1, sizeof(*r));
    if (r == NULL) {
        error_set(err, EXITCODE_FAILED, "cannot open the room: out of memory");
        return NULL;
    }
    r->loop = l;
    r->on_quit = on_quit;
    r->arg = arg;
    r->history = options->history;
    list_init(&r->members);
    list_init(&r->row);
    pace_init(&r->pace);
    loop_init_watch(&r->tend, on_tend);
    r->next.on_due = on_next;
    r->log = shared_log_new(options->buffer_bytes);
    if (r->log != NULL && line_encoding_init(&r->encoding, &encoding, err) == 0)
        return r;
    if (r->log == NULL)
        error_set(err, EXITCODE_FAILED, "cannot open the room: out of memory");
    room_free(r);
    return NULL;
}

void room_free(struct room *r)
{
    if (r == NULL)
        return;
    loop_forget(r->loop, &r->tend);
    loop_cancel_timer(r->loop, &r->next);
    shared_log_free(r->log);
    line_encoding_clear(&r->encoding);
    buf_free(&r->text);
    buf_free(&r->line);
    buf_free(&r->wire);
    free(r);
}

void room_close(struct room *r)
{
    announce_about(r, NULL, NULL, "the room closes");
    for (struct list *l = r->members.next; l != &r->members; l = l->next)
        member_quit(container_of(l, struct member, link), true);
}

size_t room_count(const struct room *r)
{
    return r->count;
}

uint64_t room_unseen(const struct room *r)
{
    return r->unseen;
}

uint64_t room_unsaid(const struct room *r)
{
    return r->unsaid;
}

bool room_is_plain(const struct room *r)
{
    return line_encoding_is_plain(&r->encoding);
}

struct filter *room_decoder(const struct room *r, struct error *err)
{
    return line_encoding_decoder(&r->encoding, err);
}
