/* chat/room: members that are so far behind that lines they lack are gone. */
#include "tests/unit/room_scene.h"

/* That somebody is overrun may be seen while that one is heard. */
static void who_is_overrun_may_be_speaking(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &small, &a, &b);
    /* What is announced has to wait for nobody. */
    for (int i = 0; i < 1000; i++) {
        struct person *brief = join(&s);

        leave(brief);
        s.count--;
        forget(brief);
        free(brief);
    }
    hear(a, "one\ntwo\n");
    hear(b, "one\ntwo\n");
    assert_true(a->member->reader.lost && b->member->reader.lost);
    assert_int_equal(take(a, SIZE_MAX), 0);
    assert_true(a->fell);
    assert_false(stream_is_blocked(a->stream));
    go_round(&s);
    go_round(&s);
    assert_true(b->fell);
    assert_null(a->stream);
    assert_null(b->stream);
    assert_int_equal(room_count(s.room), 0);
    a = join(&s);
    hear(a, "alone\n");
    go_round(&s);
    assert_false(stream_is_blocked(a->stream));
    end(&s);
}

/* Says as much as makes the log give up lines that p lacks. The room has not found that out
 * when this returns. */
static void overrun(struct person *by, struct person *p, unsigned long *said)
{
    struct scene *s = by->scene;

    /* With the first line that it lacks the patience with p begins to end. */
    hear(by, "the first\n");
    pass_time(s, PACE_PATIENCE_MS);
    while (!shared_log_is_overrun(s->room->log, p->member->reader.position)) {
        flood(by, said, 1);
        assert_false(stream_is_blocked(by->stream));
    }
    assert_false(p->member->reader.lost);
}

static void who_is_overrun_fails_and_is_announced(void **state)
{
    struct scene s;
    struct person *a, *b;
    unsigned long said = 0;

    (void)state;
    begin_with_two(&s, &small, &a, &b);
    hear(a, "a line of which only a part is taken\n");
    take(b, 10);
    overrun(a, b, &said);
    /* Nothing is made up for what was lost. */
    assert_int_equal(take(b, SIZE_MAX), 0);
    go_round(&s);
    go_round(&s);
    assert_true(b->fell);
    assert_null(b->stream);
    assert_holds(&b->got, "guest1: a ");
    assert_int_equal(room_count(s.room), 1);
    assert_gets(a, "-- guest2 fell behind and was disconnected\n");
    end(&s);
}

/* It has left already, and its name may be another's by now. */
static void who_quits_and_falls_behind_is_announced_once(void **state)
{
    struct scene s;
    struct person *a, *b;
    unsigned long said = 0;

    (void)state;
    begin_with_two(&s, &small, &a, &b);
    hear(a, "not taken\n");
    hear(b, "/quit\n");
    assert_gets(a, "-- guest2 left\n");
    overrun(a, b, &said);
    go_round(&s);
    go_round(&s);
    assert_true(b->fell);
    assert_null(b->stream);
    assert_int_equal(room_count(s.room), 1);
    assert_gets(a, "");
    end(&s);
}

/* What goes on after it has quit is nothing that it lacks. */
static void who_quits_is_not_overrun_by_what_comes_later(void **state)
{
    (void)state;
    for (int by_command = 0; by_command < 2; by_command++) {
        struct scene s;
        struct person *a, *b;
        unsigned long said = 0;

        begin(&s, &small);
        a = join(&s);
        b = join(&s);
        pass_over(&s);
        if (by_command)
            hear(b, "/quit\n");
        else
            assert_int_equal(stream_shut(b->stream), IO_OK);
        assert_gets(a, "-- guest2 left\n");
        overrun(a, b, &said);
        read_when_woken(b, 0);
        for (int i = 0; i < 3; i++)
            go_round(&s);
        assert_non_null(b->stream);
        assert_true(b->ended);
        assert_holds(&b->got, by_command ? "-- goodbye\n" : "");
        leave(b);
        assert_gets(a, "");
        end(&s);
    }
}

/* It loses lines, which are counted, and is woken for those that there still are. */
static void a_console_that_is_overrun_goes_on(void **state)
{
    struct scene s;
    struct person *a;
    unsigned long said = 0, got;
    uint64_t unseen;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    pass_over(&s);
    overrun(a, &s.console, &said);
    assert_int_equal(room_unseen(s.room), 0);
    for (int i = 0; i < 3; i++)
        go_round(&s);
    unseen = room_unseen(s.room);
    assert_in_range(unseen, 1, said);
    /* The first line that it missed has no number. */
    got = unseen - 1;
    assert_flooded_by("guest1", &s.console, &got);
    assert_int_equal(got, said);
    assert_int_equal(buf_length(&s.console.got), 0);
    hear(a, "later\n");
    assert_shown(&s, "guest1: later\n");
    assert_int_equal(room_unseen(s.room), unseen);
    end(&s);
}

/* The part that it was shown of a line that is lost does not run into the next line. */
static void a_console_that_is_overrun_within_a_line_goes_on_with_a_new_one(void **state)
{
    struct scene s;
    struct person *a;
    unsigned long said = 0, got = 0;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    pass_over(&s);
    hear(a, "a line of which only a part is taken\n");
    take(&s.console, 10);
    overrun(a, &s.console, &said);
    for (int i = 0; i < 3; i++)
        go_round(&s);
    take_all(&s.console);
    assert_int_equal(room_unseen(s.room), 1);
    assert_memory_equal(buf_head(&s.console.got), "guest1: a \nguest1: the first\n", 29);
    buf_consume(&s.console.got, 29);
    assert_flooded_by("guest1", &s.console, &got);
    assert_int_equal(got, said);
    end(&s);
}

/* However often it is overrun. */
static void a_console_that_takes_nothing_delays_nobody(void **state)
{
    enum { LINES = 10000 };
    struct scene s;
    struct person *a;
    struct writer w;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    pass_over(&s);
    stream_set_reader(s.console.stream, NULL, NULL);
    hear(a, "the first\n");
    pass_time(&s, PACE_PATIENCE_MS);
    start_writer(&w, a, LINES);
    for (int i = 0; i < 100 && w.number < LINES; i++)
        go_round_with(&w, 1);
    assert_int_equal(w.number, LINES);
    assert_false(stream_is_blocked(a->stream));
    assert_in_range(room_unseen(s.room), LINES / 2, LINES);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_overrun_may_be_speaking),
        cmocka_unit_test(who_is_overrun_fails_and_is_announced),
        cmocka_unit_test(who_quits_and_falls_behind_is_announced_once),
        cmocka_unit_test(who_quits_is_not_overrun_by_what_comes_later),
        cmocka_unit_test(a_console_that_is_overrun_goes_on),
        cmocka_unit_test(a_console_that_is_overrun_within_a_line_goes_on_with_a_new_one),
        cmocka_unit_test(a_console_that_takes_nothing_delays_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
