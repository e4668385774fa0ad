/* core/throttle: a pump with a rate moves just so much, in every kind of direction. */
#include "core/memory.h"
#include "core/pump.h"
#include "core/throttle.h"
#include "tests/unit/scripted.h"

/* A pump between two scripts; the source always has something. */
struct scene {
    struct loop *loop;
    struct workspace work;
    struct script from, to;
    struct stream *source, *sink;
    struct direction direction;
    struct pump pump;
    unsigned ends;
    enum pump_end how;
};

static const struct script plenty = {.reads = {GIVES_OFTEN("0123456789abcdef", 1u << 31)}};

static void on_end(struct pump *p, enum pump_end how, struct error *why)
{
    struct scene *s = container_of(p, struct scene, pump);

    (void)why;
    s->ends++;
    s->how = how;
}

/* NULL: the source is the sink, too. */
static void begin(struct scene *s, const struct direction *d, const struct script *from,
                  const struct script *to)
{
    *s = (struct scene){.loop = still_loop(), .from = *from, .direction = *d};
    workspace_init(&s->work, s->loop);
    s->source = script_connect(s->loop, &s->from);
    s->sink = s->source;
    if (to != NULL) {
        s->to = *to;
        s->sink = script_open(s->loop, &s->to, "standard output");
    }
    pump_start(&s->pump, &s->direction, s, &s->work, s->source, s->sink, on_end);
}

static void end(struct scene *s)
{
    pump_stop(&s->pump);
    stream_close(s->source, STREAM_AT_ONCE);
    if (s->sink != s->source)
        stream_close(s->sink, STREAM_AT_ONCE);
    go(s->loop, 1);
    workspace_clear(&s->work);
    buf_free(&s->from.written);
    buf_free(&s->to.written);
    loop_free(s->loop);
}

/* Lets time pass, a step at a time, as much as can move moving in each. */
static void pass_steps(struct scene *s, int64_t ms, int64_t step_ms)
{
    for (; ms > 0; ms -= step_ms) {
        pass(s->loop, step_ms < ms ? step_ms : ms);
        go(s->loop, 20);
    }
}

static uint64_t received(const struct scene *s)
{
    return stream_counts(s->source)->in_bytes;
}

static void one_second_moves_at_once_then_the_rate_holds(void **state)
{
    const struct direction d = {.rate = 1000};
    struct scene s;

    (void)state;
    begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
    go(s.loop, 200);
    assert_int_equal(received(&s), 1000);
    assert_true(pump_is_paused(&s.pump));
    assert_true(pump_is_blocked(&s.pump));
    pass_steps(&s, 10000, 7);
    assert_in_range(received(&s), 10980, 11000);
    assert_int_equal(buf_length(&s.to.written), received(&s));
    end(&s);
}

static void the_rate_does_not_depend_on_the_clock_that_it_is_given(void **state)
{
    static const int64_t steps_ms[] = {1, 3, 20, 33, 100, 500};
    static const uint64_t rates[] = {1, 3, 10, 999, 12345, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof(steps_ms) / sizeof(steps_ms[0]); i++)
        for (size_t j = 0; j < sizeof(rates) / sizeof(rates[0]); j++) {
            const struct direction d = {.rate = rates[j], .read_max = 64 << 10};
            struct scene s;
            uint64_t before;

            begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
            s.from.reads[0].bytes = calloc(1, 1 << 20);
            s.from.reads[0].n = 1 << 20;
            go(s.loop, 50);
            before = received(&s);
            assert_int_equal(before, rates[j]);
            pass_steps(&s, 50 * steps_ms[i], steps_ms[i]);
            /* At most one piece of 20 ms, or one byte, is still to come. */
            assert_in_range(received(&s) - before + rates[j] / 50 + 2,
                            rates[j] * 50 * (uint64_t)steps_ms[i] / 1000,
                            rates[j] * 50 * (uint64_t)steps_ms[i] / 1000 + rates[j] / 50 + 2);
            free((char *)s.from.reads[0].bytes);
            end(&s);
        }
}

static void idle_time_saves_up_one_second_at_most(void **state)
{
    const struct direction d = {.rate = 1000};
    struct scene s;

    (void)state;
    begin(&s, &d, &(struct script){.reads = {GIVES_OFTEN("0123456789", 100), WAITS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 200);
    assert_int_equal(received(&s), 1000);
    pass(s.loop, 3600000);
    assert_false(pump_is_paused(&s.pump));
    s.from.reads[2] = (struct script_step)GIVES_OFTEN("0123456789", 1000);
    stream_wake(s.source, EPOLLIN);
    go(s.loop, 200);
    assert_int_equal(received(&s), 2000);
    end(&s);
}

static void a_paused_pump_reads_nothing_and_does_not_spin(void **state)
{
    const struct direction d = {.rate = 100};
    struct scene s;
    unsigned calls;

    (void)state;
    begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
    go(s.loop, 50);
    calls = s.from.read_calls;
    stream_wake(s.source, EPOLLIN);
    go(s.loop, 50);
    assert_int_equal(s.from.read_calls, calls);
    pass_steps(&s, 1000, 1);
    assert_in_range(s.from.read_calls, calls + 45, calls + 51);
    end(&s);
}

static void the_end_comes_after_the_last_byte(void **state)
{
    const struct direction d = {.rate = 4};
    struct scene s;

    (void)state;
    begin(&s, &d, &(struct script){.reads = {GIVES("0123456789"), ENDS}},
          &(struct script){.shut_number = 0});
    go(s.loop, 50);
    assert_written(&s.to, "0123");
    pass_steps(&s, 1000, 10);
    assert_written(&s.to, "4567");
    assert_int_equal(s.ends, 0);
    pass_steps(&s, 1000, 10);
    assert_written(&s.to, "89");
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.how, PUMP_ENDED);
    assert_int_equal(s.to.shut_calls, 1);
    end(&s);
}

static void a_pump_that_is_finished_or_stopped_waits_no_more(void **state)
{
    const struct direction d = {.rate = 4};
    struct scene s;

    (void)state;
    begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
    go(s.loop, 50);
    pump_finish(&s.pump, PUMP_ENDED);
    assert_int_equal(s.ends, 1);
    assert_false(pump_is_paused(&s.pump));
    end(&s);
    begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
    go(s.loop, 50);
    pump_stop(&s.pump);
    pass_steps(&s, 5000, 100);
    assert_int_equal(received(&s), 4);
    end(&s);
}

static void a_sink_that_waits_costs_no_tokens(void **state)
{
    const struct direction d = {.rate = 10};
    struct scene s;

    (void)state;
    begin(&s, &d, &plenty, &(struct script){.writes = {TAKES(3), WAITS}});
    go(s.loop, 50);
    assert_int_equal(received(&s), 10);
    assert_int_equal(buf_length(&s.to.written), 3);
    assert_false(pump_is_paused(&s.pump));
    pass_steps(&s, 5000, 100);
    assert_int_equal(received(&s), 10);
    stream_wake(s.sink, EPOLLOUT);
    go(s.loop, 50);
    assert_int_equal(received(&s), 20);
    end(&s);
}

/* A filter that doubles each byte. */

static enum filter_result double_all(struct filter *f, const char *bytes, size_t n, struct buf *out,
                                     struct error *err)
{
    (void)f;
    (void)err;
    for (size_t i = 0; i < n; i++)
        if (buf_add(out, &bytes[i], 1) < 0 || buf_add(out, &bytes[i], 1) < 0)
            return FILTER_FAILED;
    return FILTER_OK;
}

static const struct filter_ops doubler_ops = {.feed = double_all};

static struct filter *make_doubler(void *owner, struct stream *from, struct error *err)
{
    struct filter *f = calloc(1, sizeof(*f));

    (void)owner;
    (void)from;
    (void)err;
    assert_non_null(f);
    f->ops = &doubler_ops;
    return f;
}

static void what_goes_through_the_connection_counts(void **state)
{
    const struct direction d = {.rate = 1000, .make_filter = make_doubler};
    struct scene s;

    (void)state;
    /* In: as received. */
    begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
    go(s.loop, 200);
    pass_steps(&s, 10000, 10);
    assert_in_range(received(&s), 10980, 11000);
    assert_int_equal(buf_length(&s.to.written), 2 * received(&s));
    end(&s);
    /* Back to the same connection: as sent, which is more. */
    begin(&s, &d, &plenty, NULL);
    go(s.loop, 200);
    pass_steps(&s, 10000, 10);
    assert_in_range(buf_length(&s.from.written), 10980, 12000);
    end(&s);
}

static void a_message_in_memory_is_cut_into_pieces_unless_one_call_sends_it(void **state)
{
    static char message[5000];

    (void)state;
    for (int one_send = 0; one_send < 2; one_send++) {
        const struct direction d = {.rate = 1000, .one_send = one_send};
        struct scene s = {.loop = still_loop()};

        workspace_init(&s.work, s.loop);
        s.source = memory_open(s.loop, message, sizeof(message), "the message", NULL);
        s.sink = script_connect(s.loop, &s.to);
        pump_start(&s.pump, &d, &s, &s.work, s.source, s.sink, on_end);
        go(s.loop, 20);
        assert_int_equal(buf_length(&s.to.written), one_send ? sizeof(message) : 1000);
        pass_steps(&s, 3000, 10);
        if (!one_send)
            assert_in_range(buf_length(&s.to.written), 3980, 4000);
        pass_steps(&s, 1100, 10);
        assert_int_equal(buf_length(&s.to.written), sizeof(message));
        assert_int_equal(s.ends, 1);
        end(&s);
    }
}

static void data_that_is_discarded_counts(void **state)
{
    const struct direction d = {.rate = 1000};
    struct scene s;

    (void)state;
    begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
    pump_stop(&s.pump);
    pump_start(&s.pump, &d, &s, &s.work, s.source, NULL, on_end);
    go(s.loop, 20);
    pass_steps(&s, 2000, 10);
    assert_in_range(received(&s), 2980, 3000);
    assert_int_equal(s.from.discard_calls, s.from.read_calls);
    end(&s);
}

static void the_highest_rate_does_not_overflow(void **state)
{
    const struct direction d = {.rate = THROTTLE_RATE_MAX};
    struct scene s;

    (void)state;
    begin(&s, &d, &plenty, &(struct script){.shut_number = 0});
    go(s.loop, 20);
    pass(s.loop, INT32_MAX);
    go(s.loop, 20);
    assert_false(pump_is_paused(&s.pump));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_second_moves_at_once_then_the_rate_holds),
        cmocka_unit_test(the_rate_does_not_depend_on_the_clock_that_it_is_given),
        cmocka_unit_test(idle_time_saves_up_one_second_at_most),
        cmocka_unit_test(a_paused_pump_reads_nothing_and_does_not_spin),
        cmocka_unit_test(the_end_comes_after_the_last_byte),
        cmocka_unit_test(a_pump_that_is_finished_or_stopped_waits_no_more),
        cmocka_unit_test(a_sink_that_waits_costs_no_tokens),
        cmocka_unit_test(what_goes_through_the_connection_counts),
        cmocka_unit_test(a_message_in_memory_is_cut_into_pieces_unless_one_call_sends_it),
        cmocka_unit_test(data_that_is_discarded_counts),
        cmocka_unit_test(the_highest_rate_does_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
