/* chat/room: who waits for whom: waking, floods, congestion, turns, patience. Who falls behind
 * for good is in test_overrun.c. */
#include <limits.h>

#include "tests/unit/room_scene.h"

static void a_reader_is_woken_once_for_all_that_is_said(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    read_when_woken(a, 0);
    read_when_woken(b, 0);
    go_round(&s);
    go_round(&s);
    a->woken_to_read = b->woken_to_read = 0;
    buf_reset(&b->got);
    for (unsigned i = 1; i < 4; i++) {
        hear(a, "one\ntwo\n");
        say(&s, "three");
        assert_int_equal(b->woken_to_read, i - 1);
        for (int k = 0; k < 3; k++)
            go_round(&s);
        assert_int_equal(b->woken_to_read, i);
        assert_holds(&b->got, "guest1: one\nguest1: two\nhost: three\n");
    }
    /* Nobody else is woken for an answer. */
    buf_reset(&a->got);
    a->woken_to_read = b->woken_to_read = 0;
    hear(a, "/foo\n/foo\n");
    for (int k = 0; k < 3; k++)
        go_round(&s);
    assert_int_equal(a->woken_to_read, 1);
    assert_int_equal(b->woken_to_read, 0);
    assert_holds(&a->got, "-- unknown command /foo: try /help\n"
                          "-- unknown command /foo: try /help\n");
    end(&s);
}

/* However little it takes at a time, and whenever it begins to read. */
static void a_reader_is_woken_as_long_as_there_is_something(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    hear(a, "one\n");
    go_round(&s);
    hear(a, "two\n");
    read_when_woken(b, 1);
    for (int k = 0; k < 40; k++)
        go_round(&s);
    assert_holds(&b->got, "guest1: one\nguest1: two\n");
    hear(a, "/quit\n");
    hear(b, "/foo\n/quit\n");
    for (int k = 0; k < 200; k++)
        go_round(&s);
    assert_true(b->ended);
    assert_holds(&b->got, "-- unknown command /foo: try /help\n-- goodbye\n-- guest1 left\n");
    end(&s);
}

static void who_does_not_take_answers_is_not_heard(void **state)
{
    struct scene s;
    struct person *a;
    struct buf lines = {0};
    size_t answers;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    pass_over(&s);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(buf_add(&lines, "/who\n", 5), 0);
    assert_int_equal(buf_add(&lines, "heard\n", 6), 0);
    hear_bytes(a, buf_head(&lines), buf_length(&lines));
    assert_true(stream_is_blocked(a->stream));
    assert_in_range(buf_length(&a->member->answers), ROOM_PRIVATE_BYTES, ROOM_PRIVATE_BYTES + 100);
    stream_wait(a->stream, &a->waiter);
    /* It waits for nothing else, and nobody waits for it. */
    pass_time(&s, 2 * (int64_t)PACE_PATIENCE_MS);
    go_round(&s);
    go_round(&s);
    assert_int_equal(pace_next_ms(&s.room->pace), -1);
    assert_true(stream_is_blocked(a->stream));
    assert_int_equal(a->woken_to_write, 0);
    for (int i = 0; i < 100 && stream_is_blocked(a->stream); i++) {
        take_all(a);
        go_round(&s);
        assert_in_range(buf_length(&a->member->answers), 0, ROOM_PRIVATE_BYTES + 100);
    }
    assert_false(stream_is_blocked(a->stream));
    assert_int_equal(a->woken_to_write, 1);
    assert_shown(&s, "guest1: heard\n");
    take_all(a);
    answers = buf_length(&a->got) / strlen("-- here: host, guest1\n");
    assert_int_equal(answers, 20000);
    buf_free(&lines);
    end(&s);
}

/* Puts into wanted what the console was shown, but for what begins with the given own name or
 * is announced about it. */
static void without_own(struct scene *s, const char *name, struct buf *wanted)
{
    char own[2][40];
    const char *line = buf_head(&s->console.got), *next;
    const char *last = line + buf_length(&s->console.got);

    snprintf(own[0], sizeof(own[0]), "%s: ", name);
    snprintf(own[1], sizeof(own[1]), "-- %s ", name);
    buf_reset(wanted);
    for (; line < last; line = next) {
        next = (const char *)memchr(line, '\n', (size_t)(last - line)) + 1;
        if (strncmp(line, own[0], strlen(own[0])) != 0 &&
            strncmp(line, own[1], strlen(own[1])) != 0)
            assert_int_equal(buf_add(wanted, line, (size_t)(next - line)), 0);
    }
    assert_int_equal(buf_add(wanted, "", 1), 0);
}

static uint32_t random_number(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 8) % below;
}

/* Everybody takes everything, until nothing new comes. */
static void settle(struct scene *s)
{
    size_t shown;

    do {
        shown = buf_length(&s->console.got);
        for (size_t i = 0; i < s->count; i++)
            if (s->guests[i]->stream != NULL)
                take_all(s->guests[i]);
        for (int k = 0; k < 4; k++)
            go_round(s);
    } while (buf_length(&s->console.got) > shown);
}

/* Most speak, some in half lines; some come and go; everybody takes at a pace of its own. */
static void assert_same_order(size_t buffer_bytes)
{
    enum { MEMBERS = 120, ROUNDS = 300 };
    struct room_options options = plain;
    struct scene s;
    struct buf wanted = {0};
    uint32_t random = 7;

    options.history = 0;
    options.buffer_bytes = buffer_bytes;
    begin(&s, &options);
    for (size_t i = 0; i < MEMBERS; i++)
        join(&s);
    pass_over(&s);
    for (int round = 0; round < ROUNDS; round++) {
        struct person *brief = round % 50 == 0 ? join(&s) : NULL;

        pass_time(&s, 10);
        for (size_t i = 0; i < MEMBERS; i++) {
            char line[100];
            struct person *p = s.guests[i];

            snprintf(line, sizeof(line), "%zu in round %d\nand a half ", i, round);
            if (random_number(&random, 4) == 0 && !stream_is_blocked(p->stream))
                hear(p, line);
            if (random_number(&random, 3) != 0)
                take(p, 1 + random_number(&random, 1 << random_number(&random, 14)));
        }
        go_round(&s);
        if (brief != NULL)
            leave(brief);
    }
    settle(&s);
    assert_int_equal(room_unseen(s.room), 0);
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_false(stream_is_blocked(s.guests[i]->stream));
        without_own(&s, s.guests[i]->member->name, &wanted);
        assert_int_equal(buf_add(&s.guests[i]->got, "", 1), 0);
        assert_string_equal(buf_head(&s.guests[i]->got), buf_head(&wanted));
    }
    buf_free(&wanted);
    end(&s);
}

static void many_get_all_in_the_same_order(void **state)
{
    (void)state;
    assert_same_order((size_t)1 << 20);
}

static void many_get_all_in_the_same_order_when_they_have_to_wait(void **state)
{
    (void)state;
    assert_same_order((size_t)1 << 16);
}

static void a_flood_is_slowed_to_who_reads(void **state)
{
    struct scene s;
    struct person *a, *b;
    unsigned long said = 0, got = 0, waits = 0;

    (void)state;
    begin_with_two(&s, &small, &a, &b);
    for (int step = 0; got < 50000; step++) {
        assert_in_range(step, 0, 5000);
        if (stream_is_blocked(a->stream)) {
            waits++;
            stream_wait(a->stream, &a->waiter);
        } else {
            flood(a, &said, 2000);
        }
        take(b, 5000);
        assert_flooded_by("guest1", b, &got);
        go_round(&s);
        buf_reset(&s.console.got);
        pass_time(&s, 100);
    }
    assert_non_null(a->stream);
    assert_non_null(b->stream);
    assert_in_range(waits, 100, 1000);
    /* It was woken for each of its floods, and not for each line that had been taken. */
    assert_in_range(a->woken_to_write, 10, said / 2000);
    end(&s);
}

/* The console is a member like all others: whoever reads loses nothing of what is piped into
 * it, and at least as fast as that reader reads. */
static void a_flood_of_the_console_is_slowed_to_who_reads(void **state)
{
    enum { LINES = 20000 };
    struct scene s;
    struct person *slow, *fast;
    struct writer w;
    unsigned long got_slow = 0, got_fast = 0;
    int rounds = 0;

    (void)state;
    begin_with_two(&s, &small, &slow, &fast);
    read_when_woken(slow, 3000);
    read_when_woken(fast, 0);
    start_writer(&w, &s.console, LINES);
    assert_true(stream_is_blocked(s.console.stream));
    for (; got_slow < LINES && rounds < 1000; rounds++) {
        go_round_with(&w, 1);
        pass_time(&s, 10);
        assert_flooded_by("host", slow, &got_slow);
        assert_flooded_by("host", fast, &got_fast);
    }
    assert_int_equal(got_slow, LINES);
    assert_int_equal(got_fast, LINES);
    assert_int_equal(w.number, LINES);
    assert_int_not_equal(w.woken, 0);
    assert_non_null(slow->stream);
    assert_non_null(fast->stream);
    assert_shown(&s, "");
    end(&s);
}

/* A console that does not take what is said is waited for, too. */
static void a_flood_is_slowed_to_the_console(void **state)
{
    enum { LINES = 5000 };
    struct scene s;
    struct person *a;
    struct writer w;
    unsigned long got = 0;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    pass_over(&s);
    read_when_woken(&s.console, 3000);
    start_writer(&w, a, LINES);
    for (int i = 0; i < 1000 && got < LINES; i++) {
        go_round_with(&w, 1);
        pass_time(&s, 10);
        assert_flooded_by("guest1", &s.console, &got);
    }
    assert_int_equal(got, LINES);
    assert_int_equal(room_unseen(s.room), 0);
    end(&s);
}

static void who_takes_nothing_delays_nobody(void **state)
{
    struct scene s;
    struct person *a, *b, *c;
    unsigned long said = 0, got = 0;
    size_t unsent;
    int64_t begun_ms;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    pass_over(&s);
    /* All were up to date for a long time. */
    pass_time(&s, 3600000);
    go_round(&s);
    begun_ms = s.now_ms;
    flood(a, &said, 2000);
    assert_true(pace_is_congested(&s.room->pace));
    assert_true(stream_is_blocked(a->stream));
    assert_int_equal(pace_next_ms(&s.room->pace), begun_ms + PACE_PATIENCE_MS);
    stream_wait(a->stream, &a->waiter);
    while (s.now_ms < begun_ms + PACE_PATIENCE_MS) {
        take_all(c);
        go_round(&s);
        assert_true(pace_is_congested(&s.room->pace));
        assert_true(stream_is_blocked(a->stream));
        pass_time(&s, 50);
    }
    assert_int_equal(a->woken_to_write, 0);
    /* Now time alone brings it on: nobody takes anything for that. */
    unsent = stream_unsent(a->stream);
    for (int i = 0; i < 4; i++)
        go_round(&s);
    assert_in_range(stream_unsent(a->stream), 0, unsent - 1);
    while (!b->fell && s.now_ms < begun_ms + 10000) {
        go_round(&s);
        if (!stream_is_blocked(a->stream))
            flood(a, &said, 500);
        if (!b->fell)
            take_all(c);
        pass_time(&s, 10);
    }
    assert_true(b->fell);
    assert_null(b->stream);
    assert_int_equal(room_count(s.room), 2);
    assert_flooded_by("guest1", c, &got);
    assert_int_not_equal(got, 0);
    buf_reset(&c->got);
    assert_gets_with(c, "-- guest2 fell behind and was disconnected\n");
    read_when_woken(a, 0);
    read_when_woken(c, 0);
    for (int i = 0; i < 100 && stream_is_blocked(a->stream); i++)
        go_round(&s);
    assert_int_equal(a->woken_to_write, 1);
    end(&s);
}

static void who_begins_to_take_again_counts_again(void **state)
{
    struct scene s;
    struct person *a, *b, *c;
    unsigned long said = 0;

    (void)state;
    begin_without_console(&s, &small);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    pass_over(&s);
    flood(a, &said, 2000);
    assert_true(pace_is_congested(&s.room->pace));
    take_all(c);
    pass_time(&s, PACE_PATIENCE_MS);
    assert_false(pace_is_congested(&s.room->pace));
    take(b, 1);
    assert_true(pace_is_congested(&s.room->pace));
    assert_int_equal(pace_next_ms(&s.room->pace), s.now_ms + PACE_PATIENCE_MS);
    leave(b);
    assert_false(pace_is_congested(&s.room->pace));
    end(&s);
}

/* Those whose lines wait go on at once when who held them up has gone, or has quit and taken
 * all that it still gets. */
static void who_leaves_holds_nobody_up(void **state)
{
    (void)state;
    for (int quits = 0; quits < 2; quits++) {
        struct scene s;
        struct person *a, *b;
        unsigned long said = 0;

        begin(&s, &small);
        a = join(&s);
        b = join(&s);
        pass_over(&s);
        flood(a, &said, 1000);
        go_round(&s);
        assert_true(stream_is_blocked(a->stream));
        if (quits) {
            hear(b, "/quit\n");
            assert_true(stream_is_blocked(b->stream));
            assert_int_equal(stream_shut(b->stream), IO_OK);
            read_when_woken(b, 0);
        } else {
            leave(b);
        }
        for (int i = 0; i < 20; i++)
            go_round(&s);
        assert_false(stream_is_blocked(a->stream));
        assert_int_equal(b->ended, quits);
        end(&s);
    }
}

/* Nobody waits for lines that have not been said when the room closes. */
static void lines_that_wait_when_the_room_closes_are_dropped(void **state)
{
    struct scene s;
    struct person *a, *b;
    unsigned long said = 0, got = 0;
    static const char closes[] = "-- the room closes\n";

    (void)state;
    begin_with_two(&s, &small, &a, &b);
    flood(a, &said, 2000);
    go_round(&s);
    assert_true(stream_is_blocked(a->stream));
    room_close(s.room);
    read_when_woken(a, 0);
    for (int i = 0; i < 3; i++)
        go_round(&s);
    assert_false(stream_is_blocked(a->stream));
    assert_true(a->ended);
    assert_holds(&a->got, closes);
    take_all(b);
    assert_true(b->ended);
    assert_true(buf_length(&b->got) > sizeof(closes));
    b->got.end -= sizeof(closes) - 1;
    assert_memory_equal(b->got.data + b->got.end, closes, sizeof(closes) - 1);
    assert_flooded_by("guest1", b, &got);
    assert_int_equal(buf_length(&b->got), 0);
    assert_in_range(got, 1, said - 1);
    end(&s);
}

static void own_lines_hold_nobody_up(void **state)
{
    struct scene s;
    struct person *a;
    unsigned long said = 0;

    (void)state;
    begin_without_console(&s, &small);
    a = join(&s);
    pass_over(&s);
    flood(a, &said, 10000);
    assert_false(pace_is_congested(&s.room->pace));
    assert_false(stream_is_blocked(a->stream));
    go_round(&s);
    assert_gets(a, "");
    join_console(&s, "host");
    say(&s, "still here");
    assert_gets(a, "host: still here\n");
    /* The same for the console, also after something that it has taken. */
    leave(a);
    take_all(&s.console);
    flood(&s.console, &said, 10000);
    assert_false(stream_is_blocked(s.console.stream));
    go_round(&s);
    assert_int_equal(room_unseen(s.room), 0);
    end(&s);
}

/* Floods of several come to an equal end, whoever had to wait first. */
static void those_who_wait_take_turns(void **state)
{
    enum { WRITERS = 4 };
    struct scene s;
    struct writer w[WRITERS];
    unsigned long most = 0, least = ULONG_MAX;

    (void)state;
    begin(&s, &small);
    for (int i = 0; i < WRITERS - 1; i++)
        join(&s);
    pass_over(&s);
    for (int i = 0; i < WRITERS; i++)
        start_writer(&w[i], i == 0 ? &s.console : s.guests[i - 1], 100000);
    for (int i = 0; i < 200; i++) {
        for (size_t k = 0; k < s.count; k++) {
            take_all(s.guests[k]);
            buf_reset(&s.guests[k]->got);
        }
        go_round_with(w, WRITERS);
        buf_reset(&s.console.got);
        pass_time(&s, 10);
    }
    for (int i = 0; i < WRITERS; i++) {
        most = w[i].number > most ? w[i].number : most;
        least = w[i].number < least ? w[i].number : least;
    }
    assert_in_range(least, most / 2, most);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_is_woken_once_for_all_that_is_said),
        cmocka_unit_test(a_reader_is_woken_as_long_as_there_is_something),
        cmocka_unit_test(who_does_not_take_answers_is_not_heard),
        cmocka_unit_test(many_get_all_in_the_same_order),
        cmocka_unit_test(many_get_all_in_the_same_order_when_they_have_to_wait),
        cmocka_unit_test(a_flood_is_slowed_to_who_reads),
        cmocka_unit_test(a_flood_of_the_console_is_slowed_to_who_reads),
        cmocka_unit_test(a_flood_is_slowed_to_the_console),
        cmocka_unit_test(who_takes_nothing_delays_nobody),
        cmocka_unit_test(who_begins_to_take_again_counts_again),
        cmocka_unit_test(who_leaves_holds_nobody_up),
        cmocka_unit_test(lines_that_wait_when_the_room_closes_are_dropped),
        cmocka_unit_test(own_lines_hold_nobody_up),
        cmocka_unit_test(those_who_wait_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
