/* Owns readiness, the output buffer and the teardown of one descriptor. Decides nothing about
 * where bytes go. */
#include "core/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "net/socket.h"

/* Bytes dropped at a graceful close; a peer that keeps sending cannot hold us. */
enum { CLOSE_DISCARD_MAX = 16 << 20 };

/* A read of as much belongs to a flow of which more is on its way. */
enum { MUCH = 16 << 10 };

static void flush(struct stream *s);

static void wake_writers(struct stream *s)
{
    while (!list_is_empty(&s->writers) && !stream_is_blocked(s) && !s->closed) {
        struct stream_writer *w = container_of(s->writers.next, struct stream_writer, link);

        list_remove(&w->link);
        w->on_writable(w);
    }
}

static uint32_t wanted_events(const struct stream *s)
{
    uint32_t events = EPOLLRDHUP | EPOLLET;

    if (!(s->ignored & STREAM_INPUT))
        events |= EPOLLIN | EPOLLPRI;
    if (!(s->ignored & STREAM_OUTPUT))
        events |= EPOLLOUT;
    return events;
}

static bool awaits_output(const struct stream *s)
{
    return !s->writable || s->on_delivered != NULL;
}

void stream_ignore(struct stream *s, enum stream_side side)
{
    if ((s->ignored & side) || (side == STREAM_OUTPUT && awaits_output(s)))
        return;
    s->ignored |= (unsigned char)side;
    loop_rewatch(s->loop, &s->watch, wanted_events(s));
}

void stream_heed(struct stream *s, enum stream_side side)
{
    if (!(s->ignored & side))
        return;
    s->ignored &= (unsigned char)~side;
    loop_rewatch(s->loop, &s->watch, wanted_events(s));
}

void stream_found_empty(struct stream *s)
{
    s->readable = s->transport.always_ready;
    stream_heed(s, STREAM_INPUT);
}

void stream_found_full(struct stream *s)
{
    s->writable = s->transport.always_ready;
    stream_heed(s, STREAM_OUTPUT);
}

/* A pipe tells its writers of every read, even when they never had to wait. */
static void ignore_needless_output(struct stream *s, uint32_t events)
{
    if ((events & EPOLLOUT) && s->transport.kind == TRANSPORT_PIPE)
        stream_ignore(s, STREAM_OUTPUT);
}

static void on_event(struct watch *watch, uint32_t events)
{
    struct stream *s = container_of(watch, struct stream, watch);

    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        s->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
        s->more_follows = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        ignore_needless_output(s, events);
        s->writable = true;
        flush(s);
    }
    if (!s->closed && s->readable && !s->in_ended && s->on_readable != NULL)
        s->on_readable(s);
    if (!s->closed && (events & (EPOLLHUP | EPOLLERR)) && s->on_hangup != NULL)
        s->on_hangup(s);
}

void stream_init(struct stream *s, struct loop *l, const struct transport *t)
{
    *s = (struct stream){.loop = l,
                         .transport = *t,
                         .moved_ms = loop_now_ms(l),
                         .readable = true,
                         .writable = true,
                         .more_follows = true};
    list_init(&s->writers);
    s->watch.on_event = on_event;
    s->watch.fd = -1;
}

int stream_watch(struct stream *s, struct error *err)
{
    if (s->transport.always_ready)
        return 0;
    s->more_follows = false; /* until an event says so */
    if (loop_watch(s->loop, &s->watch, s->transport.fd, wanted_events(s)) == 0)
        return 0;
    if (errno == EPERM) { /* a device that epoll knows nothing of */
        s->transport.always_ready = s->readable = true;
        s->transport.may_block = false;
        return 0;
    }
    transport_read_error(&s->transport, errno, err);
    return -1;
}

int stream_open(struct stream *s, struct loop *l, const struct transport *t, struct error *err)
{
    stream_init(s, l, t);
    s->readable = t->always_ready; /* else the first event tells */
    if (stream_watch(s, err) == 0)
        return 0;
    stream_close(s, false);
    return -1;
}

void stream_set_reader(struct stream *s, void (*on_readable)(struct stream *s), void *reader)
{
    s->on_readable = on_readable;
    s->reader = reader;
    stream_heed(s, STREAM_INPUT);
}

void stream_count_in(struct stream *s, size_t n)
{
    s->in_bytes += n;
    s->moved_ms = loop_now_ms(s->loop);
}

void stream_count_out(struct stream *s, size_t n)
{
    s->out_bytes += n;
    s->moved_ms = loop_now_ms(s->loop);
}

/* Brings the flags up to what a read of max bytes has told. */
static enum io after_read(struct stream *s, enum io result, size_t max, size_t got)
{
    if (result == IO_OK) {
        stream_count_in(s, got);
        /* A socket that gave less has no more, unless its end or an urgent mark
         * follows; epoll(7), tcp(7). After much, more has come by now: to ask is
         * cheaper than to sleep and be woken. */
        if (got < max && got < MUCH && !s->more_follows && s->transport.kind == TRANSPORT_SOCKET)
            stream_found_empty(s);
    } else if (result == IO_AGAIN) {
        stream_found_empty(s);
    } else {
        s->read_failure = result == IO_FAILED ? errno : 0;
        s->in_ended = true;
    }
    return result;
}

enum io stream_read(struct stream *s, void *to, size_t max, size_t *got, struct error *err)
{
    enum io result;

    *got = 0;
    if (!s->readable)
        return IO_AGAIN;
    result = s->transport.ops->read(&s->transport, to, max, got, err);
    return after_read(s, result, max, *got);
}

enum io stream_discard(struct stream *s, size_t max, size_t *got, struct error *err)
{
    enum io result;

    *got = 0;
    if (!s->readable)
        return IO_AGAIN;
    result = s->transport.ops->discard(&s->transport, max, got, err);
    return after_read(s, result, max, *got);
}

bool stream_is_blocked(const struct stream *s)
{
    return s->broken == 0 && (!s->writable || buf_length(&s->out) > 0);
}

bool stream_is_broken(const struct stream *s, struct error *err)
{
    if (s->broken != 0)
        transport_write_error(&s->transport, s->broken, err);
    return s->broken != 0;
}

/* A failure is kept: whoever writes next, or waits, is told the same. */
static enum io break_off(struct stream *s, int number, struct error *err)
{
    s->broken = number;
    buf_free(&s->out);
    stream_is_broken(s, err);
    return IO_FAILED;
}

enum io stream_try_write(struct stream *s, const struct iovec *from, int count, size_t *put,
                         struct error *err)
{
    enum io result;

    *put = 0;
    if (stream_is_broken(s, err))
        return IO_FAILED;
    if (!s->writable)
        return IO_AGAIN;
    result = s->transport.ops->write(&s->transport, from, count, put, err);
    if (result == IO_OK)
        stream_count_out(s, *put);
    else if (result == IO_AGAIN)
        stream_found_full(s);
    else
        s->broken = errno;
    return result;
}

/* Writes until everything is out or nothing is taken; *done counts. */
static enum io write_some(struct stream *s, const char *bytes, size_t n, size_t *done,
                          struct error *err)
{
    size_t most = s->transport.kind == TRANSPORT_SOCKET ? STREAM_SEND_PIECE : n;

    *done = 0;
    while (*done < n) {
        struct iovec piece = {(char *)bytes + *done, n - *done < most ? n - *done : most};
        size_t put;
        enum io result = stream_try_write(s, &piece, 1, &put, err);

        if (result != IO_OK)
            return result;
        *done += put;
    }
    return IO_OK;
}

enum io stream_write(struct stream *s, const void *bytes, size_t n, struct error *err)
{
    size_t done = 0;
    enum io result = IO_AGAIN;

    if (buf_length(&s->out) == 0)
        result = write_some(s, bytes, n, &done, err);
    if (result != IO_AGAIN)
        return result;
    if (buf_add(&s->out, (const char *)bytes + done, n - done) == 0)
        return IO_AGAIN;
    return break_off(s, ENOMEM, err);
}

static int shut_now(struct stream *s, struct error *err)
{
    s->shut_done = true;
    /* What is local is closed by this, and copies of it may live on elsewhere. */
    if (s->transport.kind != TRANSPORT_SOCKET)
        loop_unwatch(s->loop, &s->watch);
    if (s->transport.ops->shut(&s->transport, err) == 0)
        return 0;
    s->broken = errno;
    return -1;
}

static void flush(struct stream *s)
{
    size_t done = 0;

    if (buf_length(&s->out) > 0) {
        enum io result = write_some(s, buf_head(&s->out), buf_length(&s->out), &done, NULL);

        if (result == IO_AGAIN) {
            buf_consume(&s->out, done);
            return;
        }
        buf_free(&s->out);
    }
    if (s->shut_asked && !s->shut_done && s->broken == 0)
        shut_now(s, NULL);
    wake_writers(s);
    if (!s->closed && s->on_delivered != NULL && (stream_is_delivered(s) || s->broken != 0))
        s->on_delivered(s);
}

void stream_wait(struct stream *s, struct stream_writer *w)
{
    if (list_is_empty(&w->link))
        list_append(&s->writers, &w->link);
}

int stream_shut(struct stream *s, struct error *err)
{
    s->shut_asked = true;
    if (s->shut_done || buf_length(&s->out) > 0)
        return 0;
    if (stream_is_broken(s, err))
        return -1;
    return shut_now(s, err);
}

bool stream_is_delivered(const struct stream *s)
{
    if (buf_length(&s->out) > 0 || (s->shut_asked && !s->shut_done))
        return false;
    return s->transport.kind != TRANSPORT_SOCKET || s->out_bytes == 0 ||
           socket_unacknowledged(s->transport.fd) == 0;
}

void stream_await_delivery(struct stream *s, void (*on_delivered)(struct stream *s))
{
    s->on_delivered = on_delivered;
    stream_heed(s, STREAM_OUTPUT);
}

void stream_close(struct stream *s, bool gracefully)
{
    size_t got, discarded = 0;

    if (s->loop == NULL || s->closed)
        return;
    if (gracefully && !s->in_ended && !s->transport.always_ready) {
        s->readable = true;
        while (discarded < CLOSE_DISCARD_MAX &&
               stream_discard(s, CLOSE_DISCARD_MAX, &got, NULL) == IO_OK)
            discarded += got;
    }
    s->closed = true;
    if (s->transport.kind == TRANSPORT_SOCKET) /* ours alone, unlike what was inherited */
        loop_forget(&s->watch);
    else
        loop_unwatch(s->loop, &s->watch);
    s->transport.ops->close(&s->transport);
    buf_free(&s->out);
    while (!list_is_empty(&s->writers))
        list_remove(s->writers.next);
}
