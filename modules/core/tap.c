/* Owns the looking at one connection. Leaves the form of what is seen to hexdump.c. */
#include "core/tap.h"

#include <errno.h>
#include <stdlib.h>

enum { DISCARD_SIZE = 16 << 10 };

struct tap {
    struct transport below;
    struct stream *stream;
    struct hexdump *dump;
    struct stream_waiter waiting; /* for the dump */
    uint64_t in_bytes;
    uint64_t out_bytes;
    bool has_turn; /* the dump has become free */
};

/* Shows streams what the transport below shows. */
static enum io pass_on(struct transport *t, enum io result)
{
    const struct tap *tap = t->state;

    t->fd = tap->below.fd;
    t->pending = tap->below.pending;
    t->holds_output = tap->below.holds_output;
    return result;
}

/* A connection whose turn has come is not kept waiting by one that was faster. */
static bool must_wait(struct tap *tap)
{
    bool blocked = !tap->has_turn && hexdump_is_blocked(tap->dump, &tap->waiting);

    tap->has_turn = false;
    if (blocked)
        stream_pause(tap->stream, true);
    return blocked;
}

static void on_dump_writable(struct stream_waiter *w)
{
    struct tap *tap = container_of(w, struct tap, waiting);

    tap->has_turn = true;
    stream_pause(tap->stream, false);
}

static enum io read_tap(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct tap *tap = t->state;
    char discarded[DISCARD_SIZE];
    struct iovec piece;
    enum io result;

    if (must_wait(tap))
        return IO_AGAIN;
    if (to == NULL) {
        to = discarded;
        max = max < sizeof(discarded) ? max : sizeof(discarded);
    }
    result = pass_on(t, tap->below.ops->read(&tap->below, to, max, got, err));
    if (result != IO_OK)
        return result;
    piece = (struct iovec){to, *got};
    hexdump_add(tap->dump, tap->stream, '<', tap->in_bytes, &piece, *got);
    tap->in_bytes += *got;
    return IO_OK;
}

static enum io peek(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct tap *tap = t->state;

    return pass_on(t, tap->below.ops->peek(&tap->below, to, max, got, err));
}

static enum io write_tap(struct transport *t, const struct iovec *iov, int count, size_t *put,
                         struct error *err)
{
    struct tap *tap = t->state;
    enum io result;

    if (must_wait(tap))
        return IO_AGAIN;
    result = pass_on(t, tap->below.ops->write(&tap->below, iov, count, put, err));
    if (*put == 0)
        return result;
    hexdump_add(tap->dump, tap->stream, '>', tap->out_bytes, iov, *put);
    tap->out_bytes += *put;
    return result;
}

static enum io flush(struct transport *t, struct error *err)
{
    struct tap *tap = t->state;

    return pass_on(t, tap->below.ops->flush(&tap->below, err));
}

static enum io shut(struct transport *t, struct error *err)
{
    struct tap *tap = t->state;

    return pass_on(t, tap->below.ops->shut(&tap->below, err));
}

static void close_tap(struct transport *t, bool abort)
{
    struct tap *tap = t->state;

    list_remove(&tap->waiting.link);
    tap->below.ops->close(&tap->below, abort);
    free(tap);
}

static size_t unacknowledged(const struct transport *t)
{
    const struct tap *tap = t->state;

    return tap->below.ops->unacknowledged != NULL ? tap->below.ops->unacknowledged(&tap->below) : 0;
}

static bool failure(struct transport *t, struct error *err)
{
    struct tap *tap = t->state;

    return tap->below.ops->failure != NULL && tap->below.ops->failure(&tap->below, err);
}

static void describe(const struct transport *t,
                     void (*tell)(void *arg, const char *name, const char *value), void *arg)
{
    const struct tap *tap = t->state;

    if (tap->below.ops->describe != NULL)
        tap->below.ops->describe(&tap->below, tell, arg);
}

static const struct transport_ops ops = {
    .read = read_tap,
    .peek = peek,
    .write = write_tap,
    .flush = flush,
    .shut = shut,
    .close = close_tap,
    .unacknowledged = unacknowledged,
    .failure = failure,
    .describe = describe,
};

int tap_install(struct hexdump *d, struct stream *s, struct error *err)
{
    struct tap *tap = calloc(1, sizeof(*tap));
    struct transport over = {.ops = &ops, .fd = stream_descriptor(s), .state = tap};

    if (tap == NULL) {
        error_cause(err, ENOMEM);
        return -1;
    }
    tap->stream = s;
    tap->dump = d;
    tap->waiting.on_writable = on_dump_writable;
    list_init(&tap->waiting.link);
    stream_wrap(s, &over, &tap->below);
    return 0;
}
