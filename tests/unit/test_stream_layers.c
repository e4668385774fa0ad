/* core/stream: what a stream makes of a transport over another one, which reads ahead, holds
 * output and knows an end of its own. */
#include "net/socket.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

enum { PIECE = 3 };

/* Reads all that there is, and gives it in pieces; takes all, and sends it on in flush. */
struct layer {
    struct transport below;
    struct buf ahead;
    struct buf held;
    bool blocked; /* nothing can be sent on */
    bool broken;  /* nothing can be taken */
    unsigned reads, flushes, shuts;
};

static enum io read_layer(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct layer *l = t->state;
    size_t n = buf_length(&l->ahead);
    enum io result = IO_OK;

    l->reads++;
    if (n == 0) {
        result = l->below.ops->read(&l->below, buf_reserve(&l->ahead, 256), 256, &n, err);
        buf_added(&l->ahead, n);
    }
    *got = n < PIECE ? n : PIECE;
    *got = *got < max ? *got : max;
    memcpy(to, buf_head(&l->ahead), *got);
    buf_consume(&l->ahead, *got);
    t->pending = buf_length(&l->ahead) > 0;
    if (result == IO_END)
        error_set(err, EXITCODE_FAILED, "no farewell");
    return result;
}

static enum io flush_layer(struct transport *t, struct error *err)
{
    struct layer *l = t->state;
    struct iovec all = {buf_head(&l->held), buf_length(&l->held)};
    size_t put = 0;
    enum io result = IO_OK;

    l->flushes++;
    if (l->blocked)
        return IO_AGAIN;
    if (all.iov_len > 0)
        result = l->below.ops->write(&l->below, &all, 1, &put, err);
    buf_consume(&l->held, put);
    t->holds_output = buf_length(&l->held) > 0;
    return result;
}

static enum io write_layer(struct transport *t, const struct iovec *iov, int count, size_t *put,
                           struct error *err)
{
    struct layer *l = t->state;

    assert_int_equal(count, 1);
    if (l->broken) {
        error_cause(err, ENOBUFS);
        return IO_FAILED;
    }
    assert_int_equal(buf_add(&l->held, iov->iov_base, iov->iov_len), 0);
    *put = iov->iov_len;
    t->holds_output = true;
    return IO_OK;
}

static enum io shut_layer(struct transport *t, struct error *err)
{
    struct layer *l = t->state;

    l->shuts++;
    t->holds_output = l->blocked;
    return l->blocked ? IO_AGAIN : l->below.ops->shut(&l->below, err);
}

static void close_layer(struct transport *t, bool abort)
{
    struct layer *l = t->state;

    buf_free(&l->ahead);
    buf_free(&l->held);
    l->below.ops->close(&l->below, abort);
}

static const struct transport_ops layer_ops = {
    .read = read_layer,
    .write = write_layer,
    .flush = flush_layer,
    .shut = shut_layer,
    .close = close_layer,
};

static void wrap(struct stream *s, struct layer *l)
{
    struct transport over = {.ops = &layer_ops, .fd = stream_descriptor(s), .state = l};

    *l = (struct layer){.blocked = false};
    stream_wrap(s, &over, &l->below);
}

struct reader {
    struct stream *stream;
    char got[64];
    size_t length;
    enum io last;
};

static void on_readable(void *arg)
{
    struct reader *r = arg;
    size_t got;

    r->last = stream_read(r->stream, r->got + r->length, sizeof(r->got) - r->length, &got);
    r->length += got;
}

static void what_was_read_ahead_is_read_without_an_event(void **state)
{
    struct addr a = loopback(1, 1);
    struct layer layer;
    struct reader r = {.length = 0};
    struct loop *l = still_loop();
    int fds[2];

    (void)state;
    loopback_pair(fds);
    r.stream = socket_open(l, fds[0], &a, NULL);
    wrap(r.stream, &layer);
    stream_set_reader(r.stream, on_readable, &r);
    go(l, 3); /* epoll watches the socket by now */
    assert_int_equal(write(fds[1], "abcdefgh", 8), 8);
    await_events(stream_descriptor(r.stream), POLLIN);
    go(l, 6);
    assert_int_equal(r.length, 8);
    assert_memory_equal(r.got, "abcdefgh", 8);
    layer.reads = 0;
    go(l, 5); /* nothing is left, which costs no calls */
    assert_int_equal(layer.reads, 0);
    stream_close(r.stream, STREAM_AT_ONCE);
    close(fds[1]);
    loop_free(l);
}

static void an_unannounced_end_is_no_failure_but_remembered(void **state)
{
    struct script script = {.reads = {GIVES("one"), ENDS}};
    struct loop *l = still_loop();
    struct layer layer;
    struct reader r = {.stream = script_connect(l, &script)};

    (void)state;
    wrap(r.stream, &layer);
    on_readable(&r);
    assert_null(stream_truncation(r.stream));
    on_readable(&r);
    assert_int_equal(r.last, IO_END);
    assert_null(stream_failure(r.stream));
    assert_non_null(strstr(stream_truncation(r.stream)->text, ": no farewell"));
    assert_int_equal(stream_write(r.stream, "reply", 5), IO_OK);
    stream_wake(r.stream, EPOLLOUT);
    go(l, 1);
    assert_int_equal(buf_length(&script.written), 5);
    stream_close(r.stream, STREAM_AT_ONCE);
    buf_free(&script.written);
    loop_free(l);
}

static void held_output_blocks_writers_and_the_end(void **state)
{
    struct script script = {.reads = {WAITS}};
    struct loop *l = still_loop();
    struct layer layer;
    struct stream *s = script_connect(l, &script);

    (void)state;
    wrap(s, &layer);
    layer.blocked = true;
    assert_int_equal(stream_write(s, "held", 4), IO_OK);
    assert_true(stream_is_blocked(s));
    assert_int_equal(stream_shut(s), IO_OK);
    assert_false(stream_is_delivered(s));
    stream_wake(s, EPOLLOUT);
    go(l, 1);
    assert_true(layer.flushes > 0);
    assert_int_equal(script.shut_calls, 0);
    layer.blocked = false;
    stream_wake(s, EPOLLOUT);
    go(l, 1);
    assert_int_equal(buf_length(&script.written), 4);
    assert_int_equal(layer.shuts, 2);
    assert_int_equal(script.shut_calls, 1);
    assert_true(stream_is_delivered(s));
    stream_close(s, STREAM_AT_ONCE);
    buf_free(&script.written);
    loop_free(l);
}

static void the_last_output_that_is_held_goes_out_when_there_is_room(void **state)
{
    struct addr a = loopback(1, 1);
    struct loop *l = still_loop();
    struct layer layer;
    struct stream *s;
    int fds[2];

    (void)state;
    loopback_pair(fds);
    s = socket_open(l, fds[0], &a, NULL);
    wrap(s, &layer);
    assert_int_equal(stream_write(s, "held", 4), IO_OK);
    go(l, 3);
    assert_int_equal(buf_length(&layer.held), 0);
    stream_close(s, STREAM_AT_ONCE);
    close(fds[1]);
    loop_free(l);
}

static void a_failed_stream_is_read_to_what_came_last(void **state)
{
    struct addr a = loopback(1, 1);
    struct loop *l = still_loop();
    struct layer layer;
    struct reader r = {.length = 0};
    int fds[2];

    (void)state;
    loopback_pair(fds);
    r.stream = socket_open(l, fds[0], &a, NULL);
    wrap(r.stream, &layer);
    stream_set_reader(r.stream, on_readable, &r);
    go(l, 3); /* epoll watches the socket by now */
    assert_int_equal(write(fds[1], "abc", PIECE), PIECE);
    await_events(stream_descriptor(r.stream), POLLIN);
    layer.broken = true;
    assert_int_equal(stream_write(r.stream, "reply", 5), IO_FAILED);
    go(l, 3);
    assert_int_equal(r.length, PIECE);
    assert_true(stream_has_more(r.stream));
    on_readable(&r);
    assert_int_equal(r.last, IO_FAILED);
    stream_close(r.stream, STREAM_AT_ONCE);
    close(fds[1]);
    loop_free(l);
}

static void output_that_cannot_be_flushed_is_lost(void **state)
{
    struct script script = {.writes = {FAILS(ECONNRESET)}};
    struct loop *l = still_loop();
    struct layer layer;
    struct stream *s = script_connect(l, &script);

    (void)state;
    wrap(s, &layer);
    assert_int_equal(stream_write(s, "held", 4), IO_OK);
    stream_wake(s, EPOLLOUT);
    go(l, 1);
    assert_non_null(stream_failure(s));
    assert_false(stream_is_delivered(s));
    stream_close(s, STREAM_AT_ONCE);
    buf_free(&script.written);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_ahead_is_read_without_an_event),
        cmocka_unit_test(an_unannounced_end_is_no_failure_but_remembered),
        cmocka_unit_test(held_output_blocks_writers_and_the_end),
        cmocka_unit_test(the_last_output_that_is_held_goes_out_when_there_is_room),
        cmocka_unit_test(a_failed_stream_is_read_to_what_came_last),
        cmocka_unit_test(output_that_cannot_be_flushed_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
