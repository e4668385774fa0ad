/* Owns readiness, the input, the first failure and the closing of one descriptor. The output
 * is in stream_output.c, the names are in stream_names.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/step.h"
#include "core/stream_private.h"

enum {
    CLOSE_DISCARD_MAX = 16 << 20, /* a peer that keeps sending cannot delay a close for ever */
    MUCH = 16 << 10,              /* after a read of this size more has usually come */
};

void stream_update_interest(struct stream *s)
{
    uint32_t events = 0;

    if (s->transport.fd < 0 || s->transport.always_ready || s->closed)
        return;
    if (s->on_readable != NULL && !s->paused)
        events |= EPOLLIN | EPOLLRDHUP;
    if ((s->out != NULL || s->transport.holds_output || s->waiters.next != &s->waiters ||
         s->on_delivered != NULL) &&
        !s->paused)
        events |= EPOLLOUT;
    /* The last acknowledgement is reported as an event of output, at which a socket that is
     * shut is always ready. */
    if (s->on_readable == NULL || s->on_delivered != NULL || s->paused)
        events |= EPOLLET;
    loop_watch(s->loop, &s->watch, s->transport.fd, events);
}

/* Returns true when epoll reports again what a reader leaves unread. */
static bool is_watched_by_level(const struct stream *s)
{
    return (s->watch.applied & (EPOLLIN | EPOLLET)) == EPOLLIN && s->watch.applied != WATCH_UNKNOWN;
}

/* For what epoll does not report: files, what came before it watches, what an edge-triggered
 * event has left, what the transport has read ahead. */
static void call_reader_soon(struct stream *s)
{
    if (s->on_readable != NULL && !s->dry && (s->transport.pending || !is_watched_by_level(s)))
        loop_notify(s->loop, &s->watch, EPOLLIN);
}

static void keep_failure(struct stream *s, bool reading, struct error *why)
{
    bool is_connection = s->peer.sa.sa_family != 0;

    if (is_connection)
        error_prefix(why, reading ? "error receiving from %s" : "error sending to %s",
                     stream_name(s));
    else
        error_prefix(why, reading ? "error reading %s" : "error writing %s", s->name);
    error_move(&s->failure, why);
}

void stream_fail(struct stream *s, bool reading, struct error *why)
{
    if (s->failed) {
        error_clear(why);
        return;
    }
    keep_failure(s, reading, why);
    s->failed = true;
    s->more_follows = true; /* to a reader, what came before is followed by the failure */
    s->lost = s->out != NULL;
    stream_drop_unsent(s);
}

/* A device that epoll refuses is always ready; anything else cannot be used. */
static void on_unwatchable(struct stream *s)
{
    struct error why = {0};

    s->dry = false;
    if (errno == EPERM) {
        s->transport.always_ready = true;
        s->transport.may_block = false;
        return;
    }
    error_cause(&why, errno);
    stream_fail(s, true, &why);
}

static void on_event(struct watch *w, uint32_t events)
{
    struct stream *s = container_of(w, struct stream, watch);
    bool hung_up = events & (EPOLLHUP | EPOLLERR);
    struct error why = {0};

    if (s->lent) {
        if (events == 0)
            on_unwatchable(s);
        if ((hung_up || s->failed) && s->on_hangup != NULL)
            s->on_hangup(s->owner);
        return;
    }
    if (events == 0) {
        on_unwatchable(s);
        events = EPOLLIN | EPOLLOUT;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        s->dry = false;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        s->more_follows = true;
    s->hung_up = s->hung_up || hung_up;
    hung_up = hung_up && (s->in_ended || s->transport.fd < 0); /* else it is still read */
    if (hung_up && !s->failed && s->transport.ops->failure != NULL &&
        s->transport.ops->failure(&s->transport, &why))
        stream_fail(s, false, &why);
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        s->full = false;
        stream_flush(s);
    }
    if (!s->closed && s->on_readable != NULL && !s->dry) {
        s->on_readable(s->reader);
        if (!s->closed)
            call_reader_soon(s);
    }
    if (!s->closed && s->on_delivered != NULL && (s->failed || stream_is_delivered(s)))
        s->on_delivered(s->owner);
    if (!s->closed && (hung_up || (s->hung_up && s->early_hangup)) && s->on_hangup != NULL)
        s->on_hangup(s->owner);
}

static size_t size_with_peer(const struct addr *peer)
{
    socklen_t least = sizeof(peer->in6);

    return offsetof(struct stream, peer.sa) +
           (peer != NULL && peer->length > least ? peer->length : least);
}

struct stream *stream_new(struct loop *l, const struct transport *t, const char *name,
                          const struct addr *peer, struct error *err)
{
    struct stream *s = calloc(1, size_with_peer(peer));

    if (s == NULL) {
        struct transport dropped = *t;

        dropped.ops->close(&dropped, true);
        error_errno(err, ENOMEM, "cannot open %s", name != NULL ? name : "a connection");
        return NULL;
    }
    s->loop = l;
    s->transport = *t;
    s->name = name;
    s->counts.moved_ms = loop_now_ms(l);
    list_init(&s->waiters);
    loop_init_watch(&s->watch, on_event);
    if (peer != NULL) {
        stream_set_peer(s, peer);
        return s;
    }
    s->in_ended = t->ops->read == NULL;
    if (t->always_ready || t->fd < 0)
        return s;
    s->dry = !t->untried;
    s->more_follows = t->untried;
    if (loop_watch_now(l, &s->watch, t->fd, EPOLLET) < 0)
        on_unwatchable(s);
    if (!s->failed)
        return s;
    error_move(err, &s->failure);
    stream_close(s, STREAM_AT_ONCE);
    return NULL;
}

void stream_close(struct stream *s, enum stream_close how)
{
    size_t got, discarded = 0;

    if (s == NULL || s->closed)
        return;
    if (how == STREAM_GRACEFULLY && !s->in_ended && !s->transport.always_ready)
        while (discarded < CLOSE_DISCARD_MAX &&
               stream_read(s, NULL, CLOSE_DISCARD_MAX, &got) == IO_OK)
            discarded += got;
    s->closed = true;
    if (s->transport.inherited)
        loop_unwatch(s->loop, &s->watch);
    else
        loop_forget(s->loop, &s->watch);
    s->transport.ops->close(&s->transport, how == STREAM_ABORT);
    while (s->waiters.next != &s->waiters)
        list_remove(s->waiters.next);
    stream_drop_unsent(s);
    if (s->peer.sa.sa_family != 0)
        stream_release_names(s);
    error_clear(&s->failure);
    loop_free_later(s->loop, &s->deferred);
}

struct loop *stream_loop(const struct stream *s)
{
    return s->loop;
}

void stream_wrap(struct stream *s, const struct transport *over, struct transport *under)
{
    *under = s->transport;
    s->transport = *over;
    s->transport.inherited = under->inherited;
    s->transport.pending = under->pending;
    s->transport.holds_output = under->holds_output;
}

int stream_descriptor(const struct stream *s)
{
    return s->transport.fd;
}

void stream_set_dry(struct stream *s)
{
    s->dry = true;
}

void stream_set_reader(struct stream *s, void (*on_readable)(void *arg), void *arg)
{
    if (on_readable == NULL && s->on_readable == NULL)
        return;
    s->on_readable = on_readable;
    s->reader = arg;
    call_reader_soon(s);
    stream_update_interest(s);
}

bool stream_has_more(const struct stream *s)
{
    return !s->dry && !s->in_ended;
}

bool stream_has_unread(struct stream *s)
{
    char first;
    size_t got;

    if (s->in_ended || s->transport.ops->peek == NULL)
        return stream_has_more(s);
    return stream_peek(s, &first, 1, &got) == IO_OK;
}

void stream_wait(struct stream *s, struct stream_waiter *w)
{
    if (list_is_empty(&w->link))
        list_append(&s->waiters, &w->link);
    stream_update_interest(s);
}

void stream_wake(struct stream *s, uint32_t events)
{
    if (!s->closed)
        loop_notify(s->loop, &s->watch, events);
}

void stream_pause(struct stream *s, bool paused)
{
    s->paused = paused;
    stream_update_interest(s);
    if (!paused)
        loop_notify(s->loop, &s->watch, EPOLLIN | EPOLLOUT);
}

/* The data ended, but the peer did not say so. */
static void truncate_data(struct stream *s, struct error *why)
{
    if (s->failed) {
        error_clear(why);
        return;
    }
    keep_failure(s, true, why);
    s->truncated = true;
}

enum io stream_met_read(struct stream *s, enum io result, size_t max, size_t got, struct error *why)
{
    if (s->transport.holds_output) /* reading may produce some */
        stream_update_interest(s);
    if (result == IO_OK) {
        s->counts.in_bytes += got;
        s->bulk = got >= MUCH;
        s->counts.moved_ms = loop_now_ms(s->loop);
        s->dry = got < max && got < MUCH && !s->more_follows && is_watched_by_level(s) &&
                 !s->transport.pending;
        return IO_OK;
    }
    s->dry = result == IO_AGAIN;
    if (result == IO_AGAIN)
        s->more_follows = false;
    if (result == IO_FAILED)
        stream_fail(s, true, why);
    if (result == IO_END && why != NULL && error_is_set(why))
        truncate_data(s, why);
    /* After a failure to write, this was the last that the peer had sent before. */
    if (s->failed)
        result = IO_FAILED;
    if (result != IO_AGAIN) {
        s->in_ended = true;
        s->on_readable = NULL;
        stream_update_interest(s);
        /* The hang-up waited for this, and epoll reports no edge twice. */
        if (s->hung_up && s->watch.events == s->watch.applied)
            loop_notify(s->loop, &s->watch, EPOLLHUP);
    }
    return result;
}

enum io stream_met_write(struct stream *s, enum io result, size_t put, struct error *why)
{
    if (s->transport.holds_output) /* perhaps the last that is written */
        stream_update_interest(s);
    if (result == IO_OK) {
        s->counts.out_bytes += put;
        s->has_sent = true;
        s->counts.moved_ms = loop_now_ms(s->loop);
    } else if (result == IO_AGAIN) {
        s->full = true;
    } else {
        stream_fail(s, false, why);
        s->lost = true;
    }
    return result;
}

enum io stream_read(struct stream *s, void *to, size_t max, size_t *got)
{
    struct error why = {0};
    enum io result = IO_END;

    *got = 0;
    if (!s->in_ended)
        result = s->transport.ops->read(&s->transport, to, max, got, &why);
    return stream_met_read(s, result, max, *got, &why);
}

bool stream_is_blocked(const struct stream *s)
{
    return !s->failed && (s->full || s->out != NULL || s->transport.holds_output);
}

enum io stream_peek(struct stream *s, void *to, size_t max, size_t *got)
{
    struct error why = {0};
    enum io result = IO_END;

    *got = 0;
    if (!s->in_ended)
        result = s->transport.ops->peek(&s->transport, to, max, got, &why);
    return result == IO_OK ? result : stream_met_read(s, result, max, 0, &why);
}

bool stream_can_borrow(const struct stream *s)
{
    return s->transport.ops->borrow != NULL;
}

enum io stream_borrow(struct stream *s, struct iovec *iov, size_t max, size_t *count)
{
    struct error why = {0};
    enum io result = IO_END;

    if (!s->in_ended)
        result = s->transport.ops->borrow(&s->transport, iov, max, count, &why);
    return result == IO_OK ? result : stream_met_read(s, result, 0, 0, &why);
}

void stream_take(struct stream *s, size_t n)
{
    bool more = s->transport.ops->take(&s->transport, n);

    stream_met_read(s, IO_OK, n, n, NULL);
    s->dry = !more;
}

void stream_on_hangup(struct stream *s, void (*on_hangup)(void *owner), void *owner)
{
    s->on_hangup = on_hangup;
    s->owner = owner;
}

bool stream_can_be_lent(const struct stream *s)
{
    return s->transport.access == KERNEL_SOCKET;
}

/* O_NONBLOCK belongs to the open file description, which both processes have; open(2). */
int stream_lend(struct stream *s)
{
    if (fcntl(s->transport.fd, F_SETFL, 0) < 0)
        return -1;
    step_report(&(struct step){.kind = STEP_LEND, .fd = s->transport.fd});
    s->lent = true;
    stream_update_interest(s);
    return s->transport.fd;
}

void stream_take_back(struct stream *s, uint64_t in_bytes, uint64_t out_bytes)
{
    s->lent = false;
    s->counts.in_bytes += in_bytes;
    s->counts.out_bytes += out_bytes;
    s->counts.moved_ms = loop_now_ms(s->loop);
}

void stream_describe(const struct stream *s,
                     void (*tell)(void *arg, const char *name, const char *value), void *arg)
{
    if (s->transport.ops->describe != NULL)
        s->transport.ops->describe(&s->transport, tell, arg);
}

void stream_report_hangup_early(struct stream *s)
{
    s->early_hangup = true;
}

const struct error *stream_failure(const struct stream *s)
{
    return s->failed ? &s->failure : NULL;
}

const struct error *stream_truncation(const struct stream *s)
{
    return s->truncated && !s->failed ? &s->failure : NULL;
}

const struct stream_counts *stream_counts(const struct stream *s)
{
    return &s->counts;
}

void stream_reset_counts(struct stream *s)
{
    s->counts.in_bytes = s->counts.out_bytes = 0;
}
