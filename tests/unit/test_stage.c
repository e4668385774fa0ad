/* core/stage: stages take exactly their bytes, one after another, within one time limit. */
#include <errno.h>

#include "core/stage.h"
#include "tests/unit/scripted.h"

/* A stage that takes a line, and does what the line says. */
struct liner {
    struct stage stage;
    struct stage_buffer buffer;
    char bytes[16];
};

/* Stages that have been made and not freed, and the lines that were taken. */
static int alive;
static char lines[64];

/* A line that begins with "-" is none. */
static size_t ours(const char *bytes, size_t n, bool *complete)
{
    const char *newline = memchr(bytes, '\n', n);

    *complete = newline != NULL || bytes[0] == '-';
    return bytes[0] == '-' ? 0 : newline != NULL ? (size_t)(newline - bytes) + 1 : n;
}

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    struct liner *l = (struct liner *)g;
    enum stage_result result = stage_take(&l->buffer, s, ours, err);

    if (result != STAGE_DONE)
        return result;
    assert_true(strlen(lines) + l->buffer.length < sizeof(lines));
    memcpy(lines + strlen(lines), l->bytes, l->buffer.length);
    if (l->bytes[0] == 'r')
        return STAGE_RECONNECT;
    if (l->bytes[0] != 'n')
        return STAGE_DONE;
    error_set(err, EXITCODE_FAILED, "a rule");
    return STAGE_REFUSED;
}

static void free_stage(struct stage *g)
{
    alive--;
    free(g);
}

static const struct stage_ops ops = {.name = "line", .step = step, .free = free_stage};

static struct stage *make(const void *config, struct error *err)
{
    struct liner *l = calloc(1, sizeof(*l));

    (void)err;
    assert_non_null(l);
    assert_string_equal(config, "config");
    l->stage.ops = &ops;
    l->buffer = (struct stage_buffer){.bytes = l->bytes, .max = sizeof(l->bytes)};
    alive++;
    return &l->stage;
}

static struct stage *make_none(const void *config, struct error *err)
{
    (void)config;
    error_cause(err, ENOMEM);
    return NULL;
}

/* A stage that writes when the stream takes something. */

static enum stage_result write_step(struct stage *g, struct stream *s, struct error *err)
{
    (void)g;
    (void)err;
    if (stream_is_blocked(s))
        return STAGE_WANTS_WRITE;
    return stream_write(s, "hello", 5) == IO_OK ? STAGE_DONE : STAGE_FAILED;
}

static const struct stage_ops write_ops = {.name = "hello", .step = write_step, .free = free_stage};

static struct stage *make_writer(const void *config, struct error *err)
{
    struct stage *g = calloc(1, sizeof(*g));

    (void)config;
    (void)err;
    assert_non_null(g);
    g->ops = &write_ops;
    alive++;
    return g;
}

static const struct stage_plan two[] = {{make, "config"}, {make, "config"}};

struct scene {
    struct loop *loop;
    struct script script;
    struct stream *stream;
    struct handshake *handshake;
    unsigned ends;
    enum handshake_end how;
    struct error why;
};

static void on_end(void *arg, enum handshake_end how, struct error *why)
{
    struct scene *s = arg;

    s->ends++;
    s->how = how;
    error_move(&s->why, why);
}

static void start(struct scene *s, const struct stage_plan *plans, size_t count,
                  const struct script *script)
{
    alive = 0;
    lines[0] = '\0';
    memset(lines, 0, sizeof(lines));
    *s = (struct scene){.loop = still_loop(), .script = *script};
    s->stream = script_connect(s->loop, &s->script);
    s->how = handshake_start(&s->handshake, s->stream, plans, count, 1000, on_end, s, &s->why);
    assert_int_equal(s->handshake != NULL, s->how == HANDSHAKE_WAITS);
}

static void end(struct scene *s)
{
    assert_int_equal(alive, 0);
    pass(s->loop, 5000);
    stream_close(s->stream, STREAM_AT_ONCE);
    buf_free(&s->script.written);
    error_clear(&s->why);
    loop_free(s->loop);
}

static void assert_end(const struct scene *s, unsigned ends, enum handshake_end how,
                       const char *why)
{
    assert_int_equal(s->ends, ends);
    assert_int_equal(s->how, how);
    if (why == NULL)
        assert_null(s->why.text);
    else
        assert_string_equal(s->why.text, why);
    assert_int_equal(alive, 0);
}

/* What the stages left is still there, and nobody else reads. */
static void assert_left(struct scene *s, const char *text)
{
    char left[32];
    size_t got;

    go(s->loop, 3);
    assert_int_equal(stream_read(s->stream, left, sizeof(left), &got), IO_OK);
    assert_int_equal(got, strlen(text));
    assert_memory_equal(left, text, got);
}

static void stages_that_need_not_wait_are_done_at_once(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 2, &(struct script){.reads = {GIVES("one\ntwo\nrest")}});
    assert_end(&s, 0, HANDSHAKE_DONE, NULL);
    assert_string_equal(lines, "one\ntwo\n");
    assert_left(&s, "rest");
    end(&s);
    start(&s, two, 0, &(struct script){.reads = {GIVES("rest")}});
    assert_end(&s, 0, HANDSHAKE_DONE, NULL);
    assert_left(&s, "rest");
    end(&s);
}

static void bytes_may_come_one_by_one(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 2,
          &(struct script){
              .reads = {GIVES("a"), WAITS, GIVES("b"), WAITS, GIVES("\n"), WAITS, GIVES("c\nd")}});
    for (int i = 0; i < 3; i++) {
        assert_int_equal(s.how, HANDSHAKE_WAITS);
        assert_int_equal(s.ends, 0);
        go(s.loop, 5);
        stream_wake(s.stream, EPOLLIN);
        go(s.loop, 3);
    }
    assert_end(&s, 1, HANDSHAKE_DONE, NULL);
    assert_string_equal(lines, "ab\nc\n");
    assert_left(&s, "d");
    end(&s);
}

/* Half of it was taken, so that waiting for the other half does not spin. */
static void half_of_it_is_taken(void **state)
{
    struct scene s;
    unsigned calls;

    (void)state;
    start(&s, two, 1, &(struct script){.reads = {GIVES("half"), WAITS}});
    go(s.loop, 5);
    calls = s.script.read_calls;
    go(s.loop, 50);
    assert_int_equal(s.script.read_calls, calls);
    assert_int_equal(stream_counts(s.stream)->in_bytes, 4);
    handshake_cancel(s.handshake);
    end(&s);
}

static void what_is_not_ours_stays(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 1, &(struct script){.reads = {GIVES("-not ours")}});
    assert_end(&s, 0, HANDSHAKE_DONE, NULL);
    assert_string_equal(lines, "");
    assert_left(&s, "-not ours");
    end(&s);
}

static void too_much_is_refused(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 1, &(struct script){.reads = {GIVES("a line that is too long\n")}});
    assert_end(&s, 0, HANDSHAKE_FAILED, "192.0.2.1:80: line: more than 16 bytes");
    end(&s);
}

static void as_much_as_fits_is_taken(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 1, &(struct script){.reads = {GIVES("fifteen letters\nrest")}});
    assert_end(&s, 0, HANDSHAKE_DONE, NULL);
    assert_left(&s, "rest");
    end(&s);
}

static void a_rule_may_refuse(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 2, &(struct script){.reads = {WAITS, GIVES("no\nyes\n")}});
    stream_wake(s.stream, EPOLLIN);
    go(s.loop, 3);
    assert_end(&s, 1, HANDSHAKE_REFUSED, "a rule");
    end(&s);
}

static void a_stage_may_ask_for_another_connection(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 2, &(struct script){.reads = {WAITS, GIVES("reconnect\nyes\n")}});
    stream_wake(s.stream, EPOLLIN);
    go(s.loop, 3);
    assert_end(&s, 1, HANDSHAKE_RECONNECT, NULL);
    end(&s);
}

static void failures_name_the_peer_and_the_stage(void **state)
{
    static const struct {
        struct script_step step;
        const char *why;
    } cases[] = {
        {{IO_END, NULL, 0, 0, 0}, "192.0.2.1:80: line: the connection was closed too early"},
        {{IO_FAILED, NULL, 0, ECONNRESET, 0},
         "line: error receiving from 192.0.2.1:80: Connection reset by peer"},
        {{IO_FAILED, NULL, 0, ENOMEM, 0},
         "line: error receiving from 192.0.2.1:80: Cannot allocate memory"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene s;

        start(&s, two, 2, &(struct script){.reads = {GIVES("half"), cases[i].step}});
        assert_end(&s, 0, HANDSHAKE_FAILED, cases[i].why);
        end(&s);
        start(&s, two, 2, &(struct script){.reads = {GIVES("a\nhalf"), WAITS, cases[i].step}});
        assert_int_equal(s.how, HANDSHAKE_WAITS);
        stream_wake(s.stream, EPOLLIN);
        go(s.loop, 3);
        assert_end(&s, 1, HANDSHAKE_FAILED, cases[i].why);
        end(&s);
    }
}

static void a_stage_that_cannot_be_made_fails(void **state)
{
    const struct stage_plan plans[] = {{make, "config"}, {make_none, NULL}};
    struct scene s;

    (void)state;
    start(&s, plans, 2, &(struct script){.reads = {GIVES("a\n")}});
    assert_end(&s, 0, HANDSHAKE_FAILED, "192.0.2.1:80: handshake: Cannot allocate memory");
    end(&s);
}

static void a_stage_may_wait_to_write(void **state)
{
    const struct stage_plan plans[] = {{make_writer, NULL}, {make, "config"}};
    struct scene s;

    (void)state;
    alive = 0;
    s = (struct scene){.loop = still_loop(),
                       .script = {.reads = {GIVES("a\n")}, .writes = {WAITS, TAKES(1), WAITS}}};
    s.stream = script_connect(s.loop, &s.script);
    assert_int_equal(stream_write(s.stream, "x", 1), IO_OK);
    s.how = handshake_start(&s.handshake, s.stream, plans, 2, 1000, on_end, &s, &s.why);
    assert_int_equal(s.how, HANDSHAKE_WAITS);
    go(s.loop, 5);
    assert_int_equal(s.ends, 0);
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 3);
    assert_end(&s, 1, HANDSHAKE_DONE, NULL);
    stream_wake(s.stream, EPOLLOUT);
    go(s.loop, 3);
    assert_written(&s.script, "xhello");
    end(&s);
}

/* One limit for all stages. */
static void the_time_limit_names_the_stage(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 2, &(struct script){.reads = {WAITS, GIVES("a\n"), WAITS}});
    pass(s.loop, 600);
    stream_wake(s.stream, EPOLLIN);
    pass(s.loop, 399);
    assert_string_equal(lines, "a\n");
    assert_int_equal(s.ends, 0);
    pass(s.loop, 1);
    assert_end(&s, 1, HANDSHAKE_FAILED,
               "192.0.2.1:80: line: timed out after 1s (--handshake-timeout)");
    assert_int_equal(s.why.status, EXITCODE_TIMEOUT);
    end(&s);
}

static void cancelling_says_nothing(void **state)
{
    struct scene s;

    (void)state;
    start(&s, two, 2, &(struct script){.reads = {WAITS, GIVES("a\nb\n")}});
    stream_wake(s.stream, EPOLLIN);
    handshake_cancel(s.handshake);
    handshake_cancel(NULL);
    assert_int_equal(alive, 0);
    pass(s.loop, 5000);
    assert_int_equal(s.ends, 0);
    assert_left(&s, "a\nb\n");
    end(&s);
}

static void bytes_are_discarded_as_they_come(void **state)
{
    struct loop *l = still_loop();
    struct script script = {.reads = {GIVES("abc"), WAITS, GIVES("defgh"), ENDS}};
    struct stream *s = script_connect(l, &script);
    struct error err = {0};
    char left[8];
    size_t n = 5, got;

    (void)state;
    assert_int_equal(stage_discard(&n, s, &err), STAGE_WANTS_READ);
    assert_int_equal(n, 2);
    assert_int_equal(stage_discard(&n, s, &err), STAGE_DONE);
    assert_int_equal(n, 0);
    assert_int_equal(stage_discard(&n, s, &err), STAGE_DONE);
    assert_int_equal(stream_read(s, left, sizeof(left), &got), IO_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(left, "fgh", 3);
    n = 1;
    assert_int_equal(stage_discard(&n, s, &err), STAGE_FAILED);
    assert_string_equal(err.text, "the connection was closed too early");
    error_clear(&err);
    stream_close(s, STREAM_AT_ONCE);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_that_need_not_wait_are_done_at_once),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(half_of_it_is_taken),
        cmocka_unit_test(what_is_not_ours_stays),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(as_much_as_fits_is_taken),
        cmocka_unit_test(a_rule_may_refuse),
        cmocka_unit_test(a_stage_may_ask_for_another_connection),
        cmocka_unit_test(failures_name_the_peer_and_the_stage),
        cmocka_unit_test(a_stage_that_cannot_be_made_fails),
        cmocka_unit_test(a_stage_may_wait_to_write),
        cmocka_unit_test(the_time_limit_names_the_stage),
        cmocka_unit_test(cancelling_says_nothing),
        cmocka_unit_test(bytes_are_discarded_as_they_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
