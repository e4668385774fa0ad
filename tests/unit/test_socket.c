/* net/socket: what a stream makes of the results of system calls on its socket. */
#include <stdio.h>
#include <sys/syscall.h>

#include "net/socket.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

/* What the next calls fail with, in order; 0: they do not fail. */
enum { NUMBERS_MAX = 4 };
static int numbers[NUMBERS_MAX];
static size_t calls;

static bool call_fails(void)
{
    errno = calls < NUMBERS_MAX ? numbers[calls] : 0;
    calls++;
    return errno != 0;
}

/* These stand before those of the C library. */

ssize_t recv(int fd, void *to, size_t n, int flags)
{
    return call_fails() ? -1 : syscall(SYS_recvfrom, fd, to, n, flags, NULL, NULL);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    return call_fails() ? -1 : syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return call_fails() ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}

int shutdown(int fd, int how)
{
    return call_fails() ? -1 : (int)syscall(SYS_shutdown, fd, how);
}

struct scene {
    struct loop *loop;
    struct stream *stream;
    int peer;
};

static void begin(struct scene *s, int first, int second, int third)
{
    struct addr a = loopback(1, 1);
    int fds[2];

    s->loop = still_loop();
    loopback_pair(fds);
    s->stream = socket_open(s->loop, fds[0], &a, NULL);
    s->peer = fds[1];
    assert_non_null(s->stream);
    assert_int_equal(write(s->peer, "abc", 3), 3);
    await_events(fds[0], POLLIN);
    numbers[0] = first;
    numbers[1] = second;
    numbers[2] = third;
    calls = 0;
}

static void end(struct scene *s)
{
    stream_close(s->stream, STREAM_AT_ONCE);
    close(s->peer);
    loop_free(s->loop);
}

static enum io act_read(struct stream *s)
{
    char to[8];
    size_t got;
    enum io result = stream_read(s, to, sizeof(to), &got);

    assert_int_equal(got, result == IO_OK ? 3 : 0);
    return result;
}

static enum io act_discard(struct stream *s)
{
    size_t got;
    enum io result = stream_read(s, NULL, 100, &got);

    assert_int_equal(got, result == IO_OK ? 3 : 0);
    return result;
}

static enum io act_peek(struct stream *s)
{
    char to[8];
    size_t got;

    return stream_peek(s, to, sizeof(to), &got);
}

static enum io act_write(struct stream *s)
{
    struct iovec piece = {(char *)"abc", 3};
    size_t put;
    enum io result = stream_try_write(s, &piece, 1, &put);

    assert_int_equal(put, result == IO_OK ? 3 : 0);
    return result;
}

static enum io act_write_pieces(struct stream *s)
{
    struct iovec pieces[] = {{(char *)"abc", 3}, {(char *)"de", 2}};
    size_t put;
    enum io result = stream_try_write(s, pieces, 2, &put);

    assert_int_equal(put, result == IO_OK ? 5 : 0);
    return result;
}

static const struct {
    enum io (*act)(struct stream *s);
    bool writes;
} acts[] = {
    {act_read, false}, {act_discard, false},     {act_peek, false},
    {act_write, true}, {act_write_pieces, true},
};

enum { ACTS = sizeof(acts) / sizeof(acts[0]) };

static void a_call_that_is_interrupted_is_repeated(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACTS; i++) {
        struct scene s;

        begin(&s, EINTR, EINTR, 0);
        assert_int_equal(acts[i].act(s.stream), IO_OK);
        assert_int_equal(calls, 3);
        end(&s);
    }
}

static void not_now_is_no_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACTS; i++) {
        struct scene s;

        begin(&s, EAGAIN, 0, 0);
        assert_int_equal(acts[i].act(s.stream), IO_AGAIN);
        assert_null(stream_failure(s.stream));
        assert_int_equal(stream_is_blocked(s.stream), acts[i].writes);
        end(&s);
    }
}

static void failures_have_their_cause(void **state)
{
    static const int failures[] = {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOMEM, ENOBUFS};

    (void)state;
    for (size_t i = 0; i < ACTS; i++) {
        for (size_t k = 0; k < sizeof(failures) / sizeof(failures[0]); k++) {
            struct scene s;

            begin(&s, failures[k], 0, 0);
            assert_int_equal(acts[i].act(s.stream), IO_FAILED);
            assert_int_equal(stream_failure(s.stream)->number, failures[k]);
            assert_non_null(strstr(stream_failure(s.stream)->text,
                                   acts[i].writes ? "error sending to" : "error receiving from"));
            end(&s);
        }
    }
}

/* The reset itself may have been told before. */
static void a_broken_pipe_is_a_reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACTS; i++) {
        struct scene s;

        if (!acts[i].writes)
            continue;
        begin(&s, EPIPE, 0, 0);
        assert_int_equal(acts[i].act(s.stream), IO_FAILED);
        assert_int_equal(stream_failure(s.stream)->number, ECONNRESET);
        end(&s);
    }
}

static void closing_the_sending_side_meets_a_reset(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, ENOTCONN, 0, 0);
    assert_int_equal(stream_shut(s.stream), IO_FAILED);
    assert_string_equal(stream_failure(s.stream)->text,
                        "error sending to 127.0.0.1:1: Connection reset by peer");
    end(&s);
}

/* Returns what the peer's read(2) meets: 0, or an errno. */
static int end_seen_by_peer(struct scene *s, enum stream_close how)
{
    char byte;

    begin(s, 0, 0, 0);
    assert_int_equal(act_read(s->stream), IO_OK);
    stream_close(s->stream, how);
    s->stream = NULL;
    return read(s->peer, &byte, 1) == 0 ? 0 : errno;
}

static void aborting_resets(void **state)
{
    struct scene s;

    (void)state;
    assert_int_equal(end_seen_by_peer(&s, STREAM_ABORT), ECONNRESET);
    end(&s);
    assert_int_equal(end_seen_by_peer(&s, STREAM_AT_ONCE), 0);
    end(&s);
}

static void delivery_is_what_the_peer_s_system_has(void **state)
{
    struct scene s;
    int64_t until_ms = real_ms() + PATIENCE_MS;

    (void)state;
    begin(&s, 0, 0, 0);
    assert_true(stream_is_delivered(s.stream));
    assert_int_equal(act_write(s.stream), IO_OK);
    while (!stream_is_delivered(s.stream))
        assert_true(real_ms() < until_ms);
    assert_int_equal(stream_undelivered(s.stream), 0);
    end(&s);
}

static void a_connection_to_itself_is_known(void **state)
{
    unsigned port = 0;
    int own = loopback_refuse(1, &port), fds[2];
    struct addr a = loopback(1, port), other = loopback(1, 1);

    (void)state;
    assert_int_equal(connect(own, &a.sa, a.length), 0);
    assert_int_equal(socket_connect_outcome(own, &a), ECONNREFUSED);
    loopback_pair(fds);
    assert_int_equal(socket_connect_outcome(fds[0], &other), 0);
    close(own);
    close(fds[0]);
    close(fds[1]);
}

static void a_port_in_use_is_named(void **state)
{
    unsigned port = 0;
    int listener = loopback_listen(1, &port, 1);
    const struct socket_listen_plan plan = {.backlog = 1};
    struct addr a = loopback(1, port), actual;
    struct socket_file file;
    struct error err = {0};
    char wanted[100], text[ADDR_TEXT_SIZE];

    (void)state;
    assert_int_equal(socket_listen(&a, &plan, &actual, &file, &err), -1);
    snprintf(wanted, sizeof(wanted), "cannot listen on %s: Address already in use",
             addr_format(&a, text));
    assert_string_equal(err.text, wanted);
    assert_int_equal(err.number, EADDRINUSE);
    error_clear(&err);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_is_interrupted_is_repeated),
        cmocka_unit_test(not_now_is_no_failure),
        cmocka_unit_test(failures_have_their_cause),
        cmocka_unit_test(a_broken_pipe_is_a_reset),
        cmocka_unit_test(closing_the_sending_side_meets_a_reset),
        cmocka_unit_test(aborting_resets),
        cmocka_unit_test(delivery_is_what_the_peer_s_system_has),
        cmocka_unit_test(a_connection_to_itself_is_known),
        cmocka_unit_test(a_port_in_use_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
