/*
 * A transport that does what a test wrote down: short reads and writes, waits, ends and
 * failures, in a given order. It has no descriptor: a test wakes its stream itself, and moves
 * the clock of the loop. What the system does on its own is tested with loopback.h.
 */
#ifndef TESTS_UNIT_SCRIPTED_H
#define TESTS_UNIT_SCRIPTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/stream.h"

/* What the next call does; one of the macros below. {0} ends a script. */
struct script_step {
    enum io result;
    const char *bytes; /* that a read gives */
    size_t n;          /* of them; or how many bytes a write takes at most */
    int number;        /* the errno of a failure */
    unsigned times;    /* to be done so often; 0: once */
};

#define GIVES(text) ((struct script_step){IO_OK, text, sizeof(text) - 1, 0, 0})
#define GIVES_OFTEN(text, times) ((struct script_step){IO_OK, text, sizeof(text) - 1, 0, times})
#define TAKES(n) ((struct script_step){IO_OK, NULL, n, 0, 0})
#define WAITS ((struct script_step){IO_AGAIN, NULL, 0, 0, 0})
#define ENDS ((struct script_step){IO_END, NULL, 0, 0, 0})
#define FAILS(number) ((struct script_step){IO_FAILED, NULL, 0, number, 0})

enum { SCRIPT_STEPS = 12 };

/* After the last step of reads there is nothing to read for now; after the last step of writes
 * everything is taken. */
struct script {
    struct script_step reads[SCRIPT_STEPS], writes[SCRIPT_STEPS];
    size_t read_step, write_step;
    size_t offset; /* in the bytes of the present read */
    size_t unacknowledged;
    int shut_number;    /* the errno that shut fails with; 0: it succeeds */
    int failure_number; /* the errno that is pending; 0: none */
    unsigned read_calls, write_calls, shut_calls, discard_calls;
    bool closed, aborted;
    struct buf written;
};

static inline enum io script_fails(int number, struct error *err)
{
    error_cause(err, number);
    return IO_FAILED;
}

static inline void script_next(struct script_step *steps, size_t *step)
{
    if (steps[*step].times > 1)
        steps[*step].times--;
    else
        ++*step;
}

static inline enum io script_look(struct script *s, void *to, size_t max, size_t *got,
                                  struct error *err)
{
    struct script_step *step = &s->reads[s->read_step];
    size_t left = step->n - s->offset;

    if (max == 0)
        return IO_END; /* as on a socket */
    if (step->result == IO_FAILED)
        return script_fails(step->number, err);
    if (step->result != IO_OK || step->n == 0)
        return step->result == IO_END ? IO_END : IO_AGAIN;
    *got = left < max ? left : max;
    if (to != NULL)
        memcpy(to, step->bytes + s->offset, *got);
    return IO_OK;
}

static inline enum io script_peek(struct transport *t, void *to, size_t max, size_t *got,
                                  struct error *err)
{
    struct script *s = t->state;
    enum io result = script_look(s, to, max, got, err);

    if (result == IO_AGAIN && s->reads[s->read_step].result == IO_AGAIN)
        script_next(s->reads, &s->read_step);
    return result;
}

static inline enum io script_read(struct transport *t, void *to, size_t max, size_t *got,
                                  struct error *err)
{
    struct script *s = t->state;
    bool at_end = s->reads[s->read_step].result == IO_OK && s->reads[s->read_step].n == 0;
    enum io result = script_look(s, to, max, got, err);

    s->read_calls++;
    s->discard_calls += to == NULL;
    if (result == IO_OK)
        s->offset += *got;
    if (at_end || (result == IO_OK && s->offset < s->reads[s->read_step].n))
        return result;
    s->offset = 0;
    script_next(s->reads, &s->read_step);
    return result;
}

static inline enum io script_write(struct transport *t, const struct iovec *iov, int count,
                                   size_t *put, struct error *err)
{
    struct script *s = t->state;
    struct script_step step = s->writes[s->write_step];
    bool at_end = step.result == IO_OK && step.n == 0;
    size_t room = at_end ? SIZE_MAX : step.n;

    s->write_calls++;
    if (!at_end)
        script_next(s->writes, &s->write_step);
    if (step.result != IO_OK)
        return step.result == IO_FAILED ? script_fails(step.number, err) : step.result;
    for (int i = 0; i < count && room > 0; i++) {
        size_t n = iov[i].iov_len < room ? iov[i].iov_len : room;

        assert_int_equal(buf_add(&s->written, iov[i].iov_base, n), 0);
        *put += n;
        room -= n;
    }
    return IO_OK;
}

static inline enum io script_shut(struct transport *t, struct error *err)
{
    struct script *s = t->state;

    s->shut_calls++;
    return s->shut_number != 0 ? script_fails(s->shut_number, err) : IO_OK;
}

static inline void script_close(struct transport *t, bool abort)
{
    struct script *s = t->state;

    assert_false(s->closed);
    s->closed = true;
    s->aborted = abort;
}

static inline size_t script_unacknowledged(const struct transport *t)
{
    return ((struct script *)t->state)->unacknowledged;
}

static inline bool script_failure(struct transport *t, struct error *err)
{
    int number = ((struct script *)t->state)->failure_number;

    if (number != 0)
        error_cause(err, number);
    return number != 0;
}

static const struct transport_ops script_ops = {
    .read = script_read,
    .peek = script_peek,
    .write = script_write,
    .shut = script_shut,
    .close = script_close,
    .unacknowledged = script_unacknowledged,
    .failure = script_failure,
};

/* Opens the script as a local stream. */
static inline struct stream *script_open(struct loop *l, struct script *s, const char *name)
{
    struct transport t = {.ops = &script_ops, .fd = -1, .state = s};
    struct stream *stream = stream_new(l, &t, name, NULL, NULL);

    assert_non_null(stream);
    return stream;
}

/* Opens it as a connection to 192.0.2.1:80. */
static inline struct stream *script_connect(struct loop *l, struct script *s)
{
    struct transport t = {.ops = &script_ops, .fd = -1, .state = s};
    struct addr peer = {.length = sizeof(peer.in)};
    struct stream *stream;

    peer.in.sin_family = AF_INET;
    peer.in.sin_addr.s_addr = htonl(0xc0000201);
    addr_set_port(&peer, 80);
    stream = stream_new(l, &t, NULL, &peer, NULL);
    assert_non_null(stream);
    return stream;
}

/* Asserts what was written, and takes it. */
static inline void assert_written(struct script *s, const char *text)
{
    assert_int_equal(buf_length(&s->written), strlen(text));
    if (*text != '\0')
        assert_memory_equal(buf_head(&s->written), text, strlen(text));
    buf_free(&s->written);
}

enum { START_MS = 1000000 };

/* Returns a loop whose clock stands still at START_MS. */
static inline struct loop *still_loop(void)
{
    struct loop *l = loop_new(NULL);

    assert_non_null(l);
    loop_set_now(l, START_MS);
    return l;
}

/* Runs rounds that do not wait. */
static inline void go(struct loop *l, int rounds)
{
    while (rounds-- > 0)
        assert_int_equal(loop_round(l, false, NULL), 0);
}

/* Lets time pass, and what is due happen. */
static inline void pass(struct loop *l, int64_t ms)
{
    loop_set_now(l, loop_now_ms(l) + ms);
    go(l, 1);
}

#endif
