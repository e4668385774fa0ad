/* stages/tls_stage, net/tls_transport: whatever bytes come instead of a handshake, and whatever
 * happens on the way to the bytes of one, a side gets the other's data unchanged or fails; and
 * it meets the end of data, and calls it that, only after all of the data. */
#include <sys/epoll.h>

#include "net/tls_transport.h"
#include "stages/tls_stage.h"
#include "tests/fuzz/cut.h"

enum { DATA = 40000, STEPS_MAX = 2000, EDITS_MAX = 8 };

/* Changes one byte of a direction, or ends the direction there. */
struct edit {
    size_t position;
    uint8_t change; /* 0: end */
};

struct way {
    struct buf bytes;
    struct edit edits[EDITS_MAX];
    size_t edit_count;
    size_t written;
    size_t piece; /* how much one call takes */
    bool blocked; /* every other call takes nothing */
    bool ended;
};

struct side {
    struct stream *stream;
    struct stage *stage;
    struct way *in;
    struct way *out;
    struct buf got;
    bool ready;
    bool over;
    bool closed;
};

static char data[DATA];

static struct way *in_of(const struct transport *t)
{
    return ((struct side *)t->state)->in;
}

static enum io read_way(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct way *w = in_of(t);

    (void)err;
    if (buf_length(&w->bytes) == 0)
        return w->ended ? IO_END : IO_AGAIN;
    *got = buf_length(&w->bytes) < max ? buf_length(&w->bytes) : max;
    if (to != NULL)
        memcpy(to, buf_head(&w->bytes), *got);
    buf_consume(&w->bytes, *got);
    return IO_OK;
}

static enum io write_way(struct transport *t, const struct iovec *iov, int count, size_t *put,
                         struct error *err)
{
    struct way *w = ((struct side *)t->state)->out;
    const uint8_t *bytes = iov->iov_base;

    (void)count;
    if (w->ended) {
        error_set(err, EXITCODE_FAILED, "gone");
        return IO_FAILED;
    }
    w->blocked = !w->blocked;
    if (w->blocked)
        return IO_AGAIN;
    for (; *put < iov->iov_len && *put < w->piece; ++*put, w->written++) {
        uint8_t byte = bytes[*put];

        for (size_t i = 0; i < w->edit_count; i++)
            if (w->edits[i].position == w->written) {
                byte ^= w->edits[i].change;
                w->ended = w->ended || w->edits[i].change == 0;
            }
        if (!w->ended)
            REQUIRE(buf_add(&w->bytes, &byte, 1) == 0);
    }
    return IO_OK;
}

static enum io shut_way(struct transport *t, struct error *err)
{
    (void)err;
    ((struct side *)t->state)->out->ended = true;
    return IO_OK;
}

static void close_way(struct transport *t, bool abort)
{
    (void)abort;
    shut_way(t, NULL);
}

static const struct transport_ops ways = {
    .read = read_way,
    .write = write_way,
    .shut = shut_way,
    .close = close_way,
};

static struct tls_stage_config config_of(enum tls_role role)
{
    static const struct tls_settings server = {.cert = NULL}, client = {.insecure = true};
    struct tls_stage_config config = {
        .context = tls_context_new(role, role == TLS_SERVER ? &server : &client, NULL),
    };

    REQUIRE(config.context != NULL);
    return config;
}

static void open_side(struct side *s, struct loop *l, const struct tls_stage_config *config,
                      struct way *in, struct way *out)
{
    struct transport t = {.ops = &ways, .fd = -1, .state = s};

    *s = (struct side){.in = in, .out = out};
    s->stream = stream_new(l, &t, "a side", NULL, NULL);
    s->stage = tls_stage(config, NULL);
    REQUIRE(s->stream != NULL && s->stage != NULL);
}

static void shake_hands(struct side *s)
{
    struct error why = {0};

    switch (s->stage->ops->step(s->stage, s->stream, &why)) {
    case STAGE_DONE:
        s->ready = true;
        stream_write(s->stream, data, DATA);
        stream_shut(s->stream);
        break;
    case STAGE_FAILED:
        REQUIRE(error_is_set(&why));
        s->over = s->closed = true;
        stream_close(s->stream, STREAM_GRACEFULLY);
        break;
    case STAGE_WANTS_READ:
    case STAGE_WANTS_WRITE:
        break;
    case STAGE_REFUSED:
    case STAGE_RECONNECT:
        abort();
    }
    error_clear(&why);
}

static void take_data(struct side *s)
{
    size_t got;
    char *room = buf_reserve(&s->got, DATA);
    enum io result = stream_read(s->stream, room, DATA, &got);

    if (result == IO_OK)
        buf_added(&s->got, got);
    REQUIRE(buf_length(&s->got) <= DATA);
    REQUIRE(memcmp(buf_head(&s->got), data, buf_length(&s->got)) == 0);
    if (result == IO_OK || result == IO_AGAIN)
        return;
    REQUIRE((result == IO_FAILED) == (stream_failure(s->stream) != NULL));
    if (result == IO_END && stream_truncation(s->stream) == NULL)
        REQUIRE(buf_length(&s->got) == DATA);
    s->over = true;
}

static void go_on(struct side *s)
{
    if (s->closed)
        return;
    stream_wake(s->stream, EPOLLOUT);
    if (s->over)
        return;
    if (s->ready)
        take_data(s);
    else
        shake_hands(s);
}

static void close_side(struct side *s)
{
    if (!s->closed)
        stream_close(s->stream, STREAM_AT_ONCE);
    stage_free(s->stage);
    buf_free(&s->got);
}

static void take_edits(struct way *w, const uint8_t **in, size_t *n)
{
    w->piece = 256 + 64 * (size_t)take_byte(in, n);
    for (size_t count = take_byte(in, n) % (EDITS_MAX + 1); w->edit_count < count;) {
        size_t high = take_byte(in, n), low = take_byte(in, n);

        w->edits[w->edit_count++] = (struct edit){high << 8 | low, take_byte(in, n)};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
    static struct tls_stage_config server_config, client_config;
    struct loop *l = loop_new(NULL);
    struct way up = {.piece = 100000}, down = {.piece = 100000};
    struct side server, client;
    bool is_raw = take_byte(&in, &n) % 2;
    bool unchanged;

    if (server_config.context == NULL) {
        server_config = config_of(TLS_SERVER);
        client_config = config_of(TLS_CLIENT);
        for (size_t i = 0; i < DATA; i++)
            data[i] = (char)(i * 7);
    }
    open_side(&server, l, &server_config, &up, &down);
    open_side(&client, l, &client_config, &down, &up);
    if (is_raw) {
        REQUIRE(buf_add(&up.bytes, in, n) == 0);
        up.ended = true;
        client.over = true;
    } else {
        take_edits(&up, &in, &n);
        take_edits(&down, &in, &n);
    }
    unchanged = !is_raw && up.edit_count == 0 && down.edit_count == 0;
    for (int i = 0; i < STEPS_MAX && !(client.over && server.over); i++) {
        go_on(&client);
        go_on(&server);
        REQUIRE(loop_round(l, false, NULL) == 0);
    }
    if (is_raw)
        REQUIRE(server.over && !server.ready);
    if (unchanged)
        REQUIRE(client.over && server.over && buf_length(&server.got) == DATA &&
                buf_length(&client.got) == DATA);
    close_side(&client);
    close_side(&server);
    buf_free(&up.bytes);
    buf_free(&down.bytes);
    loop_free(l);
    return 0;
}
