/* core/kernel_copy: bytes that the kernel moves, short counts and failures of its calls, and
 * what is told of the end that they belong to. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "core/kernel_copy.h"
#include "net/socket.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

/* What the next calls of splice(2) and sendfile(2) do: the errno they fail with, or how many
 * bytes they move at most; 0: as they are. */
enum { CALLS_MAX = 4 };
static struct {
    int number;
    size_t most;
} calls[CALLS_MAX];
static size_t call_count;

static bool call_fails(size_t *n)
{
    size_t i = call_count++;

    if (i >= CALLS_MAX)
        return false;
    errno = calls[i].number;
    *n = calls[i].most > 0 && calls[i].most < *n ? calls[i].most : *n;
    return calls[i].number != 0;
}

/* These stand before those of the C library. */

ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
    if (call_fails(&n))
        return -1;
    return syscall(SYS_splice, in, in_at, out, out_at, n, flags);
}

ssize_t sendfile(int out, int in, off_t *at, size_t n)
{
    if (call_fails(&n))
        return -1;
    return syscall(SYS_sendfile, out, in, at, n);
}

/* An end that the test holds the other side of; files have none. */
struct side {
    struct script script;
    struct stream *stream;
    enum kernel_access access;
    int own, other;
};

struct scene {
    struct loop *loop;
    struct workspace work;
    struct side from, to;
    struct buf rest;
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static void open_side(struct scene *s, struct side *side, enum kernel_access access, bool writes)
{
    struct transport t = {.ops = &script_ops, .access = access, .state = &side->script};
    struct addr a = loopback(1, 1);
    FILE *file;
    int fds[2];

    *side = (struct side){.access = access, .other = -1};
    switch (access) {
    case KERNEL_SOCKET:
        loopback_pair(fds);
        side->own = fds[0];
        side->other = fds[1];
        side->stream = socket_open(s->loop, side->own, &a, NULL);
        assert_non_null(side->stream);
        return;
    case KERNEL_PIPE:
        assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        side->own = fds[writes];
        side->other = fds[!writes];
        break;
    case KERNEL_FILE:
        file = tmpfile();
        assert_non_null(file);
        side->own = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
        fclose(file);
        break;
    default:
        side->own = open("/dev/null", O_WRONLY | O_CLOEXEC);
    }
    assert_true(side->own >= 0);
    t.fd = side->own;
    side->stream = stream_new(s->loop, &t, writes ? "the output" : "the input", NULL, NULL);
    assert_non_null(side->stream);
}

static void begin(struct scene *s, enum kernel_access from, enum kernel_access to)
{
    memset(calls, 0, sizeof(calls));
    *s = (struct scene){.loop = still_loop()};
    workspace_init(&s->work, s->loop);
    open_side(s, &s->from, from, false);
    open_side(s, &s->to, to, true);
    call_count = 0;
}

static void close_side(struct side *side)
{
    stream_close(side->stream, STREAM_AT_ONCE);
    if (side->access != KERNEL_SOCKET)
        close(side->own);
    if (side->other >= 0)
        close(side->other);
}

static void end(struct scene *s)
{
    close_side(&s->from);
    close_side(&s->to);
    workspace_clear(&s->work);
    buf_free(&s->rest);
    loop_free(s->loop);
}

static enum kernel_copy_result copy(struct scene *s, size_t max)
{
    return kernel_copy(&s->work, s->from.stream, s->to.stream, max, &s->rest);
}

/* Gives the source bytes to be read. */
static void give(struct scene *s, const char *text)
{
    size_t n = strlen(text);

    if (s->from.access == KERNEL_FILE) {
        assert_int_equal(pwrite(s->from.own, text, n, 0), n);
        return;
    }
    assert_int_equal(write(s->from.other, text, n), n);
    await_events(s->from.own, POLLIN);
}

/* Asserts what has come out, in all. */
static void assert_out(struct scene *s, const char *text)
{
    char got[64];
    size_t n = strlen(text), length = 0;

    assert_int_equal(stream_counts(s->from.stream)->in_bytes, n + buf_length(&s->rest));
    assert_int_equal(stream_counts(s->to.stream)->out_bytes, n);
    if (s->to.access == KERNEL_FILE) {
        assert_int_equal(pread(s->to.own, got, sizeof(got), 0), n);
    } else {
        while (length < n) {
            ssize_t more = read(s->to.other, got + length, sizeof(got) - length);

            assert_true(more > 0);
            length += (size_t)more;
        }
        assert_int_equal(length, n);
    }
    assert_memory_equal(got, text, n);
}

static void knows_which_ends_the_kernel_can_copy_between(void **state)
{
    static const bool possible[KERNEL_NULL + 1][KERNEL_NULL + 1] = {
        [KERNEL_FILE] = {[KERNEL_SOCKET] = true},
        [KERNEL_PIPE] = {[KERNEL_SOCKET] = true, [KERNEL_PIPE] = true},
        [KERNEL_SOCKET] = {[KERNEL_SOCKET] = true,
                           [KERNEL_PIPE] = true,
                           [KERNEL_FILE] = true,
                           [KERNEL_NULL] = true},
    };
    struct loop *l = still_loop();

    (void)state;
    for (int from = KERNEL_NONE; from <= KERNEL_NULL; from++) {
        for (int to = KERNEL_NONE; to <= KERNEL_NULL; to++) {
            struct script scripts[2] = {{.shut_number = 0}, {.shut_number = 0}};
            struct stream *streams[2];

            for (int i = 0; i < 2; i++) {
                struct transport t = {.ops = &script_ops, .fd = -1, .state = &scripts[i]};

                t.access = (enum kernel_access)(i == 0 ? from : to);
                streams[i] = stream_new(l, &t, "end", NULL, NULL);
                assert_non_null(streams[i]);
            }
            assert_int_equal(kernel_copy_is_possible(streams[0], streams[1]), possible[from][to]);
            stream_close(streams[0], STREAM_AT_ONCE);
            stream_close(streams[1], STREAM_AT_ONCE);
        }
    }
    loop_free(l);
}

static const struct {
    enum kernel_access from, to;
} pairs[] = {
    {KERNEL_FILE, KERNEL_SOCKET}, {KERNEL_PIPE, KERNEL_SOCKET}, {KERNEL_PIPE, KERNEL_PIPE},
    {KERNEL_SOCKET, KERNEL_PIPE}, {KERNEL_SOCKET, KERNEL_FILE},
};

enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

static void short_counts_add_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        struct scene s;

        begin(&s, pairs[i].from, pairs[i].to);
        give(&s, letters);
        for (size_t k = 0; k < CALLS_MAX; k++)
            calls[k].most = 3 + k;
        for (size_t k = 0; stream_counts(s.to.stream)->out_bytes < 26; k++) {
            assert_in_range(k, 0, 25);
            assert_int_equal(copy(&s, 10), KERNEL_COPY_OK);
        }
        assert_true(call_count > 3);
        assert_out(&s, letters);
        end(&s);
    }
}

static void no_more_is_moved_than_was_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        struct scene s;

        begin(&s, pairs[i].from, pairs[i].to);
        give(&s, letters);
        assert_int_equal(copy(&s, 10), KERNEL_COPY_OK);
        assert_out(&s, "abcdefghij");
        end(&s);
    }
}

/* An urgent mark stops splice(2) on sockets like the end of data: reading finds out. */
static void the_end_is_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        struct scene s;
        bool from_socket = pairs[i].from == KERNEL_SOCKET;

        begin(&s, pairs[i].from, pairs[i].to);
        if (s.from.other >= 0) {
            close(s.from.other);
            s.from.other = -1;
            await_events(s.from.own, POLLIN | POLLHUP);
        }
        assert_int_equal(copy(&s, 10), from_socket ? KERNEL_COPY_BY_HAND : KERNEL_COPY_END);
        assert_int_equal(stream_counts(s.to.stream)->out_bytes, 0);
        end(&s);
    }
}

static void an_empty_source_starves(void **state)
{
    (void)state;
    for (size_t i = 1; i < PAIRS; i++) {
        struct scene s;

        begin(&s, pairs[i].from, pairs[i].to);
        assert_int_equal(copy(&s, 10), KERNEL_COPY_STARVED);
        assert_false(stream_has_more(s.from.stream));
        assert_false(stream_is_blocked(s.to.stream));
        end(&s);
    }
}

static void fill(const struct side *side)
{
    static char much[1 << 16];

    while (write(side->own, much, sizeof(much)) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

static void a_full_sink_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < PAIRS; i++) {
        struct scene s;

        begin(&s, pairs[i].from, pairs[i].to);
        give(&s, letters);
        fill(&s.to);
        assert_int_equal(copy(&s, 10), KERNEL_COPY_BLOCKED);
        assert_true(stream_is_blocked(s.to.stream));
        assert_int_equal(stream_counts(s.from.stream)->in_bytes, 0);
        end(&s);
    }
}

/* The call says EAGAIN or EINTR although both ends are ready: they are read and written by
 * hand, once, so that this does not spin. */
static void what_cannot_be_found_out_is_done_by_hand(void **state)
{
    static const int numbers[] = {EAGAIN, EINTR};

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct scene s;

            begin(&s, pairs[i].from, pairs[i].to);
            give(&s, letters);
            calls[0].number = numbers[k];
            assert_int_equal(copy(&s, 10), KERNEL_COPY_BY_HAND);
            assert_false(stream_is_blocked(s.to.stream));
            assert_int_equal(copy(&s, 10), KERNEL_COPY_OK);
            assert_out(&s, "abcdefghij");
            end(&s);
        }
    }
}

static void an_interrupted_wait_for_data_is_a_wait(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, KERNEL_SOCKET, KERNEL_PIPE);
    calls[0].number = EINTR;
    assert_int_equal(copy(&s, 10), KERNEL_COPY_STARVED);
    end(&s);
}

static void failures_belong_to_the_socket(void **state)
{
    static const int numbers[] = {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNABORTED};

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            bool to_socket = pairs[i].to == KERNEL_SOCKET;
            struct scene s;
            const struct error *why;

            if (!to_socket && pairs[i].from != KERNEL_SOCKET)
                continue;
            begin(&s, pairs[i].from, pairs[i].to);
            give(&s, letters);
            calls[0].number = numbers[k];
            assert_int_equal(copy(&s, 10),
                             to_socket ? KERNEL_COPY_WRITE_FAILED : KERNEL_COPY_READ_FAILED);
            why = stream_failure(to_socket ? s.to.stream : s.from.stream);
            assert_non_null(why);
            assert_int_equal(why->number, numbers[k]);
            assert_null(stream_failure(to_socket ? s.from.stream : s.to.stream));
            end(&s);
        }
    }
}

/* Anything else is met again by reading and writing, which know the reason. */
static void other_failures_refuse(void **state)
{
    static const int numbers[] = {EINVAL, ENOMEM, EIO, EPIPE, EOVERFLOW};

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            struct scene s;

            begin(&s, pairs[i].from, pairs[i].to);
            give(&s, letters);
            calls[0].number = numbers[k];
            assert_int_equal(copy(&s, 10), KERNEL_COPY_REFUSED);
            assert_int_equal(buf_length(&s.rest), 0);
            assert_null(stream_failure(s.from.stream));
            assert_null(stream_failure(s.to.stream));
            end(&s);
        }
    }
}

/* What was taken from the source and the file does not take is handed over. */
static void what_a_file_does_not_take_is_not_lost(void **state)
{
    (void)state;
    for (int partly = 0; partly < 2; partly++) {
        struct scene s;

        begin(&s, KERNEL_SOCKET, KERNEL_FILE);
        give(&s, letters);
        calls[1].number = partly ? 0 : EINVAL;
        calls[1].most = 4;
        calls[2].number = partly ? ENOSPC : 0;
        assert_int_equal(copy(&s, 10), KERNEL_COPY_REFUSED);
        assert_out(&s, partly ? "abcd" : "");
        assert_int_equal(buf_length(&s.rest), partly ? 6 : 10);
        assert_memory_equal(buf_head(&s.rest), partly ? "efghij" : letters, buf_length(&s.rest));
        /* Nothing stays in the pipe between. */
        buf_reset(&s.rest);
        assert_int_equal(copy(&s, 3), KERNEL_COPY_OK);
        assert_int_equal(pread(s.to.own, (char[8]){0}, 8, partly ? 4 : 0), 3);
        end(&s);
    }
}

static void what_nobody_wants_is_discarded(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, KERNEL_SOCKET, KERNEL_NULL);
    assert_int_equal(copy(&s, 10), KERNEL_COPY_STARVED);
    give(&s, letters);
    assert_int_equal(copy(&s, 10), KERNEL_COPY_OK);
    assert_int_equal(stream_counts(s.from.stream)->in_bytes, 10);
    assert_int_equal(stream_counts(s.to.stream)->out_bytes, 10);
    assert_int_equal(copy(&s, 100), KERNEL_COPY_OK);
    assert_int_equal(stream_counts(s.to.stream)->out_bytes, 26);
    close(s.from.other);
    s.from.other = -1;
    await_events(s.from.own, POLLIN);
    assert_int_equal(copy(&s, 10), KERNEL_COPY_END);
    assert_int_equal(call_count, 0);
    end(&s);
}

/* The last read decides: the next data is expected to be like it. */
static void between_sockets_only_bulk_is_spliced(void **state)
{
    static char bulk[32 << 10], got[sizeof(bulk)];
    struct scene s;
    size_t n;

    (void)state;
    begin(&s, KERNEL_SOCKET, KERNEL_SOCKET);
    give(&s, letters);
    assert_int_equal(copy(&s, sizeof(bulk)), KERNEL_COPY_BY_HAND);
    assert_int_equal(stream_read(s.from.stream, got, sizeof(got), &n), IO_OK);
    assert_int_equal(copy(&s, sizeof(bulk)), KERNEL_COPY_BY_HAND);
    assert_int_equal(write(s.from.other, bulk, sizeof(bulk)), sizeof(bulk));
    await_events(s.from.own, POLLIN);
    assert_int_equal(stream_read(s.from.stream, got, sizeof(got), &n), IO_OK);
    assert_int_equal(n, sizeof(bulk));
    assert_int_equal(call_count, 0);
    give(&s, letters);
    assert_int_equal(copy(&s, sizeof(bulk)), KERNEL_COPY_OK);
    assert_int_equal(call_count, 2);
    assert_int_equal(read(s.to.other, got, sizeof(got)), 26);
    assert_memory_equal(got, letters, 26);
    assert_int_equal(copy(&s, sizeof(bulk)), KERNEL_COPY_BY_HAND); /* those were few */
    end(&s);
}

/* The stream keeps the pipe until it is empty, and sends nothing before it. */
static void what_a_socket_does_not_take_stays_in_the_pipe(void **state)
{
    static char bulk[32 << 10], got[64];
    struct scene s;
    size_t n;

    (void)state;
    begin(&s, KERNEL_SOCKET, KERNEL_SOCKET);
    assert_int_equal(write(s.from.other, bulk, sizeof(bulk)), sizeof(bulk));
    await_events(s.from.own, POLLIN);
    assert_int_equal(stream_read(s.from.stream, bulk, sizeof(bulk), &n), IO_OK);
    give(&s, letters);
    calls[1].most = 4;
    calls[2].number = EAGAIN;
    assert_int_equal(copy(&s, sizeof(bulk)), KERNEL_COPY_OK);
    assert_int_equal(stream_unsent(s.to.stream), 22);
    assert_true(stream_is_blocked(s.to.stream));
    assert_int_equal(stream_write(s.to.stream, "!", 1), IO_OK);
    assert_int_equal(stream_shut(s.to.stream), IO_OK);
    assert_int_equal(s.work.spare_count, 0);
    for (int i = 0; stream_unsent(s.to.stream) > 0; i++) {
        assert_in_range(i, 0, 10);
        go(s.loop, 1);
    }
    assert_int_equal(s.work.spare_count, 1);
    assert_int_equal(stream_counts(s.to.stream)->out_bytes, 27);
    assert_int_equal(recv(s.to.other, got, sizeof(got), MSG_WAITALL), 27);
    assert_memory_equal(got, "abcdefghijklmnopqrstuvwxyz!", 27);
    end(&s);
}

static void a_socket_that_fails_drops_the_pipe(void **state)
{
    static char bulk[32 << 10];
    struct scene s;
    size_t n;

    (void)state;
    begin(&s, KERNEL_SOCKET, KERNEL_SOCKET);
    assert_int_equal(write(s.from.other, bulk, sizeof(bulk)), sizeof(bulk));
    await_events(s.from.own, POLLIN);
    assert_int_equal(stream_read(s.from.stream, bulk, sizeof(bulk), &n), IO_OK);
    give(&s, letters);
    calls[1].number = EPIPE;
    assert_int_equal(copy(&s, sizeof(bulk)), KERNEL_COPY_WRITE_FAILED);
    assert_string_equal(stream_failure(s.to.stream)->text,
                        "error sending to 127.0.0.1:1: Connection reset by peer");
    assert_null(stream_failure(s.from.stream));
    assert_int_equal(s.work.spare_count, 0);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_sockets_only_bulk_is_spliced),
        cmocka_unit_test(what_a_socket_does_not_take_stays_in_the_pipe),
        cmocka_unit_test(a_socket_that_fails_drops_the_pipe),
        cmocka_unit_test(knows_which_ends_the_kernel_can_copy_between),
        cmocka_unit_test(short_counts_add_up),
        cmocka_unit_test(no_more_is_moved_than_was_said),
        cmocka_unit_test(the_end_is_met),
        cmocka_unit_test(an_empty_source_starves),
        cmocka_unit_test(a_full_sink_blocks),
        cmocka_unit_test(what_cannot_be_found_out_is_done_by_hand),
        cmocka_unit_test(an_interrupted_wait_for_data_is_a_wait),
        cmocka_unit_test(failures_belong_to_the_socket),
        cmocka_unit_test(other_failures_refuse),
        cmocka_unit_test(what_a_file_does_not_take_is_not_lost),
        cmocka_unit_test(what_nobody_wants_is_discarded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
