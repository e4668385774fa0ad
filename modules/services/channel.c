/* Owns the shared log of a channel, and its subscribers. The pace is that of the log. */
#include "services/channel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/event.h"
#include "core/pace.h"

/* The part of the log that one piece may take. Congestion begins at half a log: so readers that
 * keep up stay well within it. */
enum { PIECE_SHARE = 8 };

struct channel {
    struct loop *loop;
    struct shared_log *log;
    struct pace pace;
    size_t piece_max;
    uint32_t authors; /* the number of the last */
    bool ended;
    bool is_cut;
    bool is_short; /* the log has not got its memory, which was reported */
};

struct subscriber {
    struct log_reader reader;
    struct channel *channel;
    enum channel_role role;
};

static struct subscriber *subscriber_of(const struct transport *t)
{
    return t->state;
}

static bool get_failure(struct transport *t, struct error *err)
{
    const struct subscriber *s = subscriber_of(t);

    if (s->reader.lost)
        error_set(err, EXITCODE_FAILED, "fell behind");
    else if (s->channel->is_cut && log_reader_is_done(&s->reader))
        error_set(err, EXITCODE_FAILED, "cut off");
    else
        return false;
    return true;
}

static enum io borrow(struct transport *t, struct iovec *iov, size_t max, size_t *count,
                      struct error *err)
{
    struct subscriber *s = subscriber_of(t);

    *count = 0;
    if (get_failure(t, err))
        return IO_FAILED;
    if (log_reader_is_done(&s->reader))
        return IO_END;
    if (log_reader_is_overrun(&s->reader))
        return IO_AGAIN; /* the pace is about to find out */
    *count = log_reader_peek(&s->reader, iov, max);
    return *count > 0 ? IO_OK : IO_AGAIN;
}

/* After the last byte, reading meets the end. */
static bool take(struct transport *t, size_t n)
{
    struct log_reader *r = &subscriber_of(t)->reader;

    log_reader_take(r, n);
    return log_reader_has_more(r) || log_reader_is_done(r);
}

static enum io read_some(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct iovec piece;
    size_t count;
    enum io result = borrow(t, &piece, 1, &count, err);

    if (result != IO_OK)
        return result;
    *got = piece.iov_len < max ? piece.iov_len : max;
    if (to != NULL)
        memcpy(to, piece.iov_base, *got);
    take(t, *got);
    return IO_OK;
}

/* Readers that fall behind lose their place sooner then. */
static void report_short_log(struct channel *c)
{
    if (shared_log_is_short(c->log) && !c->is_short)
        event_error("the buffer cannot grow: out of memory; it holds less than --buffer");
    c->is_short = shared_log_is_short(c->log);
}

static enum io write_all(struct subscriber *s, const char *bytes, size_t n, size_t *put,
                         struct error *err)
{
    struct channel *c = s->channel;

    while (*put < n && pace_may_append(&s->reader)) {
        size_t piece = n - *put < c->piece_max ? n - *put : c->piece_max;

        if (pace_append(&c->pace, bytes + *put, piece, &s->reader, false) < 0) {
            error_set(err, EXITCODE_FAILED, "out of memory");
            return IO_FAILED;
        }
        report_short_log(c);
        *put += piece;
    }
    return *put > 0 ? IO_OK : IO_AGAIN;
}

static enum io write_some(struct transport *t, const struct iovec *iov, int count, size_t *put,
                          struct error *err)
{
    struct subscriber *s = subscriber_of(t);

    (void)count;
    if (s->role != CHANNEL_LISTENS && !s->channel->ended)
        return write_all(s, iov->iov_base, iov->iov_len, put, err);
    *put = iov->iov_len;
    return IO_OK;
}

static void close_subscriber(struct transport *t, bool abort)
{
    (void)abort;
    log_reader_leave(&subscriber_of(t)->reader);
    free(t->state);
}

static const struct transport_ops subscriber_ops = {
    .read = read_some,
    .borrow = borrow,
    .take = take,
    .write = write_some,
    .close = close_subscriber,
    .failure = get_failure,
};

static const struct transport_ops publisher_ops = {
    .write = write_some,
    .close = close_subscriber,
};

struct channel *channel_new(struct loop *l, size_t buffer_bytes, struct error *err)
{
    struct channel *c = calloc(1, sizeof(*c));

    if (c != NULL)
        c->log = shared_log_new(buffer_bytes);
    if (c == NULL || c->log == NULL) {
        error_set(err, EXITCODE_FAILED, "cannot allocate the buffer: out of memory");
        free(c);
        return NULL;
    }
    c->loop = l;
    c->piece_max = buffer_bytes / PIECE_SHARE;
    pace_init(&c->pace, l, c->log);
    return c;
}

void channel_free(struct channel *c)
{
    if (c == NULL)
        return;
    pace_clear(&c->pace);
    shared_log_free(c->log);
    free(c);
}

struct stream *channel_join(struct channel *c, enum channel_role role, struct error *err)
{
    struct subscriber *s = calloc(1, sizeof(*s));
    const struct transport t = {
        .ops = role == CHANNEL_PUBLISHES ? &publisher_ops : &subscriber_ops,
        .fd = -1,
        .state = s,
    };
    struct stream *stream;

    if (s == NULL) {
        error_set(err, EXITCODE_FAILED, "cannot subscribe: out of memory");
        return NULL;
    }
    s->channel = c;
    s->role = role;
    log_reader_init(&s->reader, &c->pace);
    s->reader.author = c->authors = c->authors % SHARED_LOG_AUTHOR_MAX + 1;
    if (role != CHANNEL_PUBLISHES)
        log_reader_join(&s->reader, shared_log_head(c->log));
    if (c->ended)
        log_reader_finish(&s->reader);
    stream = stream_new(c->loop, &t, "the shared data", NULL, err);
    if (stream != NULL)
        s->reader.stream = stream;
    return stream;
}

void channel_end(struct channel *c, bool is_cut)
{
    c->ended = true;
    c->is_cut = is_cut;
    for (struct list *l = c->pace.readers.next; l != &c->pace.readers; l = l->next) {
        struct log_reader *r = container_of(l, struct log_reader, link);

        log_reader_finish(r);
        stream_wake(r->stream, EPOLLIN);
    }
}

bool channel_is_cut(const struct channel *c)
{
    return c->is_cut;
}

size_t channel_piece_max(const struct channel *c)
{
    return c->piece_max;
}
