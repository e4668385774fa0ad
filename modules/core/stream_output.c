/* Owns the output of a stream: what is unsent, the end of data, and what has arrived. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/step.h"
#include "core/stream_private.h"

void stream_drop_unsent(struct stream *s)
{
    if (s->out == NULL)
        return;
    if (s->out->pipe.held_bytes > 0)
        workspace_give_pipe(s->out->work, &s->out->pipe);
    buf_free(&s->out->bytes);
    free(s->out);
    s->out = NULL;
}

static enum io shut_now(struct stream *s)
{
    struct error why = {0};
    enum io result = IO_OK;

    if (s->transport.inherited) /* shut may close it, and duplicates may exist */
        loop_unwatch(s->loop, &s->watch);
    if (s->transport.ops->shut != NULL)
        result = s->transport.ops->shut(&s->transport, &why);
    s->shut_done = result != IO_AGAIN;
    if (result == IO_AGAIN)
        stream_update_interest(s);
    if (result != IO_FAILED)
        return IO_OK;
    stream_fail(s, false, &why);
    return IO_FAILED;
}

/* Goes on with what the transport holds. */
static enum io flush_transport(struct stream *s)
{
    struct error why = {0};

    if (!s->transport.holds_output)
        return IO_OK;
    return stream_met_write(s, s->transport.ops->flush(&s->transport, &why), 0, &why);
}

/* Writes until everything is out or nothing is taken; *done counts. */
static enum io write_some(struct stream *s, const char *bytes, size_t n, size_t *done)
{
    /* A transport that holds bytes makes pieces of its own, such as records. */
    bool in_pieces = s->peer.sa.sa_family != 0 && s->transport.ops->flush == NULL;
    size_t most = in_pieces ? STREAM_SEND_PIECE : n;

    while (*done < n) {
        struct iovec piece = {(char *)bytes + *done, n - *done < most ? n - *done : most};
        size_t put;
        enum io result = stream_try_write(s, &piece, 1, &put);

        if (result != IO_OK)
            return result;
        *done += put;
    }
    return IO_OK;
}

/* Writes what the pipe holds until it is empty or nothing is taken. */
static enum io empty_pipe(struct stream *s, struct workspace_pipe *p)
{
    struct error why = {0};

    while (p->held_bytes > 0) {
        ssize_t n = TEMP_FAILURE_RETRY(splice(p->ends[0], NULL, s->transport.fd, NULL,
                                              p->held_bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));

        if (n <= 0 && errno == EAGAIN)
            return stream_met_write(s, IO_AGAIN, 0, NULL);
        step_report(&(struct step){.kind = STEP_SPLICE_TO,
                                   .fd = s->transport.fd,
                                   .size = n > 0 ? (size_t)n : 0,
                                   .failure = n > 0 ? 0 : errno});
        if (n <= 0) {
            error_cause(&why, errno == EPIPE ? ECONNRESET : errno);
            return stream_met_write(s, IO_FAILED, 0, &why);
        }
        p->held_bytes -= (size_t)n;
        stream_met_write(s, IO_OK, (size_t)n, NULL);
    }
    return IO_OK;
}

enum io stream_send_pipe(struct stream *s, struct workspace *w, struct workspace_pipe *p)
{
    struct error why = {0};
    enum io result = s->failed ? IO_FAILED : empty_pipe(s, p);

    if (result == IO_AGAIN && (s->out = calloc(1, sizeof(*s->out))) != NULL) {
        s->out->pipe = *p;
        s->out->work = w;
        stream_update_interest(s);
        return IO_OK;
    }
    if (result == IO_AGAIN) {
        error_cause(&why, ENOMEM);
        result = stream_met_write(s, IO_FAILED, 0, &why);
    }
    workspace_give_pipe(w, p);
    return result;
}

/* Sends what is unsent until nothing is taken. */
static enum io send_unsent(struct stream *s)
{
    struct unsent *u = s->out;
    bool had_pipe = u->pipe.held_bytes > 0;
    enum io result = empty_pipe(s, &u->pipe);
    size_t done = 0;

    if (s->out == NULL || result != IO_OK)
        return result;
    if (had_pipe)
        workspace_give_pipe(u->work, &u->pipe);
    result = write_some(s, buf_head(&u->bytes), buf_length(&u->bytes), &done);
    if (result == IO_AGAIN)
        buf_consume(&u->bytes, done);
    return result;
}

void stream_flush(struct stream *s)
{
    if (flush_transport(s) == IO_AGAIN)
        return;
    if (s->out != NULL) {
        if (send_unsent(s) == IO_AGAIN)
            return;
        stream_drop_unsent(s);
    }
    if (s->shut_asked && !s->shut_done && !s->failed)
        shut_now(s);
    while (s->waiters.next != &s->waiters && !stream_is_blocked(s) && !s->closed) {
        struct stream_waiter *w = container_of(s->waiters.next, struct stream_waiter, link);

        list_remove(&w->link);
        w->on_writable(w);
    }
    stream_update_interest(s);
}

enum io stream_try_write(struct stream *s, const struct iovec *iov, int count, size_t *put)
{
    struct error why = {0};
    enum io result;

    *put = 0;
    s->lost = s->lost || s->failed;
    if (s->failed || s->full)
        return s->failed ? IO_FAILED : IO_AGAIN;
    result = s->transport.ops->write(&s->transport, iov, count, put, &why);
    return stream_met_write(s, result, *put, &why);
}

enum io stream_write(struct stream *s, const void *bytes, size_t n)
{
    struct error why = {0};
    size_t done = 0;

    if (s->out == NULL) {
        enum io result = write_some(s, bytes, n, &done);

        if (result != IO_AGAIN)
            return result;
        s->out = calloc(1, sizeof(*s->out));
    }
    if (s->out != NULL && buf_add(&s->out->bytes, (const char *)bytes + done, n - done) == 0) {
        stream_update_interest(s);
        return IO_OK;
    }
    error_cause(&why, ENOMEM);
    return stream_met_write(s, IO_FAILED, 0, &why);
}

enum io stream_shut(struct stream *s)
{
    s->shut_asked = true;
    if (s->shut_done || s->failed)
        return s->shut_done ? IO_OK : IO_FAILED;
    return s->out != NULL ? IO_OK : shut_now(s);
}

size_t stream_unsent(const struct stream *s)
{
    return s->out != NULL ? s->out->pipe.held_bytes + buf_length(&s->out->bytes) : 0;
}

/* With the end of data, which counts as one. */
static size_t undelivered(const struct stream *s)
{
    size_t unsent = stream_unsent(s) + s->lost + (s->shut_asked && !s->shut_done);

    if (!s->has_sent || s->transport.ops->unacknowledged == NULL)
        return unsent;
    return unsent + s->transport.ops->unacknowledged(&s->transport);
}

size_t stream_undelivered(const struct stream *s)
{
    size_t all = undelivered(s);

    return all > 0 && s->shut_asked && !s->lost ? all - 1 : all;
}

bool stream_is_delivered(const struct stream *s)
{
    return undelivered(s) == 0;
}

void stream_await_delivery(struct stream *s, void (*on_delivered)(void *owner))
{
    s->on_delivered = on_delivered;
    stream_update_interest(s);
}

int64_t stream_moved_ms(struct stream *s)
{
    uint32_t left = (uint32_t)undelivered(s);

    if (left < s->unacknowledged)
        s->counts.moved_ms = loop_now_ms(s->loop);
    s->unacknowledged = left;
    return s->counts.moved_ms;
}
