/* core/conversation: when a conversation is over, whose fault that is, and what becomes of
 * data that is on its way. */
#include <errno.h>

#include "core/conversation.h"
#include "core/memory.h"
#include "tests/unit/scripted.h"
#include "text/transcode.h"

/* A conversation between a connection and a local input and output. */
struct scene {
    struct loop *loop;
    struct workspace work;
    struct script near, input, output;
    struct stream *near_stream, *input_stream, *output_stream; /* closed with the conversation */
    struct conversation *conversation;
    unsigned overs, closings;
    struct outcome outcome;
};

static void on_over(void *owner, struct outcome *o)
{
    struct scene *s = owner;

    assert_true(s->near.closed);
    s->overs++;
    s->outcome = *o;
    o->why = (struct error){0};
    if (o->name != NULL)
        assert_string_equal(o->name, "192.0.2.1:80");
}

static void on_closing(void *owner, struct stream *near, int64_t duration_ms)
{
    struct scene *s = owner;

    assert_false(s->near.closed);
    assert_ptr_equal(near, s->near_stream);
    assert_int_equal(duration_ms, loop_now_ms(s->loop) - START_MS);
    s->closings++;
}

static struct conversation_plan plan_of(enum goal goal)
{
    return (struct conversation_plan){
        .from_near = {.at_end = AT_END_KEEP},
        .from_far = {.at_end = AT_END_SHUT},
        .goal = goal,
        .on_over = on_over,
        .on_closing = on_closing,
    };
}

static void prepare(struct scene *s, const struct script *near, const struct script *input,
                    const struct script *output)
{
    *s = (struct scene){.loop = still_loop(), .near = *near};
    workspace_init(&s->work, s->loop);
    s->near_stream = script_connect(s->loop, &s->near);
    if (input != NULL) {
        s->input = *input;
        s->input_stream = script_open(s->loop, &s->input, "standard input");
    }
    if (output != NULL) {
        s->output = *output;
        s->output_stream = script_open(s->loop, &s->output, "standard output");
    }
}

static void start(struct scene *s, const struct conversation_plan *plan, const struct end *far)
{
    struct end near = {.in = s->near_stream, .out = s->near_stream};

    s->conversation = conversation_start(plan, &s->work, &near, far, s, NULL);
    assert_non_null(s->conversation);
    assert_int_equal(s->overs, 0);
}

static void begin(struct scene *s, const struct conversation_plan *plan, const struct script *near,
                  const struct script *input, const struct script *output)
{
    prepare(s, near, input, output);
    start(s, plan, &(struct end){.in = s->input_stream, .out = s->output_stream});
}

static void end(struct scene *s)
{
    assert_int_equal(s->overs, 1);
    assert_int_equal(s->closings, 1);
    assert_true(s->near.closed);
    go(s->loop, 1);
    workspace_clear(&s->work);
    buf_free(&s->near.written);
    buf_free(&s->output.written);
    error_clear(&s->outcome.why);
    loop_free(s->loop);
}

static void assert_over(const struct scene *s, enum fault whose, const char *why)
{
    assert_int_equal(s->overs, 1);
    assert_int_equal(s->outcome.whose, whose);
    if (why == NULL)
        assert_null(s->outcome.why.text);
    else
        assert_string_equal(s->outcome.why.text, why);
}

/* Over, without a fault, and with everything delivered and closed in order. */
static void assert_over_well(const struct scene *s)
{
    assert_over(s, FAULT_NONE, NULL);
    assert_false(s->outcome.cut);
    assert_false(s->near.aborted);
    assert_false(s->output.aborted);
    assert_int_equal(s->near.shut_calls, 1);
}

static const struct script silent = {.reads = {WAITS}};
static const struct script empty = {.reads = {ENDS}};
static const struct script takes_all = {.reads = {ENDS}};

/* Goals. */

static void both_have_to_end(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);

    (void)state;
    for (int near_first = 0; near_first < 2; near_first++) {
        struct scene s;

        begin(&s, &plan,
              near_first ? &(struct script){.reads = {GIVES("abc"), ENDS}}
                         : &(struct script){.reads = {GIVES("abc"), WAITS, ENDS}},
              near_first ? &(struct script){.reads = {GIVES("de"), WAITS, ENDS}}
                         : &(struct script){.reads = {GIVES("de"), ENDS}},
              &takes_all);
        go(s.loop, 10);
        assert_int_equal(s.overs, 0);
        assert_int_equal(s.near.shut_calls, !near_first);
        stream_wake(near_first ? s.input_stream : s.near_stream, EPOLLIN);
        go(s.loop, 3);
        assert_over_well(&s);
        assert_int_equal(s.outcome.in_bytes, 3);
        assert_int_equal(s.outcome.out_bytes, 2);
        assert_written(&s.near, "de");
        assert_written(&s.output, "abc");
        assert_true(s.input.closed && s.output.closed);
        end(&s);
    }
}

static void without_a_far_input_near_alone_decides(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("abc"), WAITS, ENDS}}, NULL, &takes_all);
    go(s.loop, 10);
    assert_int_equal(s.overs, 0);
    stream_wake(s.near_stream, EPOLLIN);
    go(s.loop, 3);
    assert_over_well(&s);
    end(&s);
}

static void what_was_sent_has_to_be_delivered(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {ENDS}, .unacknowledged = 3},
          &(struct script){.reads = {GIVES("ab"), ENDS}}, &takes_all);
    go(s.loop, 10);
    assert_int_equal(s.near.shut_calls, 1);
    assert_int_equal(s.overs, 0);
    s.near.unacknowledged = 0;
    stream_wake(s.near_stream, EPOLLOUT);
    go(s.loop, 3);
    assert_over_well(&s);
    end(&s);
}

static void near_has_to_answer(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_ANSWERED);
    struct scene s;

    (void)state;
    plan.from_near.first_is_enough = true;
    plan.unanswered = "no reply";
    begin(&s, &plan, &(struct script){.reads = {GIVES("reply"), GIVES("more"), WAITS}},
          &(struct script){.reads = {GIVES("ask"), WAITS, ENDS}}, &takes_all);
    go(s.loop, 10);
    /* What follows the reply is discarded, and does not hold up near. */
    assert_written(&s.output, "reply");
    assert_int_equal(s.overs, 0);
    stream_wake(s.input_stream, EPOLLIN);
    go(s.loop, 3);
    assert_over_well(&s);
    assert_int_equal(s.outcome.in_bytes, 9);
    assert_written(&s.near, "ask");
    end(&s);
}

static void who_ends_without_an_answer_is_at_fault(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_ANSWERED);
    struct scene s;

    (void)state;
    plan.from_near.first_is_enough = true;
    plan.unanswered = "no reply";
    begin(&s, &plan, &empty, &(struct script){.reads = {GIVES("ask"), ENDS}}, &takes_all);
    go(s.loop, 10);
    assert_over(&s, FAULT_NEAR, "error receiving from 192.0.2.1:80: no reply");
    end(&s);
}

static void delivery_may_be_all(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_DELIVERED);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("x"), WAITS}, .unacknowledged = 4},
          &(struct script){.reads = {GIVES("abc"), ENDS}}, &takes_all);
    go(s.loop, 10);
    assert_int_equal(s.overs, 0);
    s.near.unacknowledged = 0;
    stream_wake(s.near_stream, EPOLLOUT);
    go(s.loop, 3);
    assert_over_well(&s);
    assert_written(&s.output, "x");
    end(&s);
}

static void the_end_of_near_may_be_all(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_NEAR_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("x"), WAITS, ENDS}},
          &(struct script){.reads = {GIVES("abc"), WAITS}}, &takes_all);
    go(s.loop, 10);
    assert_int_equal(s.overs, 0);
    stream_wake(s.near_stream, EPOLLIN);
    go(s.loop, 10);
    assert_over_well(&s);
    assert_written(&s.near, "abc");
    end(&s);
}

static void an_echo_ends_when_near_does(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    plan.from_near.at_end = AT_END_SHUT;
    prepare(
        &s,
        &(struct script){.reads = {GIVES("abc"), GIVES("de"), ENDS}, .writes = {TAKES(1), WAITS}},
        NULL, NULL);
    start(&s, &plan, &(struct end){.out = s.near_stream});
    go(s.loop, 5);
    assert_int_equal(s.overs, 0);
    stream_wake(s.near_stream, EPOLLOUT);
    go(s.loop, 5);
    assert_written(&s.near, "abcde");
    assert_over_well(&s);
    end(&s);
}

static void an_output_that_is_lent_stays_open(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);

    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        struct scene s;

        prepare(&s,
                fails ? &(struct script){.reads = {FAILS(ECONNRESET)}}
                      : &(struct script){.reads = {GIVES("x"), ENDS}},
                NULL, &takes_all);
        start(&s, &plan, &(struct end){.out = s.output_stream, .lent = true});
        go(s.loop, 5);
        assert_int_equal(s.overs, 1);
        assert_false(s.output.closed);
        assert_int_equal(s.output.shut_calls, 0);
        stream_close(s.output_stream, STREAM_AT_ONCE);
        end(&s);
    }
}

static void an_input_may_come_later(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;
    struct stream *reply;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("ask"), WAITS, ENDS}}, NULL, &takes_all);
    go(s.loop, 3);
    assert_false(conversation_has_far_input(s.conversation));
    reply = memory_open(s.loop, "reply", 5, "the reply", NULL);
    assert_non_null(reply);
    conversation_set_far_input(s.conversation, reply);
    assert_true(conversation_has_far_input(s.conversation));
    go(s.loop, 3);
    assert_written(&s.near, "reply");
    assert_int_equal(s.near.shut_calls, 1);
    assert_int_equal(s.overs, 0);
    stream_wake(s.near_stream, EPOLLIN);
    go(s.loop, 3);
    assert_over_well(&s);
    end(&s);
}

/* Faults. */

static void a_reset_is_near_s_fault(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("abc"), FAILS(ECONNRESET)}}, &silent,
          &takes_all);
    go(s.loop, 10);
    assert_over(&s, FAULT_NEAR, "error receiving from 192.0.2.1:80: Connection reset by peer");
    assert_written(&s.output, "abc");
    assert_true(s.input.closed && s.output.closed);
    end(&s);
}

/* What near sent before its failure is still passed on. */
static void near_may_fail_to_take(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("last"), WAITS}, .writes = {FAILS(EPIPE)}},
          &(struct script){.reads = {GIVES("abc"), WAITS}}, &takes_all);
    go(s.loop, 10);
    assert_over(&s, FAULT_NEAR, "error sending to 192.0.2.1:80: Broken pipe");
    assert_written(&s.output, "last");
    assert_true(s.outcome.cut);
    end(&s);
}

static void near_may_fail_while_nobody_reads_it(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan,
          &(struct script){.reads = {GIVES("abc"), GIVES("def")}, .failure_number = ETIMEDOUT},
          &silent, &(struct script){.writes = {WAITS}});
    go(s.loop, 10);
    assert_int_equal(s.overs, 0);
    stream_wake(s.near_stream, EPOLLERR);
    go(s.loop, 3);
    assert_over(&s, FAULT_NEAR, "error sending to 192.0.2.1:80: Connection timed out");
    end(&s);
}

static void near_may_fail_when_its_sending_side_is_closed(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {ENDS}, .shut_number = ECONNRESET}, NULL,
          &takes_all);
    go(s.loop, 10);
    assert_over(&s, FAULT_NEAR, "error sending to 192.0.2.1:80: Connection reset by peer");
    end(&s);
}

static void near_may_fail_before_all_is_delivered(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {ENDS}, .unacknowledged = 4},
          &(struct script){.reads = {GIVES("abc"), ENDS}}, &takes_all);
    go(s.loop, 10);
    assert_int_equal(s.overs, 0);
    s.near.failure_number = ECONNRESET;
    stream_wake(s.near_stream, EPOLLERR);
    go(s.loop, 3);
    assert_over(&s, FAULT_NEAR, "error sending to 192.0.2.1:80: Connection reset by peer");
    assert_true(s.outcome.cut);
    end(&s);
}

/* A message of which a part could not be read must not look whole. */
static void an_input_that_fails_cuts_the_message_off(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &silent, &(struct script){.reads = {GIVES("abc"), FAILS(EIO)}}, &takes_all);
    go(s.loop, 10);
    pass(s.loop, 1);
    assert_over(&s, FAULT_FAR_IN, "error reading standard input: Input/output error");
    assert_written(&s.near, "abc");
    assert_int_equal(s.near.shut_calls, 0);
    assert_true(s.outcome.cut);
    assert_true(s.near.aborted);
    end(&s);
}

/* What came of it before is delivered, if that does not take too long. */
static void a_message_that_is_cut_off_is_delivered_so_far(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);

    (void)state;
    for (int arrives = 0; arrives < 2; arrives++) {
        struct scene s;

        begin(&s, &plan, &(struct script){.reads = {WAITS}, .unacknowledged = 3},
              &(struct script){.reads = {GIVES("abc"), FAILS(EIO)}}, &takes_all);
        go(s.loop, 5);
        for (int64_t ms = 0; ms < 1900; ms += 50)
            pass(s.loop, 50);
        assert_int_equal(s.overs, 0);
        if (arrives)
            s.near.unacknowledged = 0;
        pass(s.loop, 50);
        assert_int_equal(s.overs, arrives);
        for (int i = 0; i < 4; i++)
            pass(s.loop, 50);
        assert_over(&s, FAULT_FAR_IN, "error reading standard input: Input/output error");
        assert_true(s.near.aborted);
        end(&s);
    }
}

static void an_output_that_fails_is_far_s_fault(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("abc"), WAITS}}, &silent,
          &(struct script){.writes = {FAILS(ENOSPC)}});
    go(s.loop, 10);
    assert_over(&s, FAULT_FAR_OUT, "error writing standard output: No space left on device");
    end(&s);
}

/* The reader of standard output has gone, and near says nothing. */
static void an_output_may_fail_while_nothing_comes(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &silent, &silent, &(struct script){.failure_number = EPIPE});
    go(s.loop, 3);
    stream_wake(s.output_stream, EPOLLERR);
    go(s.loop, 3);
    assert_over(&s, FAULT_FAR_OUT, "error writing standard output: Broken pipe");
    end(&s);
}

static struct filter *make_strict(void *owner, struct stream *from, struct error *err)
{
    (void)owner;
    (void)from;
    return transcode_new("gbk", "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL, err);
}

static void data_may_be_at_fault(void **state)
{
    (void)state;
    for (int from_far = 0; from_far < 2; from_far++) {
        struct conversation_plan plan = plan_of(GOAL_BOTH_END);
        struct scene s;

        if (from_far)
            plan.from_far.make_filter = make_strict;
        else
            plan.from_near.make_filter = make_strict;
        begin(&s, &plan, &(struct script){.reads = {GIVES("ab\xff"), WAITS}},
              &(struct script){.reads = {GIVES("cd\xff"), WAITS}}, &takes_all);
        go(s.loop, 5);
        pass(s.loop, 1);
        assert_int_equal(s.overs, 1);
        assert_int_equal(s.outcome.whose, FAULT_DATA);
        assert_int_equal(s.outcome.why.status, EXITCODE_DATA);
        assert_non_null(strstr(s.outcome.why.text, from_far ? "standard input: " : ":80: "));
        if (from_far)
            assert_true(s.near.aborted);
        end(&s);
    }
}

static void the_first_fault_counts(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {WAITS, FAILS(ECONNRESET)}, .unacknowledged = 9},
          &(struct script){.reads = {GIVES("abc"), FAILS(EIO)}}, &takes_all);
    go(s.loop, 5);
    stream_wake(s.near_stream, EPOLLIN);
    go(s.loop, 5);
    pass(s.loop, 50);
    assert_over(&s, FAULT_FAR_IN, "error reading standard input: Input/output error");
    end(&s);
}

static void an_owner_may_fail_it(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;
    struct error why = {0};

    (void)state;
    begin(&s, &plan, &silent, NULL, &takes_all);
    go(s.loop, 3);
    error_set(&why, EXITCODE_FAILED, "cannot open reply: gone");
    conversation_fail(s.conversation, &why);
    assert_null(why.text);
    assert_int_equal(s.overs, 0);
    pass(s.loop, 1);
    assert_over(&s, FAULT_FAR_IN, "cannot open reply: gone");
    assert_true(s.outcome.cut);
    assert_true(s.near.aborted);
    end(&s);
}

/* Time limits. */

static void near_may_be_idle_for_a_time(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    plan.idle_ms = 1000;
    begin(&s, &plan, &(struct script){.reads = {WAITS, GIVES("x"), WAITS}}, &silent, &takes_all);
    for (int i = 0; i < 9; i++)
        pass(s.loop, 100);
    assert_int_equal(s.overs, 0);
    stream_wake(s.near_stream, EPOLLIN);
    for (int i = 0; i < 10; i++)
        pass(s.loop, 100);
    assert_int_equal(s.overs, 0);
    for (int i = 0; i < 3; i++)
        pass(s.loop, 100);
    assert_over(&s, FAULT_NEAR, "192.0.2.1:80: idle for 1s (--idle-timeout)");
    assert_int_equal(s.outcome.why.status, EXITCODE_TIMEOUT);
    end(&s);
}

/* What the peer takes of what is on its way is movement. */
static void a_peer_that_takes_is_not_idle(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    plan.idle_ms = 1000;
    begin(&s, &plan, &(struct script){.reads = {WAITS}, .unacknowledged = 100},
          &(struct script){.reads = {GIVES("x"), WAITS}}, &takes_all);
    for (int i = 0; i < 50; i++) {
        pass(s.loop, 100);
        s.near.unacknowledged--;
    }
    assert_int_equal(s.overs, 0);
    for (int i = 0; i < 15; i++)
        pass(s.loop, 100);
    assert_int_equal(s.overs, 1);
    assert_int_equal(s.outcome.why.status, EXITCODE_TIMEOUT);
    assert_true(s.outcome.cut);
    end(&s);
}

/* The rate makes data wait for longer than the peer may be idle. */
static void a_direction_that_its_rate_pauses_is_not_idle(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    const struct script four = {.reads = {GIVES("abcd"), WAITS}};
    struct scene s;

    (void)state;
    plan.idle_ms = 300;
    plan.from_near.rate = plan.from_far.rate = 1;
    for (int back = 0; back < 2; back++) {
        begin(&s, &plan, back ? &silent : &four, back ? &four : &silent, &takes_all);
        for (int i = 0; i < 32; i++)
            pass(s.loop, 100);
        assert_int_equal(s.overs, 0);
        assert_int_equal(buf_length(back ? &s.near.written : &s.output.written), 4);
        for (int i = 0; i < 15; i++)
            pass(s.loop, 100);
        assert_over(&s, FAULT_NEAR, "192.0.2.1:80: idle for 300ms (--idle-timeout)");
        end(&s);
    }
}

static void data_that_its_rate_holds_back_is_cut_when_it_is_stopped(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    plan.from_near.rate = 1;
    begin(&s, &plan, &(struct script){.reads = {GIVES("abcd"), WAITS}}, &silent, &takes_all);
    go(s.loop, 5);
    conversation_end(s.conversation, CONVERSATION_STOP);
    assert_over(&s, FAULT_NONE, NULL);
    assert_true(s.outcome.cut);
    end(&s);
}

static void last_words_have_a_time(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    plan.last_words_ms = 1000;
    begin(&s, &plan, &(struct script){.reads = {WAITS, GIVES("x"), WAITS}}, &empty, &takes_all);
    go(s.loop, 3);
    assert_int_equal(s.near.shut_calls, 1);
    pass(s.loop, 500);
    stream_wake(s.near_stream, EPOLLIN);
    pass(s.loop, 499);
    assert_written(&s.output, "x");
    assert_int_equal(s.overs, 0);
    pass(s.loop, 1);
    assert_over_well(&s);
    end(&s);
}

/* The time begins when what was sent is delivered. */
static void last_words_follow_the_delivery(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    plan.last_words_ms = 1000;
    begin(&s, &plan, &(struct script){.reads = {WAITS}, .unacknowledged = 4},
          &(struct script){.reads = {GIVES("abc"), ENDS}}, &takes_all);
    go(s.loop, 3);
    pass(s.loop, 5000);
    assert_int_equal(s.overs, 0);
    s.near.unacknowledged = 0;
    stream_wake(s.near_stream, EPOLLOUT);
    go(s.loop, 1);
    pass(s.loop, 999);
    assert_int_equal(s.overs, 0);
    pass(s.loop, 1);
    assert_over_well(&s);
    end(&s);
}

/* What has arrived in time is passed on, however long the output takes. */
static void last_words_that_have_arrived_are_passed_on(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    plan.last_words_ms = 1000;
    begin(&s, &plan, &(struct script){.reads = {GIVES("abc"), GIVES("def"), WAITS}}, &empty,
          &(struct script){.writes = {TAKES(1), WAITS}});
    go(s.loop, 3);
    for (int i = 0; i < 100; i++)
        pass(s.loop, 100);
    assert_int_equal(s.overs, 0);
    stream_wake(s.output_stream, EPOLLOUT);
    go(s.loop, 3);
    pass(s.loop, 50);
    assert_written(&s.output, "abcdef");
    assert_over_well(&s);
    end(&s);
}

/* Ending from outside. */

static void far_s_data_may_be_finished(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);

    (void)state;
    for (int has_input = 0; has_input < 2; has_input++) {
        struct scene s;

        plan.last_words_ms = 1000;
        begin(&s, &plan, &(struct script){.reads = {WAITS, GIVES("last"), WAITS}},
              has_input ? &(struct script){.reads = {GIVES("abc"), WAITS}} : NULL, &takes_all);
        go(s.loop, 3);
        conversation_end(s.conversation, CONVERSATION_FINISH);
        assert_int_equal(s.near.shut_calls, 1);
        assert_int_equal(s.overs, 0);
        stream_wake(s.near_stream, EPOLLIN);
        pass(s.loop, 999);
        assert_written(&s.output, "last");
        assert_int_equal(s.overs, 0);
        pass(s.loop, 1);
        assert_over_well(&s);
        end(&s);
    }
}

static void stopping_ends_it_at_once(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &silent, &(struct script){.reads = {GIVES("abc"), WAITS}}, &takes_all);
    go(s.loop, 3);
    conversation_end(s.conversation, CONVERSATION_STOP);
    assert_over(&s, FAULT_NONE, NULL);
    assert_false(s.outcome.cut);
    assert_false(s.near.aborted);
    end(&s);
}

static void stopping_cuts_what_is_on_its_way(void **state)
{
    static const struct script nears[] = {
        {.reads = {WAITS}, .unacknowledged = 1}, /* not acknowledged */
        {.reads = {WAITS}, .writes = {TAKES(1), WAITS}} /* not sent */,
    };
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);

    (void)state;
    for (size_t i = 0; i < sizeof(nears) / sizeof(nears[0]); i++) {
        struct scene s;

        begin(&s, &plan, &nears[i], &(struct script){.reads = {GIVES("abc"), WAITS}}, &takes_all);
        go(s.loop, 3);
        conversation_end(s.conversation, CONVERSATION_STOP);
        assert_over(&s, FAULT_NONE, NULL);
        assert_true(s.outcome.cut);
        assert_true(s.near.aborted);
        end(&s);
    }
}

static void stopping_cuts_what_waits_for_the_output(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);
    struct scene s;

    (void)state;
    begin(&s, &plan, &(struct script){.reads = {GIVES("abc"), GIVES("def")}}, NULL,
          &(struct script){.writes = {WAITS}});
    go(s.loop, 3);
    conversation_end(s.conversation, CONVERSATION_STOP);
    assert_true(s.outcome.cut);
    assert_true(s.near.aborted);
    end(&s);
}

/* Who sees a message that had not ended must not take it for whole. */
static void aborting_cuts_what_had_not_ended(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);

    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        struct scene s;

        begin(&s, &plan, &silent,
              ended ? &(struct script){.reads = {GIVES("abc"), ENDS}}
                    : &(struct script){.reads = {GIVES("abc"), WAITS}},
              &takes_all);
        go(s.loop, 3);
        conversation_end(s.conversation, CONVERSATION_ABORT);
        assert_over(&s, FAULT_NONE, NULL);
        assert_int_equal(s.outcome.cut, !ended);
        assert_int_equal(s.near.aborted, !ended);
        end(&s);
    }
}

/* The same when it is the output that fails. */
static void a_fault_resets_near_unless_its_data_has_ended(void **state)
{
    struct conversation_plan plan = plan_of(GOAL_BOTH_END);

    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        struct scene s;

        begin(&s, &plan, &(struct script){.reads = {WAITS, GIVES("x"), WAITS}},
              ended ? &(struct script){.reads = {GIVES("abc"), ENDS}}
                    : &(struct script){.reads = {GIVES("abc"), WAITS}},
              &(struct script){.writes = {FAILS(ENOSPC)}});
        go(s.loop, 3);
        stream_wake(s.near_stream, EPOLLIN);
        go(s.loop, 3);
        assert_over(&s, FAULT_FAR_OUT, "error writing standard output: No space left on device");
        assert_int_equal(s.near.aborted, !ended);
        end(&s);
    }
}

/* Two peers, as in a relay: far is the script of the output. */

static void begin_peers(struct scene *s, const struct conversation_plan *plan,
                        const struct script *near, const struct script *far)
{
    prepare(s, near, NULL, NULL);
    s->output = *far;
    s->output_stream = script_connect(s->loop, &s->output);
    start(s, plan, &(struct end){.in = s->output_stream, .out = s->output_stream});
}

static const struct conversation_plan peers_plan = {
    .goal = GOAL_BOTH_END,
    .on_over = on_over,
    .on_closing = on_closing,
};

static void both_peers_have_to_have_everything(void **state)
{
    (void)state;
    for (int far_is_last = 0; far_is_last < 2; far_is_last++) {
        struct scene s;
        struct script *last = far_is_last ? &s.output : &s.near;

        begin_peers(&s, &peers_plan, &(struct script){.reads = {GIVES("abc"), ENDS}},
                    &(struct script){.reads = {GIVES("def"), ENDS}});
        last->unacknowledged = 2;
        go(s.loop, 10);
        assert_int_equal(s.overs, 0);
        last->unacknowledged = 0;
        stream_wake(far_is_last ? s.output_stream : s.near_stream, EPOLLOUT);
        go(s.loop, 2);
        assert_over_well(&s);
        assert_written(&s.near, "def");
        assert_written(&s.output, "abc");
        assert_int_equal(s.output.shut_calls, 1);
        end(&s);
    }
}

/* What it has sent before is delivered first. */
static void a_reset_of_one_peer_resets_the_other(void **state)
{
    const struct script fails = {.reads = {GIVES("abc"), FAILS(ECONNRESET)}};

    (void)state;
    for (int far_fails = 0; far_fails < 2; far_fails++) {
        struct scene s;
        struct script *other = far_fails ? &s.near : &s.output;

        begin_peers(&s, &peers_plan, far_fails ? &silent : &fails, far_fails ? &fails : &silent);
        other->unacknowledged = 3;
        go(s.loop, 10);
        pass(s.loop, 50);
        assert_int_equal(s.overs, 0);
        other->unacknowledged = 0;
        pass(s.loop, 50);
        assert_over(&s, far_fails ? FAULT_FAR_IN : FAULT_NEAR,
                    "error receiving from 192.0.2.1:80: Connection reset by peer");
        assert_written(other, "abc");
        assert_int_equal(other->shut_calls, 0);
        assert_true(other->aborted);
        end(&s);
    }
}

static void what_a_peer_says_before_it_refuses_more_is_delivered(void **state)
{
    struct scene s;

    (void)state;
    begin_peers(&s, &peers_plan, &(struct script){.reads = {GIVES("abc"), WAITS}},
                &(struct script){.reads = {WAITS, GIVES("no"), ENDS}, .writes = {FAILS(EPIPE)}});
    go(s.loop, 10);
    pass(s.loop, 1);
    assert_int_equal(s.overs, 1);
    assert_int_equal(s.outcome.whose, FAULT_FAR_OUT);
    assert_written(&s.near, "no");
    assert_true(s.near.aborted);
    end(&s);
}

static void aborting_resets_both_peers(void **state)
{
    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        struct scene s;

        begin_peers(&s, &peers_plan, ended ? &empty : &silent, &silent);
        go(s.loop, 3);
        conversation_end(s.conversation, CONVERSATION_ABORT);
        assert_over(&s, FAULT_NONE, NULL);
        assert_true(s.outcome.cut);
        assert_true(s.near.aborted);
        assert_true(s.output.aborted);
        end(&s);
    }
}

static void a_far_peer_that_takes_is_not_idle(void **state)
{
    struct conversation_plan plan = peers_plan;
    struct scene s;

    (void)state;
    plan.idle_ms = 1000;
    begin_peers(&s, &plan, &(struct script){.reads = {GIVES("abc"), WAITS}}, &silent);
    s.output.unacknowledged = 3;
    go(s.loop, 3);
    for (size_t left = 3; left > 0; left--) {
        pass(s.loop, 900);
        s.output.unacknowledged = left - 1;
    }
    assert_int_equal(s.overs, 0);
    for (int i = 0; i < 8; i++)
        pass(s.loop, 300);
    assert_over(&s, FAULT_NEAR, "192.0.2.1:80: idle for 1s (--idle-timeout)");
    assert_true(s.output.aborted);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_peers_have_to_have_everything),
        cmocka_unit_test(a_reset_of_one_peer_resets_the_other),
        cmocka_unit_test(what_a_peer_says_before_it_refuses_more_is_delivered),
        cmocka_unit_test(aborting_resets_both_peers),
        cmocka_unit_test(a_far_peer_that_takes_is_not_idle),
        cmocka_unit_test(both_have_to_end),
        cmocka_unit_test(without_a_far_input_near_alone_decides),
        cmocka_unit_test(what_was_sent_has_to_be_delivered),
        cmocka_unit_test(near_has_to_answer),
        cmocka_unit_test(who_ends_without_an_answer_is_at_fault),
        cmocka_unit_test(delivery_may_be_all),
        cmocka_unit_test(the_end_of_near_may_be_all),
        cmocka_unit_test(an_echo_ends_when_near_does),
        cmocka_unit_test(an_output_that_is_lent_stays_open),
        cmocka_unit_test(an_input_may_come_later),
        cmocka_unit_test(a_reset_is_near_s_fault),
        cmocka_unit_test(near_may_fail_to_take),
        cmocka_unit_test(near_may_fail_while_nobody_reads_it),
        cmocka_unit_test(near_may_fail_when_its_sending_side_is_closed),
        cmocka_unit_test(near_may_fail_before_all_is_delivered),
        cmocka_unit_test(an_input_that_fails_cuts_the_message_off),
        cmocka_unit_test(a_message_that_is_cut_off_is_delivered_so_far),
        cmocka_unit_test(an_output_that_fails_is_far_s_fault),
        cmocka_unit_test(an_output_may_fail_while_nothing_comes),
        cmocka_unit_test(data_may_be_at_fault),
        cmocka_unit_test(the_first_fault_counts),
        cmocka_unit_test(an_owner_may_fail_it),
        cmocka_unit_test(near_may_be_idle_for_a_time),
        cmocka_unit_test(a_peer_that_takes_is_not_idle),
        cmocka_unit_test(a_direction_that_its_rate_pauses_is_not_idle),
        cmocka_unit_test(data_that_its_rate_holds_back_is_cut_when_it_is_stopped),
        cmocka_unit_test(last_words_have_a_time),
        cmocka_unit_test(last_words_follow_the_delivery),
        cmocka_unit_test(last_words_that_have_arrived_are_passed_on),
        cmocka_unit_test(far_s_data_may_be_finished),
        cmocka_unit_test(stopping_ends_it_at_once),
        cmocka_unit_test(stopping_cuts_what_is_on_its_way),
        cmocka_unit_test(stopping_cuts_what_waits_for_the_output),
        cmocka_unit_test(aborting_cuts_what_had_not_ended),
        cmocka_unit_test(a_fault_resets_near_unless_its_data_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
