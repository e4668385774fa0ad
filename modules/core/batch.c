/* Owns when a fast flow is read in batches. Reads nothing itself. */
#include "core/batch.h"

#include "net/socket.h"

enum {
    GATHERED = 256 << 10, /* for this much somebody is woken */
    TICK_MS = 2,          /* how long less than that may wait */
    LOOK_MS = 4,
    FAST = 1 << 20,   /* as much within LOOK_MS makes a flow a fast one ... */
    SLOW = 512 << 10, /* ... and less within TICK_MS ends that */
};

static bool is_gathering(const struct batch *b)
{
    return timer_is_set(&b->tick);
}

static void begin_look(struct batch *b, struct stream *s)
{
    b->stream = s;
    b->seen_bytes = s->in_bytes;
    b->since_ms = loop_now_ms(s->loop);
}

static void stop(struct batch *b)
{
    loop_cancel_timer(b->stream->loop, &b->tick);
    if (!b->stream->closed) {
        socket_set_low_water(b->stream->transport.fd, 1); /* what waits is told now; tcp(7) */
        stream_heed(b->stream, STREAM_OUTPUT);
    }
    b->stream = NULL;
}

static void on_tick(struct timer *t)
{
    struct batch *b = container_of(t, struct batch, tick);
    struct stream *s = b->stream;

    if (s->in_bytes - b->seen_bytes >= SLOW) {
        begin_look(b, s);
        loop_set_timer(s->loop, t, TICK_MS);
        return;
    }
    s->unbatched = !s->readable && socket_unread(s->transport.fd) > 0;
    stop(b);
}

void batch_init(struct batch *b)
{
    *b = (struct batch){.tick = {.on_due = on_tick}};
}

void batch_starved(struct batch *b, struct stream *s)
{
    if (is_gathering(b) || s->unbatched || s->transport.kind != TRANSPORT_SOCKET)
        return;
    if (b->stream != s || loop_now_ms(s->loop) - b->since_ms > LOOK_MS) {
        begin_look(b, s);
        return;
    }
    if (s->in_bytes - b->seen_bytes < FAST || loop_set_timer(s->loop, &b->tick, TICK_MS) < 0)
        return;
    begin_look(b, s);
    socket_set_low_water(s->transport.fd, GATHERED);
    /* Else events of input that we have already taken come as ones of output. */
    stream_ignore(s, STREAM_OUTPUT);
}

void batch_forget(struct batch *b, struct stream *s)
{
    if (b->stream != s)
        return;
    if (is_gathering(b))
        stop(b);
    b->stream = NULL;
}
