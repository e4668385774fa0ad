/* core/stream: what a stream makes of short calls, waits, ends and failures. */
#include <sys/syscall.h>

#include "net/socket.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

/* Events that epoll has reported since it was set to 0. */
static int reported;

/* Stands before the one of the C library. */
int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
    int n = (int)syscall(SYS_epoll_pwait, fd, events, max, timeout_ms, NULL, 8);

    reported += n > 0 ? n : 0;
    return n;
}

/* A stream with a reader that reads once per call, and what it met. */
struct scene {
    struct loop *loop;
    struct script script;
    struct stream *stream;
    char got[256];
    size_t length;
    unsigned calls, hangups, deliveries;
    enum io last;
    bool closes;
    size_t read_max;
};

static void on_readable(void *arg)
{
    struct scene *s = arg;
    size_t max = s->read_max != 0 ? s->read_max : sizeof(s->got) - s->length, got;

    s->calls++;
    s->last = stream_read(s->stream, s->got + s->length, max, &got);
    s->length += got;
    if (s->closes) {
        stream_close(s->stream, STREAM_AT_ONCE);
        s->stream = NULL;
    }
}

static void on_hangup(void *owner)
{
    ((struct scene *)owner)->hangups++;
}

static void on_delivered(void *owner)
{
    struct scene *s = owner;

    s->deliveries++;
    stream_await_delivery(s->stream, NULL);
}

static void begin(struct scene *s, const struct script *script)
{
    *s = (struct scene){.loop = still_loop(), .script = *script};
    s->stream = script_connect(s->loop, &s->script);
}

static void end(struct scene *s)
{
    stream_close(s->stream, STREAM_AT_ONCE);
    go(s->loop, 1);
    assert_true(s->script.closed);
    buf_free(&s->script.written);
    loop_free(s->loop);
}

static void assert_got(struct scene *s, const char *text)
{
    assert_int_equal(s->length, strlen(text));
    assert_memory_equal(s->got, text, s->length);
    s->length = 0;
}

static void assert_failure(const struct scene *s, const char *text)
{
    assert_non_null(stream_failure(s->stream));
    assert_string_equal(stream_failure(s->stream)->text, text);
}

/* Reading. */

static void a_reader_is_called_soon_and_not_at_once(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("one"), GIVES("two"), WAITS, GIVES("three")}});
    stream_set_reader(s.stream, on_readable, &s);
    assert_int_equal(s.calls, 0);
    go(s.loop, 1);
    assert_got(&s, "one");
    go(s.loop, 1);
    assert_got(&s, "two");
    go(s.loop, 1);
    assert_int_equal(s.last, IO_AGAIN);
    assert_false(stream_has_more(s.stream));
    go(s.loop, 5);
    assert_int_equal(s.calls, 3);
    stream_wake(s.stream, EPOLLIN);
    go(s.loop, 1);
    assert_got(&s, "three");
    assert_int_equal(stream_counts(s.stream)->in_bytes, 11);
    end(&s);
}

static void a_short_read_leaves_the_rest_for_the_next_call(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("abcdefg"), ENDS}});
    s.read_max = 3;
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 3);
    assert_got(&s, "abcdefg");
    end(&s);
}

static void nothing_is_read_without_a_reader(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("one"), GIVES("two")}});
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 1);
    stream_set_reader(s.stream, NULL, NULL);
    stream_wake(s.stream, EPOLLIN);
    go(s.loop, 5);
    assert_int_equal(s.calls, 1);
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 1);
    assert_got(&s, "onetwo");
    end(&s);
}

static void a_reader_is_gone_after_the_end(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("one"), ENDS}});
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 2);
    assert_int_equal(s.last, IO_END);
    stream_wake(s.stream, EPOLLIN | EPOLLHUP);
    go(s.loop, 5);
    assert_int_equal(s.calls, 2);
    assert_null(stream_failure(s.stream));
    assert_int_equal(s.script.read_calls, 2);
    end(&s);
}

static void a_reader_may_close_the_stream(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("one"), GIVES("two")}, .failure_number = EIO});
    stream_on_hangup(s.stream, on_hangup, &s);
    s.closes = true;
    stream_set_reader(s.stream, on_readable, &s);
    stream_wake(s.stream, EPOLLIN | EPOLLERR | EPOLLOUT);
    go(s.loop, 5);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.hangups, 0);
    end(&s);
}

static void what_is_peeked_can_still_be_read(void **state)
{
    struct scene s;
    char text[8];
    size_t got;

    (void)state;
    begin(&s, &(struct script){.reads = {WAITS, GIVES("ab"), FAILS(ECONNRESET)}});
    assert_false(stream_has_unread(s.stream));
    assert_true(stream_has_unread(s.stream));
    assert_int_equal(stream_peek(s.stream, text, sizeof(text), &got), IO_OK);
    assert_int_equal(got, 2);
    assert_int_equal(stream_counts(s.stream)->in_bytes, 0);
    assert_int_equal(stream_read(s.stream, text, sizeof(text), &got), IO_OK);
    assert_int_equal(got, 2);
    assert_int_equal(stream_peek(s.stream, text, sizeof(text), &got), IO_FAILED);
    assert_false(stream_has_unread(s.stream));
    assert_failure(&s, "error receiving from 192.0.2.1:80: Connection reset by peer");
    end(&s);
}

/* Writing. */

static void short_writes_go_on_until_nothing_is_taken(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.writes = {TAKES(3), TAKES(1), WAITS, TAKES(2), WAITS}});
    assert_int_equal(stream_write(s.stream, "abcdefgh", 8), IO_OK);
    assert_written(&s.script, "abcd");
    assert_int_equal(stream_unsent(s.stream), 4);
    assert_true(stream_is_blocked(s.stream));
    /* What is written meanwhile comes after it, and makes no call. */
    assert_int_equal(stream_write(s.stream, "ij", 2), IO_OK);
    assert_int_equal(s.script.write_calls, 3);
    go(s.loop, 5);
    assert_int_equal(s.script.write_calls, 3);
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 1);
    assert_written(&s.script, "ef");
    assert_int_equal(stream_unsent(s.stream), 4);
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 1);
    assert_written(&s.script, "ghij");
    assert_false(stream_is_blocked(s.stream));
    assert_int_equal(stream_counts(s.stream)->out_bytes, 10);
    end(&s);
}

static void a_connection_is_given_pieces(void **state)
{
    static char much[3 * STREAM_SEND_PIECE + 1];
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.unacknowledged = 0});
    assert_int_equal(stream_write(s.stream, much, sizeof(much)), IO_OK);
    assert_int_equal(s.script.write_calls, 4);
    end(&s);
}

static void trying_to_write_buffers_nothing(void **state)
{
    struct iovec pieces[] = {{"abc", 3}, {"def", 3}};
    struct scene s;
    size_t put;

    (void)state;
    begin(&s, &(struct script){.writes = {TAKES(4), WAITS}});
    assert_int_equal(stream_try_write(s.stream, pieces, 2, &put), IO_OK);
    assert_int_equal(put, 4);
    assert_written(&s.script, "abcd");
    assert_int_equal(stream_try_write(s.stream, pieces, 2, &put), IO_AGAIN);
    assert_int_equal(put, 0);
    assert_true(stream_is_blocked(s.stream));
    assert_int_equal(stream_unsent(s.stream), 0);
    /* No call until an event says so. */
    assert_int_equal(stream_try_write(s.stream, pieces, 2, &put), IO_AGAIN);
    assert_int_equal(s.script.write_calls, 2);
    end(&s);
}

/* Writers that wait, in the order in which they are called. */
struct writer {
    struct stream_waiter waiter;
    struct stream *stream;
    char name;
    char *order;
};

static void on_writable(struct stream_waiter *w)
{
    struct writer *writer = container_of(w, struct writer, waiter);

    strncat(writer->order, &writer->name, 1);
    assert_int_equal(stream_write(writer->stream, &writer->name, 1), IO_OK);
}

static void waiters_have_their_turn_one_after_another(void **state)
{
    struct scene s;
    struct writer w[3];
    char order[8] = "";

    (void)state;
    begin(&s, &(struct script){.writes = {WAITS, TAKES(1), TAKES(1), WAITS}});
    assert_int_equal(stream_write(s.stream, "x", 1), IO_OK);
    for (size_t i = 0; i < 3; i++) {
        w[i] = (struct writer){{{0}, on_writable}, s.stream, (char)('a' + i), order};
        list_init(&w[i].waiter.link);
        stream_wait(s.stream, &w[i].waiter);
        stream_wait(s.stream, &w[i].waiter);
    }
    list_remove(&w[0].waiter.link);
    go(s.loop, 3);
    assert_string_equal(order, "");
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 1);
    /* b is taken; c is called, because the stream is not known to be full, and is buffered. */
    assert_string_equal(order, "bc");
    assert_written(&s.script, "xb");
    stream_wait(s.stream, &w[0].waiter);
    go(s.loop, 3);
    assert_string_equal(order, "bc");
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 1);
    assert_string_equal(order, "bca");
    assert_written(&s.script, "ca");
    end(&s);
}

static void the_sending_side_closes_behind_the_last_byte(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.writes = {TAKES(2), WAITS}});
    assert_int_equal(stream_write(s.stream, "abcd", 4), IO_OK);
    assert_int_equal(stream_shut(s.stream), IO_OK);
    assert_int_equal(s.script.shut_calls, 0);
    assert_int_equal(stream_undelivered(s.stream), 2);
    assert_false(stream_is_delivered(s.stream));
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 1);
    assert_written(&s.script, "abcd");
    assert_int_equal(s.script.shut_calls, 1);
    assert_int_equal(stream_shut(s.stream), IO_OK);
    assert_int_equal(s.script.shut_calls, 1);
    assert_true(stream_is_delivered(s.stream));
    end(&s);
}

/* Failures. */

static void the_first_failure_is_kept(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("last"), FAILS(EPIPE)},
                               .writes = {FAILS(ECONNRESET), FAILS(EIO)}});
    assert_int_equal(stream_write(s.stream, "x", 1), IO_FAILED);
    assert_failure(&s, "error sending to 192.0.2.1:80: Connection reset by peer");
    assert_int_equal(stream_write(s.stream, "x", 1), IO_FAILED);
    assert_int_equal(s.script.write_calls, 1);
    /* What has arrived can still be read. */
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 1);
    assert_got(&s, "last");
    go(s.loop, 1);
    assert_int_equal(s.last, IO_FAILED);
    assert_failure(&s, "error sending to 192.0.2.1:80: Connection reset by peer");
    assert_int_equal(stream_failure(s.stream)->number, ECONNRESET);
    end(&s);
}

static void an_end_after_a_failure_is_a_failure(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {ENDS}, .writes = {FAILS(EPIPE)}});
    assert_int_equal(stream_write(s.stream, "x", 1), IO_FAILED);
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 1);
    assert_int_equal(s.last, IO_FAILED);
    assert_failure(&s, "error sending to 192.0.2.1:80: Broken pipe");
    end(&s);
}

static void a_failed_read_stops_writing(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {FAILS(ENOMEM)}});
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 1);
    assert_int_equal(s.last, IO_FAILED);
    assert_failure(&s, "error receiving from 192.0.2.1:80: Cannot allocate memory");
    assert_int_equal(stream_write(s.stream, "x", 1), IO_FAILED);
    assert_int_equal(s.script.write_calls, 0);
    assert_false(stream_is_blocked(s.stream));
    end(&s);
}

static void a_local_failure_names_the_object(void **state)
{
    struct scene s;

    (void)state;
    s = (struct scene){.loop = still_loop(), .script = {.writes = {FAILS(ENOSPC)}}};
    s.stream = script_open(s.loop, &s.script, "standard output");
    assert_int_equal(stream_write(s.stream, "x", 1), IO_FAILED);
    assert_failure(&s, "error writing standard output: No space left on device");
    end(&s);
}

static void a_failure_that_no_call_has_met_is_reported(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.failure_number = ETIMEDOUT});
    stream_on_hangup(s.stream, on_hangup, &s);
    stream_wake(s.stream, EPOLLERR);
    go(s.loop, 3);
    assert_int_equal(s.hangups, 1);
    assert_failure(&s, "error sending to 192.0.2.1:80: Connection timed out");
    end(&s);
}

static void output_that_is_lost_is_never_delivered(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.writes = {TAKES(1), WAITS, FAILS(ECONNRESET)}});
    stream_on_hangup(s.stream, NULL, &s);
    assert_int_equal(stream_write(s.stream, "abc", 3), IO_OK);
    assert_int_equal(stream_shut(s.stream), IO_OK);
    stream_await_delivery(s.stream, on_delivered);
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 3);
    assert_failure(&s, "error sending to 192.0.2.1:80: Connection reset by peer");
    assert_int_equal(stream_unsent(s.stream), 0);
    assert_true(stream_undelivered(s.stream) > 0);
    assert_false(stream_is_delivered(s.stream));
    /* Who waits for the delivery is told that there will be none. */
    assert_int_equal(s.deliveries, 1);
    assert_int_equal(s.script.shut_calls, 0);
    end(&s);
}

/* The same when it is a read that fails. */
static void output_is_lost_with_the_connection(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {FAILS(ECONNRESET)}, .writes = {TAKES(1), WAITS}});
    assert_int_equal(stream_write(s.stream, "abc", 3), IO_OK);
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 1);
    assert_failure(&s, "error receiving from 192.0.2.1:80: Connection reset by peer");
    assert_int_equal(stream_unsent(s.stream), 0);
    assert_true(stream_undelivered(s.stream) > 0);
    assert_false(stream_is_delivered(s.stream));
    end(&s);
}

static void a_failed_shut_is_a_failure(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.shut_number = ECONNRESET});
    assert_int_equal(stream_shut(s.stream), IO_FAILED);
    assert_failure(&s, "error sending to 192.0.2.1:80: Connection reset by peer");
    end(&s);
}

static void delivery_is_awaited(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.unacknowledged = 4});
    stream_on_hangup(s.stream, NULL, &s);
    assert_int_equal(stream_write(s.stream, "abc", 3), IO_OK);
    assert_int_equal(stream_shut(s.stream), IO_OK);
    assert_int_equal(stream_undelivered(s.stream), 3);
    stream_await_delivery(s.stream, on_delivered);
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 3);
    assert_int_equal(s.deliveries, 0);
    s.script.unacknowledged = 0;
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 3);
    assert_int_equal(s.deliveries, 1);
    end(&s);
}

static void an_acknowledgement_counts_as_movement(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.unacknowledged = 3});
    assert_int_equal(stream_write(s.stream, "abc", 3), IO_OK);
    pass(s.loop, 10);
    assert_int_equal(stream_moved_ms(s.stream), START_MS);
    pass(s.loop, 10);
    s.script.unacknowledged = 1;
    assert_int_equal(stream_moved_ms(s.stream), START_MS + 20);
    pass(s.loop, 10);
    assert_int_equal(stream_moved_ms(s.stream), START_MS + 20);
    end(&s);
}

/* Closing. */

static void closing_gracefully_discards_first(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("un"), GIVES("read"), WAITS, GIVES("later")}});
    stream_close(s.stream, STREAM_GRACEFULLY);
    assert_true(s.script.closed);
    assert_false(s.script.aborted);
    assert_int_equal(s.script.discard_calls, 3);
    end(&s);
}

static void closing_is_not_delayed_by_a_peer_that_keeps_sending(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &(struct script){.reads = {{IO_OK, "", 1 << 20, 0, 1000}}});
    stream_close(s.stream, STREAM_GRACEFULLY);
    assert_int_equal(s.script.discard_calls, 16);
    end(&s);
}

static void closing_at_once_and_aborting_read_nothing(void **state)
{
    (void)state;
    for (int aborts = 0; aborts < 2; aborts++) {
        struct scene s;

        begin(&s, &(struct script){.reads = {GIVES("unread")}});
        stream_close(s.stream, aborts ? STREAM_ABORT : STREAM_AT_ONCE);
        assert_int_equal(s.script.aborted, aborts);
        assert_int_equal(s.script.read_calls, 0);
        end(&s);
    }
}

static void no_callback_comes_after_closing(void **state)
{
    struct scene s;
    struct writer w = {{{0}, on_writable}, NULL, 'a', (char[8]){""}};

    (void)state;
    begin(&s, &(struct script){.reads = {GIVES("one")}, .writes = {WAITS}});
    stream_on_hangup(s.stream, on_hangup, &s);
    stream_set_reader(s.stream, on_readable, &s);
    assert_int_equal(stream_write(s.stream, "x", 1), IO_OK);
    list_init(&w.waiter.link);
    stream_wait(s.stream, &w.waiter);
    stream_wake(s.stream, EPOLLIN | EPOLLOUT | EPOLLERR);
    stream_close(s.stream, STREAM_AT_ONCE);
    stream_close(s.stream, STREAM_AT_ONCE);
    stream_wake(s.stream, EPOLLIN);
    go(s.loop, 1);
    assert_int_equal(s.calls + s.hangups, 0);
    assert_string_equal(w.order, "");
    assert_true(list_is_empty(&w.waiter.link));
    s.stream = NULL;
    end(&s);
}

/* On sockets. */

static void begin_on_socket(struct scene *s, int *peer)
{
    struct addr a = loopback(1, 1);
    int fds[2];

    *s = (struct scene){.loop = still_loop()};
    loopback_pair(fds);
    s->stream = socket_open(s->loop, fds[0], &a, NULL);
    assert_non_null(s->stream);
    stream_on_hangup(s->stream, on_hangup, s);
    *peer = fds[1];
}

static void end_on_socket(struct scene *s)
{
    stream_close(s->stream, STREAM_AT_ONCE);
    loop_free(s->loop);
}

static void what_was_sent_arrives_although_input_is_unread(void **state)
{
    struct scene s;
    char text[8];
    int peer;

    (void)state;
    begin_on_socket(&s, &peer);
    assert_int_equal(write(peer, "unread", 6), 6);
    await_events(stream_descriptor(s.stream), POLLIN);
    assert_int_equal(stream_write(s.stream, "reply", 5), IO_OK);
    stream_close(s.stream, STREAM_GRACEFULLY);
    s.stream = NULL;
    assert_int_equal(read(peer, text, sizeof(text)), 5);
    assert_int_equal(read(peer, text, sizeof(text)), 0);
    close(peer);
    end_on_socket(&s);
}

static void fill(struct scene *s)
{
    static char much[1 << 20];

    while (!stream_is_blocked(s->stream))
        assert_int_equal(stream_write(s->stream, much, sizeof(much)), IO_OK);
    go(s->loop, 3);
}

/* How many events epoll reports in many rounds. */
static int events_of_rounds(struct scene *s)
{
    reported = 0;
    go(s->loop, 200);
    return reported;
}

static void a_blocked_output_does_not_spin(void **state)
{
    struct scene s;
    int peer;

    (void)state;
    begin_on_socket(&s, &peer);
    fill(&s);
    assert_int_equal(write(peer, "unread", 6), 6);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    await_events(stream_descriptor(s.stream), POLLRDHUP);
    assert_in_range(events_of_rounds(&s), 0, 4);
    assert_int_equal(s.hangups, 0);
    close(peer);
    end_on_socket(&s);
}

/* The reset ends the output; nobody reads. EPOLLERR and EPOLLHUP cannot be masked. */
static void a_reset_does_not_spin(void **state)
{
    (void)state;
    for (int unread = 0; unread < 2; unread++) {
        struct scene s;
        int peer;

        begin_on_socket(&s, &peer);
        fill(&s);
        if (unread)
            assert_int_equal(write(peer, "unread", 6), 6);
        loopback_reset(peer);
        await_events(stream_descriptor(s.stream), POLLHUP);
        assert_in_range(events_of_rounds(&s), 1, 6);
        assert_failure(&s, "error sending to 127.0.0.1:1: Connection reset by peer");
        assert_int_equal(stream_unsent(s.stream), 0);
        end_on_socket(&s);
    }
}

/* Both directions have ended, and the peer does not take what is on its way. */
static void both_ends_do_not_spin_while_delivery_is_awaited(void **state)
{
    static char much[1 << 16];
    struct iovec piece = {much, sizeof(much)};
    struct scene s;
    size_t put;
    int peer;

    (void)state;
    begin_on_socket(&s, &peer);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    stream_set_reader(s.stream, on_readable, &s);
    await_events(stream_descriptor(s.stream), POLLIN);
    go(s.loop, 3);
    assert_int_equal(s.last, IO_END);
    while (stream_try_write(s.stream, &piece, 1, &put) == IO_OK)
        ;
    assert_int_equal(stream_shut(s.stream), IO_OK);
    stream_await_delivery(s.stream, on_delivered);
    await_events(stream_descriptor(s.stream), POLLHUP);
    assert_in_range(events_of_rounds(&s), 1, 6);
    assert_int_equal(s.deliveries, 0);
    assert_false(stream_is_delivered(s.stream));
    close(peer);
    end_on_socket(&s);
}

/* The same while the reader waits for something else. */
static void both_ends_do_not_spin_while_input_is_unread(void **state)
{
    struct scene s;
    int peer;

    (void)state;
    begin_on_socket(&s, &peer);
    assert_int_equal(write(peer, "unread", 6), 6);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    assert_int_equal(stream_shut(s.stream), IO_OK);
    await_events(stream_descriptor(s.stream), POLLHUP);
    stream_set_reader(s.stream, on_readable, &s);
    s.read_max = 1;
    go(s.loop, 1);
    stream_set_reader(s.stream, NULL, NULL);
    assert_in_range(events_of_rounds(&s), 0, 6);
    /* It has not hung up as long as there is something to read. */
    assert_int_equal(s.hangups, 0);
    s.read_max = 0;
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 5);
    assert_got(&s, "unread");
    assert_int_equal(s.last, IO_END);
    assert_int_equal(s.hangups, 1);
    assert_in_range(events_of_rounds(&s), 0, 2);
    close(peer);
    end_on_socket(&s);
}

/* The reset is known while the data before it is unread, and no read will meet it. */
static void a_reset_behind_the_end_is_reported_after_the_data(void **state)
{
    struct scene s;
    int peer;

    (void)state;
    begin_on_socket(&s, &peer);
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 2);
    stream_set_reader(s.stream, NULL, NULL);
    assert_int_equal(write(peer, "unread", 6), 6);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    loopback_reset(peer);
    await_events(stream_descriptor(s.stream), POLLERR);
    go(s.loop, 5);
    assert_int_equal(s.hangups, 0);
    assert_null(stream_failure(s.stream));
    stream_set_reader(s.stream, on_readable, &s);
    go(s.loop, 5);
    assert_got(&s, "unread");
    assert_int_equal(s.hangups, 1);
    assert_failure(&s, "error sending to 127.0.0.1:1: Connection reset by peer");
    end_on_socket(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_is_called_soon_and_not_at_once),
        cmocka_unit_test(a_short_read_leaves_the_rest_for_the_next_call),
        cmocka_unit_test(nothing_is_read_without_a_reader),
        cmocka_unit_test(a_reader_is_gone_after_the_end),
        cmocka_unit_test(a_reader_may_close_the_stream),
        cmocka_unit_test(what_is_peeked_can_still_be_read),
        cmocka_unit_test(short_writes_go_on_until_nothing_is_taken),
        cmocka_unit_test(a_connection_is_given_pieces),
        cmocka_unit_test(trying_to_write_buffers_nothing),
        cmocka_unit_test(waiters_have_their_turn_one_after_another),
        cmocka_unit_test(the_sending_side_closes_behind_the_last_byte),
        cmocka_unit_test(the_first_failure_is_kept),
        cmocka_unit_test(an_end_after_a_failure_is_a_failure),
        cmocka_unit_test(a_failed_read_stops_writing),
        cmocka_unit_test(a_local_failure_names_the_object),
        cmocka_unit_test(a_failure_that_no_call_has_met_is_reported),
        cmocka_unit_test(output_that_is_lost_is_never_delivered),
        cmocka_unit_test(output_is_lost_with_the_connection),
        cmocka_unit_test(a_failed_shut_is_a_failure),
        cmocka_unit_test(delivery_is_awaited),
        cmocka_unit_test(an_acknowledgement_counts_as_movement),
        cmocka_unit_test(closing_gracefully_discards_first),
        cmocka_unit_test(closing_is_not_delayed_by_a_peer_that_keeps_sending),
        cmocka_unit_test(closing_at_once_and_aborting_read_nothing),
        cmocka_unit_test(no_callback_comes_after_closing),
        cmocka_unit_test(what_was_sent_arrives_although_input_is_unread),
        cmocka_unit_test(a_blocked_output_does_not_spin),
        cmocka_unit_test(a_reset_does_not_spin),
        cmocka_unit_test(both_ends_do_not_spin_while_delivery_is_awaited),
        cmocka_unit_test(both_ends_do_not_spin_while_input_is_unread),
        cmocka_unit_test(a_reset_behind_the_end_is_reported_after_the_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
