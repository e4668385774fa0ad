/* core/pump: a direction arrives whole and in order whatever its two ends do, and ends as it
 * should. */
#include <errno.h>

#include "core/memory.h"
#include "core/pump.h"
#include "tests/unit/scripted.h"
#include "text/label.h"
#include "text/line.h"
#include "text/transcode.h"
#include "text/upcase.h"

/* A pump between two scripts, and how it ended. */
struct scene {
    struct loop *loop;
    struct workspace work;
    struct script from, to;
    struct stream *source, *sink;
    struct pump pump;
    struct label_screen screen;
    unsigned ends, moves;
    enum pump_end how;
    struct error why;
};

static void on_end(struct pump *p, enum pump_end how, struct error *why)
{
    struct scene *s = container_of(p, struct scene, pump);

    s->ends++;
    s->how = how;
    error_move(&s->why, why);
}

static void on_moved(void *owner)
{
    ((struct scene *)owner)->moves++;
}

static void open_scene(struct scene *s, struct loop *l, const struct script *from,
                       const struct script *to)
{
    *s = (struct scene){.loop = l, .from = *from};
    workspace_init(&s->work, l);
    s->source = script_connect(l, &s->from);
    if (to != NULL) {
        s->to = *to;
        s->sink = script_open(l, &s->to, "standard output");
    }
}

static void begin(struct scene *s, const struct direction *d, const struct script *from,
                  const struct script *to)
{
    open_scene(s, still_loop(), from, to);
    pump_start(&s->pump, d, s, &s->work, s->source, s->sink, on_end);
    assert_int_equal(s->from.read_calls, 0);
}

static void close_scene(struct scene *s)
{
    pump_stop(&s->pump);
    stream_close(s->source, STREAM_AT_ONCE);
    stream_close(s->sink, STREAM_AT_ONCE);
    go(s->loop, 1);
    workspace_clear(&s->work);
    buf_free(&s->to.written);
    error_clear(&s->why);
}

static void end(struct scene *s)
{
    close_scene(s);
    loop_free(s->loop);
}

static void assert_ended(const struct scene *s, enum pump_end how, const char *why)
{
    assert_int_equal(s->ends, 1);
    assert_int_equal(s->how, how);
    assert_false(s->pump.running);
    if (why == NULL)
        assert_null(s->why.text);
    else
        assert_string_equal(s->why.text, why);
}

static const struct direction plain = {.at_end = AT_END_SHUT, .on_moved = on_moved};

static void copies_until_the_source_ends(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {GIVES("one"), WAITS, GIVES("two"), ENDS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 5);
    assert_written(&s.to, "one");
    assert_int_equal(s.ends, 0);
    assert_int_equal(s.from.read_calls, 2);
    assert_false(pump_is_blocked(&s.pump));
    stream_wake(s.source, EPOLLIN);
    go(s.loop, 1);
    assert_written(&s.to, "two");
    assert_ended(&s, PUMP_ENDED, NULL);
    assert_int_equal(s.moves, 2);
    assert_int_equal(s.to.shut_calls, 1);
    end(&s);
}

static void reads_no_more_than_it_is_told(void **state)
{
    const struct direction narrow = {.read_max = 2, .at_end = AT_END_SHUT, .on_moved = on_moved};
    struct scene s;

    (void)state;
    begin(&s, &narrow, &(struct script){.reads = {GIVES("abcde"), ENDS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    assert_written(&s.to, "abcde");
    assert_int_equal(s.moves, 3);
    end(&s);
}

/* Nothing queues without end: what the sink does not take is not read. */
static void a_sink_that_waits_stops_the_source(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {GIVES_OFTEN("abc", 10), ENDS}},
          &(struct script){.writes = {TAKES(2), WAITS, TAKES(1), TAKES(3), TAKES(1), WAITS}});
    go(s.loop, 10);
    assert_int_equal(s.from.read_calls, 1);
    assert_written(&s.to, "ab");
    assert_true(pump_is_blocked(&s.pump));
    stream_wake(s.source, EPOLLIN);
    go(s.loop, 10);
    assert_int_equal(s.from.read_calls, 1);
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 10);
    assert_written(&s.to, "cabca");
    assert_int_equal(s.from.read_calls, 3);
    assert_int_equal(stream_unsent(s.sink), 2);
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 10);
    assert_written(&s.to, "bcabcabcabcabcabcabcabc");
    assert_ended(&s, PUMP_ENDED, NULL);
    end(&s);
}

/* Two sources that always have something: each has its turn after a bounded number of reads
 * of the other. */
static void others_have_their_turn(void **state)
{
    enum { READS = 1000, AT_A_TIME = 64 };
    struct loop *l = still_loop();
    struct scene s[2];
    unsigned before[2] = {0, 0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        open_scene(&s[i], l, &(struct script){.reads = {GIVES_OFTEN("x", READS), ENDS}},
                   &(struct script){.shut_number = 0});
        pump_start(&s[i].pump, &plain, &s[i], &s[i].work, s[i].source, s[i].sink, on_end);
    }
    while (s[0].ends + s[1].ends < 2) {
        go(l, 1);
        for (int i = 0; i < 2; i++) {
            assert_in_range(s[i].moves - before[i], s[i].ends == 0, AT_A_TIME);
            before[i] = s[i].moves;
        }
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s[i].moves, READS);
        assert_int_equal(buf_length(&s[i].to.written), READS);
        close_scene(&s[i]);
    }
    loop_free(l);
}

/* The same for data that goes nowhere. */
static void discarding_leaves_others_their_turn(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {GIVES_OFTEN("x", 1000), ENDS}}, NULL);
    go(s.loop, 1);
    assert_in_range(s.from.discard_calls, 1, 64);
    go(s.loop, 1000);
    assert_int_equal(s.from.discard_calls, 1001);
    assert_ended(&s, PUMP_ENDED, NULL);
    end(&s);
}

static void the_end_reaches_the_sink_as_told(void **state)
{
    static const struct {
        enum at_end at_end;
        bool has_data;
        unsigned shuts;
    } cases[] = {
        {AT_END_SHUT, true, 1},  {AT_END_SHUT, false, 1},         {AT_END_KEEP, true, 0},
        {AT_END_KEEP, false, 0}, {AT_END_KEEP_IF_EMPTY, true, 1}, {AT_END_KEEP_IF_EMPTY, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct direction d = {.at_end = cases[i].at_end};
        struct scene s;

        begin(&s, &d,
              cases[i].has_data ? &(struct script){.reads = {GIVES("x"), ENDS}}
                                : &(struct script){.reads = {ENDS}},
              &(struct script){.shut_number = 0});
        go(s.loop, 3);
        assert_ended(&s, PUMP_ENDED, NULL);
        assert_int_equal(s.to.shut_calls, cases[i].shuts);
        end(&s);
    }
}

static void the_end_waits_until_the_sink_has_taken_everything(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {GIVES("abc"), ENDS}},
          &(struct script){.writes = {TAKES(1), WAITS, TAKES(1), WAITS}});
    for (int i = 0; i < 2; i++) {
        go(s.loop, 5);
        assert_int_equal(s.ends, 0);
        assert_int_equal(s.to.shut_calls, 0);
        assert_true(pump_is_blocked(&s.pump));
        stream_wake(s.sink, EPOLLOUT);
    }
    go(s.loop, 1);
    assert_written(&s.to, "abc");
    assert_ended(&s, PUMP_ENDED, NULL);
    assert_int_equal(s.to.shut_calls, 1);
    end(&s);
}

static void one_read_may_be_enough(void **state)
{
    const struct direction first = {.at_end = AT_END_KEEP, .first_is_enough = true};
    struct scene s;

    (void)state;
    begin(&s, &first, &(struct script){.reads = {WAITS, GIVES("one"), GIVES("two")}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    assert_int_equal(s.ends, 0);
    stream_wake(s.source, EPOLLIN);
    go(s.loop, 3);
    assert_written(&s.to, "one");
    assert_ended(&s, PUMP_SATISFIED, NULL);
    assert_int_equal(s.to.shut_calls, 0);
    end(&s);
}

static void one_send_has_to_take_all(void **state)
{
    const struct direction once = {.at_end = AT_END_SHUT, .one_send = true};
    struct scene s;

    (void)state;
    begin(&s, &once, &(struct script){.reads = {GIVES("abc"), GIVES("defgh"), ENDS}},
          &(struct script){.writes = {TAKES(3), TAKES(2)}});
    go(s.loop, 3);
    assert_written(&s.to, "abcde");
    assert_ended(&s, PUMP_WRITE_FAILED, "short send to standard output: 2 of 5 bytes");
    assert_int_equal(s.to.write_calls, 2);
    end(&s);
}

/* Failures. */

static void a_failed_read_comes_after_the_data_before_it(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {GIVES("abc"), FAILS(ECONNRESET)}},
          &(struct script){.writes = {TAKES(1), WAITS}});
    go(s.loop, 3);
    assert_int_equal(s.ends, 0);
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 3);
    assert_written(&s.to, "abc");
    assert_ended(&s, PUMP_READ_FAILED,
                 "error receiving from 192.0.2.1:80: Connection reset by peer");
    assert_int_equal(s.to.shut_calls, 0);
    end(&s);
}

static void a_failed_write_ends_the_pump(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {GIVES_OFTEN("abc", 5)}},
          &(struct script){.writes = {TAKES(3), FAILS(ENOMEM)}});
    go(s.loop, 3);
    assert_written(&s.to, "abc");
    assert_ended(&s, PUMP_WRITE_FAILED, "error writing standard output: Cannot allocate memory");
    assert_int_equal(s.from.read_calls, 2);
    end(&s);
}

static void a_write_may_fail_later(void **state)
{
    (void)state;
    for (int at_end = 0; at_end < 2; at_end++) {
        struct scene s;

        begin(&s, &plain,
              at_end ? &(struct script){.reads = {GIVES("abc"), ENDS}}
                     : &(struct script){.reads = {GIVES("abc"), GIVES("def"), WAITS}},
              &(struct script){.writes = {TAKES(1), WAITS, FAILS(EPIPE)}});
        go(s.loop, 3);
        assert_int_equal(s.ends, 0);
        stream_wake(s.sink, EPOLLOUT);
        go(s.loop, 3);
        assert_ended(&s, PUMP_WRITE_FAILED, "error writing standard output: Broken pipe");
        assert_int_equal(s.to.shut_calls, 0);
        end(&s);
    }
}

static void a_failed_shut_ends_the_pump(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {ENDS}},
          &(struct script){.shut_number = ECONNRESET});
    go(s.loop, 3);
    assert_ended(&s, PUMP_WRITE_FAILED, "error writing standard output: Connection reset by peer");
    end(&s);
}

/* Stopping and finishing from outside. */

static void a_pump_that_is_stopped_says_nothing(void **state)
{
    (void)state;
    for (int blocked = 0; blocked < 2; blocked++) {
        struct scene s;

        begin(&s, &plain, &(struct script){.reads = {GIVES("abc"), WAITS, GIVES("def"), ENDS}},
              blocked ? &(struct script){.writes = {WAITS}} : &(struct script){.shut_number = 0});
        go(s.loop, 3);
        assert_int_equal(pump_is_blocked(&s.pump), blocked);
        pump_stop(&s.pump);
        pump_stop(&s.pump);
        stream_wake(s.source, EPOLLIN);
        stream_wake(s.sink, EPOLLOUT);
        go(s.loop, 3);
        assert_int_equal(s.ends, 0);
        assert_int_equal(s.from.read_calls, blocked ? 1 : 2);
        assert_false(pump_is_blocked(&s.pump));
        end(&s);
    }
}

static void finishing_is_like_the_end_of_the_source(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, &plain, &(struct script){.reads = {GIVES_OFTEN("abc", 5), ENDS}},
          &(struct script){.writes = {TAKES(1), WAITS}});
    go(s.loop, 3);
    pump_finish(&s.pump, PUMP_ENDED);
    pump_finish(&s.pump, PUMP_ENDED);
    assert_int_equal(s.ends, 0);
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 3);
    assert_written(&s.to, "abc");
    assert_ended(&s, PUMP_ENDED, NULL);
    assert_int_equal(s.to.shut_calls, 1);
    assert_int_equal(s.from.read_calls, 1);
    end(&s);
}

/* Filters. */

static struct filter *make_upper(void *owner, struct stream *from, struct error *err)
{
    (void)owner;
    (void)from;
    (void)err;
    return upcase_new();
}

static struct filter *make_line(void *owner, struct stream *from, struct error *err)
{
    (void)owner;
    (void)from;
    (void)err;
    return line_first_new();
}

static struct filter *make_strict(void *owner, struct stream *from, struct error *err)
{
    (void)owner;
    (void)from;
    return transcode_new("gbk", "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL, err);
}

static struct filter *make_label(void *owner, struct stream *from, struct error *err)
{
    (void)from;
    (void)err;
    return label_new(&((struct scene *)owner)->screen, "a");
}

static struct filter *make_none(void *owner, struct stream *from, struct error *err)
{
    (void)owner;
    (void)from;
    error_set(err, EXITCODE_DATA, "no filter");
    return NULL;
}

static void filters_change_the_bytes(void **state)
{
    const struct direction upper = {.at_end = AT_END_SHUT, .make_filter = make_upper};
    struct scene s;

    (void)state;
    begin(&s, &upper,
          &(struct script){.reads = {GIVES("stra\xc3"),
                                     GIVES("\x9f"
                                           "e"),
                                     ENDS}},
          &(struct script){.writes = {TAKES(1), WAITS}});
    go(s.loop, 3);
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 3);
    assert_written(&s.to, "STRASSE");
    assert_ended(&s, PUMP_ENDED, NULL);
    end(&s);
}

static void a_filter_may_have_enough(void **state)
{
    const struct direction line = {.at_end = AT_END_KEEP, .make_filter = make_line};
    struct scene s;

    (void)state;
    begin(&s, &line, &(struct script){.reads = {GIVES("on"), GIVES("e\ntwo\n"), GIVES("three")}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    assert_written(&s.to, "one\n");
    assert_ended(&s, PUMP_SATISFIED, NULL);
    assert_int_equal(s.from.read_calls, 2);
    end(&s);
}

static void what_was_converted_before_a_failure_is_written(void **state)
{
    const struct direction strict = {.at_end = AT_END_SHUT, .make_filter = make_strict};
    struct scene s;

    (void)state;
    begin(&s, &strict, &(struct script){.reads = {GIVES("ab\xff\xff"), ENDS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    assert_written(&s.to, "ab");
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.how, PUMP_CONVERT_FAILED);
    assert_int_equal(s.why.status, EXITCODE_DATA);
    assert_memory_equal(s.why.text, "192.0.2.1:80: ", 14);
    assert_int_equal(s.to.shut_calls, 0);
    end(&s);
}

/* Half a character at the end. */
static void an_incomplete_end_is_a_failure(void **state)
{
    const struct direction strict = {.at_end = AT_END_SHUT, .make_filter = make_strict};
    struct scene s;

    (void)state;
    begin(&s, &strict, &(struct script){.reads = {GIVES("ab\xc4"), ENDS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    assert_written(&s.to, "ab");
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.how, PUMP_CONVERT_FAILED);
    end(&s);
}

static void a_failed_read_is_the_reason_for_half_a_character(void **state)
{
    const struct direction strict = {.at_end = AT_END_SHUT, .make_filter = make_strict};
    struct scene s;

    (void)state;
    begin(&s, &strict, &(struct script){.reads = {GIVES("ab\xc4"), FAILS(ECONNRESET)}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    assert_ended(&s, PUMP_READ_FAILED,
                 "error receiving from 192.0.2.1:80: Connection reset by peer");
    end(&s);
}

static void without_its_filter_nothing_is_copied(void **state)
{
    const struct direction none = {.at_end = AT_END_SHUT, .make_filter = make_none};
    struct scene s;

    (void)state;
    begin(&s, &none, &(struct script){.reads = {GIVES("abc")}}, &(struct script){.shut_number = 0});
    go(s.loop, 3);
    assert_written(&s.to, "");
    assert_ended(&s, PUMP_CONVERT_FAILED, "no filter");
    end(&s);
}

static void an_unfinished_line_is_shown_after_a_pause(void **state)
{
    const struct direction label = {.at_end = AT_END_SHUT, .make_filter = make_label};
    struct scene s;

    (void)state;
    begin(&s, &label, &(struct script){.reads = {GIVES("half"), WAITS, GIVES(" line\n"), ENDS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    pass(s.loop, 99);
    assert_written(&s.to, "");
    pass(s.loop, 1);
    assert_written(&s.to, "a: half");
    stream_wake(s.source, EPOLLIN);
    go(s.loop, 3);
    assert_written(&s.to, " line\n");
    assert_ended(&s, PUMP_ENDED, NULL);
    end(&s);
}

static void a_stopped_pump_flushes_nothing(void **state)
{
    const struct direction label = {.at_end = AT_END_SHUT, .make_filter = make_label};
    struct scene s;

    (void)state;
    begin(&s, &label, &(struct script){.reads = {GIVES("half"), WAITS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 3);
    pump_stop(&s.pump);
    pass(s.loop, 1000);
    assert_written(&s.to, "");
    end(&s);
}

/* Bytes that are written from where they are. */

static void copy_memory(struct scene *s, const struct direction *d, const struct script *to)
{
    *s = (struct scene){.loop = still_loop(), .to = *to};
    workspace_init(&s->work, s->loop);
    s->source = memory_open(s->loop, "message", 7, "the message", NULL);
    assert_non_null(s->source);
    s->sink = script_connect(s->loop, &s->to);
    pump_start(&s->pump, d, s, &s->work, s->source, s->sink, on_end);
}

static void memory_is_written_in_short_counts(void **state)
{
    struct scene s;

    (void)state;
    copy_memory(&s, &plain,
                &(struct script){.writes = {TAKES(1), TAKES(2), WAITS, TAKES(1), WAITS}});
    go(s.loop, 5);
    assert_written(&s.to, "mes");
    assert_int_equal(s.to.write_calls, 3);
    assert_true(pump_is_blocked(&s.pump));
    assert_int_equal(stream_unsent(s.sink), 0);
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 5);
    assert_written(&s.to, "s");
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 5);
    assert_written(&s.to, "age");
    assert_ended(&s, PUMP_ENDED, NULL);
    assert_int_equal(s.to.shut_calls, 1);
    end(&s);
}

static void memory_may_have_to_go_in_one_send(void **state)
{
    const struct direction once = {.at_end = AT_END_SHUT, .one_send = true};
    struct scene s;

    (void)state;
    copy_memory(&s, &once, &(struct script){.writes = {TAKES(4)}});
    go(s.loop, 5);
    assert_written(&s.to, "mess");
    assert_ended(&s, PUMP_WRITE_FAILED, "short send to 192.0.2.1:80: 4 of 7 bytes");
    end(&s);
}

static void memory_meets_a_reset(void **state)
{
    struct scene s;

    (void)state;
    copy_memory(&s, &plain, &(struct script){.writes = {TAKES(4), FAILS(ECONNRESET)}});
    go(s.loop, 5);
    assert_ended(&s, PUMP_WRITE_FAILED, "error sending to 192.0.2.1:80: Connection reset by peer");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_until_the_source_ends),
        cmocka_unit_test(reads_no_more_than_it_is_told),
        cmocka_unit_test(a_sink_that_waits_stops_the_source),
        cmocka_unit_test(others_have_their_turn),
        cmocka_unit_test(discarding_leaves_others_their_turn),
        cmocka_unit_test(the_end_reaches_the_sink_as_told),
        cmocka_unit_test(the_end_waits_until_the_sink_has_taken_everything),
        cmocka_unit_test(one_read_may_be_enough),
        cmocka_unit_test(one_send_has_to_take_all),
        cmocka_unit_test(a_failed_read_comes_after_the_data_before_it),
        cmocka_unit_test(a_failed_write_ends_the_pump),
        cmocka_unit_test(a_write_may_fail_later),
        cmocka_unit_test(a_failed_shut_ends_the_pump),
        cmocka_unit_test(a_pump_that_is_stopped_says_nothing),
        cmocka_unit_test(finishing_is_like_the_end_of_the_source),
        cmocka_unit_test(filters_change_the_bytes),
        cmocka_unit_test(a_filter_may_have_enough),
        cmocka_unit_test(what_was_converted_before_a_failure_is_written),
        cmocka_unit_test(an_incomplete_end_is_a_failure),
        cmocka_unit_test(a_failed_read_is_the_reason_for_half_a_character),
        cmocka_unit_test(without_its_filter_nothing_is_copied),
        cmocka_unit_test(an_unfinished_line_is_shown_after_a_pause),
        cmocka_unit_test(a_stopped_pump_flushes_nothing),
        cmocka_unit_test(memory_is_written_in_short_counts),
        cmocka_unit_test(memory_may_have_to_go_in_one_send),
        cmocka_unit_test(memory_meets_a_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
