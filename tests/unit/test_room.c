/* chat/room: who is in it, their names, commands and announcements, without a socket. What
 * they say is in test_room_lines.c, and how fast in test_pace.c. */
#include "tests/unit/room_scene.h"

static void a_newcomer_is_greeted_and_announced(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    assert_gets(a, "-- welcome, you are guest1" WELCOME_END);
    assert_shown(&s, "-- guest1 joined\n");
    b = join(&s);
    assert_gets(a, "-- guest2 joined\n");
    assert_gets(b, "-- welcome, you are guest2" WELCOME_END);
    assert_int_equal(room_count(s.room), 2);
    leave(a);
    assert_gets(b, "-- guest1 left\n");
    assert_int_equal(room_count(s.room), 1);
    leave(b);
    assert_shown(&s, "-- guest2 joined\n-- guest1 left\n-- guest2 left\n");
    assert_int_equal(room_count(s.room), 0);
    /* Nobody gets a number again. */
    a = join(&s);
    assert_gets_with(a, "-- welcome, you are guest3" WELCOME_END);
    end(&s);
}

#define HELP_BEGIN                                                \
    "-- a line goes to all members, except for these commands:\n" \
    "-- /nick NAME       change your name\n"                      \
    "-- /who             list the members\n"                      \
    "-- /me   ACTION     say what you are doing\n"                \
    "-- /msg  NAME TEXT  send TEXT to one member only\n"

static void newcomers_see_the_history(void **state)
{
    struct room_options options = plain;
    struct scene s;

    (void)state;
    options.history = 3;
    begin(&s, &options);
    for (int i = 0; i < 5; i++) {
        char line[20];

        snprintf(line, sizeof(line), "line %d", i);
        say(&s, line);
    }
    assert_gets(join(&s), "-- welcome, you are guest1" WELCOME_END
                          "host: line 2\nhost: line 3\nhost: line 4\n");
    end(&s);
}

static void commands_are_obeyed(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    hear(a, "/who\n/me  waves at \u5f20\u4e09 \n/me\n/nothing x\n/\n /who\n");
    assert_gets(a, "-- here: host, guest1, guest2\n"
                   "-- missing ACTION, as in /me waves\n"
                   "-- unknown command /nothing: try /help\n"
                   "-- unknown command /: try /help\n");
    assert_gets(b, "* guest1 waves at \u5f20\u4e09\nguest1:  /who\n");
    hear(b, "/help\n");
    assert_gets_with(b, "/nick");
    hear(a, "/quit\nnever said\n");
    hear(a, "nor this\n");
    say(&s, "too late for those who left");
    assert_gets(a, "-- goodbye\n");
    assert_true(a->ended);
    assert_gets(b, "-- guest1 left\nhost: too late for those who left\n");
    assert_gets(b, "");
    end(&s);
}

static void who_quits_gets_what_was_said_before(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    pass_over(&s);
    say(&s, "before");
    assert_int_equal(take(a, 3), 3);
    hear(a, "/quit\n");
    say(&s, "after");
    assert_gets(a, "host: before\n-- goodbye\n");
    assert_true(a->ended);
    leave(a);
    assert_shown(&s, "-- guest1 left\n");
    end(&s);
}

static void a_member_is_told_something_alone(void **state)
{
    struct scene s;
    struct person *a, *b, *c;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    pass_over(&s);
    hear(a, "/nick Alice\n");
    pass_over(&s);
    hear(b,
         "/msg ALICE  to you  only\n/msg\n/msg alice\n/msg bob hi\n/msg guest2 me\n/msg a:b x\n");
    assert_gets(a, "-- guest2 to you: to you  only\n");
    assert_gets(b, "-- to Alice: to you  only\n"
                   "-- missing NAME or TEXT, as in /msg alice hello\n"
                   "-- missing NAME or TEXT, as in /msg alice hello\n"
                   "-- unknown member bob: try /who\n"
                   "-- guest2 is you\n"
                   "-- unknown member a:b: try /who\n");
    hear(c, "/msg host psst\n");
    assert_shown(&s, "-- guest3 to you: psst\n");
    say(&s, "/msg guest3 yes?");
    assert_gets(c, "-- to host: psst\n-- host to you: yes?\n");
    assert_gets(a, "");
    end(&s);
}

static void a_message_that_cannot_be_encoded_is_answered(void **state)
{
    struct room_options options = plain;
    struct scene s;
    struct person *a;

    (void)state;
    options.encoding = "gbk";
    begin(&s, &options);
    a = join(&s);
    pass_over(&s);
    say(&s, "/msg guest1 \U0001f600");
    assert_gets(a, "");
    assert_int_equal(shared_log_head(s.room->log).line, 1);
    end(&s);
}

static void a_member_that_does_not_read_is_told_no_more(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    for (int i = 0; i < 4000; i++)
        hear(a, "/msg guest2 again and again and again\n");
    assert_in_range(buf_length(&b->member->answers), ROOM_PRIVATE_BYTES, ROOM_PRIVATE_BYTES + 100);
    end(&s);
}

static void the_console_removes_a_member(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    hear(a, "/kick guest2\n");
    assert_gets(a, "-- unknown command /kick: try /help\n");
    say(&s, "/kick");
    say(&s, "/kick host");
    say(&s, "/kick nobody");
    say(&s, "/kick GUEST1");
    assert_shown(&s, "-- missing NAME, as in /kick guest1\n-- host is you\n"
                     "-- unknown member nobody: try /who\n-- guest1 was removed\n");
    assert_gets(b, "-- guest1 was removed\n");
    assert_gets(a, "-- the host has removed you from the room\n");
    assert_true(a->ended);
    hear(a, "not any more\n");
    assert_gets(b, "");
    leave(a);
    assert_shown(&s, "");
    end(&s);
}

static void help_lists_what_one_may_do(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    pass_over(&s);
    hear(a, "/help\n");
    say(&s, "/help");
    assert_gets(a, HELP_BEGIN
                "-- /quit            leave the room\n-- /help            list these commands\n");
    assert_shown(&s, HELP_BEGIN "-- /kick NAME       remove a member\n"
                                "-- /quit            close the room\n"
                                "-- /help            list these commands\n");
    end(&s);
}

static void joins_push_no_lines_out_of_the_history(void **state)
{
    struct room_options options = plain;
    struct scene s;

    (void)state;
    options.history = 2;
    begin(&s, &options);
    say(&s, "one");
    leave(join(&s));
    say(&s, "two");
    for (int i = 0; i < 10; i++)
        leave(join(&s));
    say(&s, "/nick \u5f20\u4e09");
    assert_gets(join(&s), "-- welcome, you are guest12" WELCOME_END "host: one\nhost: two\n");
    end(&s);
}

static void names_of_mixed_scripts_are_refused(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    pass_over(&s);
    hear(a, "/nick h\u043est\n");
    assert_gets(a, "-- invalid name: Latin, Greek and Cyrillic letters cannot be mixed\n");
    end(&s);
}

static void the_console_gives_commands_too(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    pass_over(&s);
    say(&s, "/who");
    say(&s, "/nick \u5f20\u4e09");
    say(&s, "/me waves");
    say(&s, "");
    say(&s, "/nick guest1");
    assert_shown(&s, "-- here: host, guest1\n-- you are now \u5f20\u4e09\n"
                     "-- invalid name: \"guest\" and a number is reserved for guests\n");
    assert_gets(a, "-- host is now \u5f20\u4e09\n* \u5f20\u4e09 waves\n");
    say(&s, "/quit");
    assert_int_equal(s.quits, 1);
    /* What closes is decided elsewhere. */
    assert_gets(a, "");
    assert_shown(&s, "");
    assert_false(a->ended || s.console.ended);
    end(&s);
}

static void the_end_of_the_console_closes_the_room(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    pass_over(&s);
    assert_int_equal(stream_write(s.console.stream, "half a line", 11), IO_OK);
    assert_int_equal(s.quits, 0);
    assert_int_equal(stream_shut(s.console.stream), IO_OK);
    assert_int_equal(s.quits, 1);
    assert_gets(a, "host: half a line\n");
    /* It is still shown what is said until the room is closed. */
    hear(a, "bye\n");
    room_close(s.room);
    assert_shown(&s, "guest1: bye\n-- the room closes\n");
    assert_true(s.console.ended);
    end(&s);
}

static void a_console_comes_and_goes_silently(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    begin_without_console(&s, &plain);
    a = join(&s);
    hear(a, "before the console was there\n");
    join_console(&s, "host");
    hear(a, "hello\n");
    assert_shown(&s, "guest1: hello\n");
    assert_int_equal(room_count(s.room), 1);
    leave(&s.console);
    assert_int_equal(room_count(s.room), 1);
    assert_gets(a, "-- welcome, you are guest1" WELCOME_END);
    hear(a, "/who\n/nick host\n");
    assert_gets(a, "-- here: guest1\n-- you are now host\n");
    assert_int_equal(s.quits, 0);
    end(&s);
}

static void a_console_may_only_listen(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    begin_without_console(&s, &plain);
    join_console(&s, NULL);
    a = join(&s);
    pass_over(&s);
    hear(a, "/who\n/nick host\nhello\n");
    assert_gets(a, "-- here: guest1\n-- you are now host\n");
    assert_shown(&s, "-- guest1 is now host\nhost: hello\n");
    room_close(s.room);
    assert_shown(&s, "-- the room closes\n");
    end(&s);
}

static void names_are_unique_without_case(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    hear(a, "/nick Alice\n");
    assert_gets(a, "-- you are now Alice\n");
    assert_gets(b, "-- guest1 is now Alice\n");
    hear(b, "/nick alice\n/nick \uff21lice\n/nick HOST\n");
    assert_gets(b, "-- the name alice is in use\n-- the name \uff21lice is in use\n"
                   "-- the name HOST is in use\n");
    hear(a, "/nick ALICE\n/nick ALICE\n");
    assert_gets(a, "-- you are now ALICE\n-- you are already ALICE\n");
    hear(b, "/nick\n/nick a b\n/nick a\033b\n/nick a\u00a0b\n");
    assert_gets(
        b, "-- invalid name: expected 1 to 32 letters, digits, \"_\" and \"-\", as in /nick alice\n"
           "-- invalid name: expected 1 to 32 letters, digits, \"_\" and \"-\", as in /nick alice\n"
           "-- invalid name: expected 1 to 32 letters, digits, \"_\" and \"-\", as in /nick alice\n"
           "-- invalid name: expected 1 to 32 letters, digits, \"_\" and \"-\", as in /nick alice\n"
           "-- Alice is now ALICE\n");
    leave(a);
    hear(b, "/nick \uff21lice\n");
    assert_gets(b, "-- you are now \uff21lice\n-- ALICE left\n");
    end(&s);
}

static void numbers_stay_with_their_guests(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    hear(a, "/nick guest2\n/nick guest7\n/nick Guest007\n/nick alice\n/nick guest1\n");
    assert_gets(a, "-- invalid name: \"guest\" and a number is reserved for guests\n"
                   "-- invalid name: \"guest\" and a number is reserved for guests\n"
                   "-- invalid name: \"guest\" and a number is reserved for guests\n"
                   "-- you are now alice\n-- you are now guest1\n");
    hear(a, "/nick alice\n");
    hear(b, "/nick guest1\n");
    assert_gets(b, "-- invalid name: \"guest\" and a number is reserved for guests\n"
                   "-- guest1 is now alice\n-- alice is now guest1\n-- guest1 is now alice\n");
    end(&s);
}

static void a_room_can_be_closed(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    hear(a, "half");
    say(&s, "bye");
    room_close(s.room);
    say(&s, "too late");
    hear(a, "too late\n");
    assert_gets(a, "host: bye\n-- the room closes\n");
    assert_gets(b, "host: bye\n-- the room closes\n");
    leave(a);
    assert_gets(b, "");
    assert_shown(&s, "-- the room closes\n");
    assert_true(b->ended && s.console.ended);
    assert_int_equal(s.quits, 0);
    end(&s);
}

static void assert_refused(struct loop *l, const struct room_options *options)
{
    struct error err = {0};

    assert_null(room_new(l, options, on_console_quit, NULL, &err));
    assert_true(error_is_set(&err));
    assert_int_equal(err.status, EXITCODE_USAGE);
    error_clear(&err);
}

static void wrong_options_are_refused(void **state)
{
    struct room_options options = encoded("nonsense");
    struct loop *l = loop_new(NULL);

    (void)state;
    assert_refused(l, &options);
    options = plain;
    options.buffer_bytes = ROOM_BUFFER_MIN - 1;
    assert_refused(l, &options);
    loop_free(l);
}

static void wrong_names_of_a_console_are_refused(void **state)
{
    static const struct {
        const char *name, *why;
        enum exitcode status;
    } wrong[] = {
        {"a b", "invalid name \"a b\": expected 1 to 32 letters, digits, \"_\" and \"-\"",
         EXITCODE_USAGE},
        {"", "invalid name \"\": expected 1 to 32 letters, digits, \"_\" and \"-\"",
         EXITCODE_USAGE},
        {"Guest12", "invalid name \"Guest12\": reserved for guests", EXITCODE_USAGE},
        {"h\u043est", "invalid name \"h\u043est\": expected letters of one script", EXITCODE_USAGE},
        {"\u4e2d", NULL, EXITCODE_DATA},
    };
    struct room_options options = encoded("latin1");
    struct scene s;
    struct person *a;

    (void)state;
    begin_without_console(&s, &options);
    a = join(&s);
    pass_over(&s);
    for (size_t i = 0; i < 5; i++) {
        struct error err = {0};

        assert_null(member_join(s.room, MEMBER_CONSOLE, wrong[i].name, &err));
        assert_true(error_is_set(&err));
        assert_int_equal(err.status, wrong[i].status);
        if (wrong[i].why != NULL)
            assert_string_equal(err.text, wrong[i].why);
        error_clear(&err);
    }
    hear(a, "/who\n");
    assert_gets(a, "-- here: guest1\n");
    end(&s);
}

static void an_idle_member_is_small(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    assert_in_range(sizeof(struct member), 1, 200);
    /* It keeps no memory of what it has sent and was sent. */
    begin(&s, &plain);
    a = join(&s);
    hear(a, "in ");
    hear(a, "pieces\n/who\n");
    pass_over(&s);
    assert_int_equal(a->member->heard.size, 0);
    assert_int_equal(a->member->answers.size, 0);
    assert_int_equal(stream_unsent(a->stream), 0);
    end(&s);
}

static void many_can_be_listed(void **state)
{
    struct scene s;
    struct person *p = NULL;
    size_t names = 0;

    (void)state;
    begin(&s, &plain);
    for (int i = 0; i < 500; i++)
        p = join(&s);
    pass_over(&s);
    hear(p, "/who\n");
    take_all(p);
    for (size_t i = 0, line = 0; i < buf_length(&p->got); i++, line++) {
        char c = buf_head(&p->got)[i];

        names += c == ',' || c == '\n';
        if (c == '\n')
            line = 0;
        assert_in_range(line, 0, 1200);
    }
    assert_int_equal(names, 501);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newcomer_is_greeted_and_announced),
        cmocka_unit_test(newcomers_see_the_history),
        cmocka_unit_test(commands_are_obeyed),
        cmocka_unit_test(who_quits_gets_what_was_said_before),
        cmocka_unit_test(a_member_is_told_something_alone),
        cmocka_unit_test(a_message_that_cannot_be_encoded_is_answered),
        cmocka_unit_test(a_member_that_does_not_read_is_told_no_more),
        cmocka_unit_test(the_console_removes_a_member),
        cmocka_unit_test(help_lists_what_one_may_do),
        cmocka_unit_test(joins_push_no_lines_out_of_the_history),
        cmocka_unit_test(names_of_mixed_scripts_are_refused),
        cmocka_unit_test(the_console_gives_commands_too),
        cmocka_unit_test(the_end_of_the_console_closes_the_room),
        cmocka_unit_test(a_console_comes_and_goes_silently),
        cmocka_unit_test(a_console_may_only_listen),
        cmocka_unit_test(names_are_unique_without_case),
        cmocka_unit_test(numbers_stay_with_their_guests),
        cmocka_unit_test(a_room_can_be_closed),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(wrong_names_of_a_console_are_refused),
        cmocka_unit_test(an_idle_member_is_small),
        cmocka_unit_test(many_can_be_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
