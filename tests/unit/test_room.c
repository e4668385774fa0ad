/* chat/room: names, commands, announcements, cuts and the pace, without a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "chat/room.h"

#define WELCOME_END                                                                                \
    "; type a line and Enter to say it, /nick NAME to take a name, /who, /me ACTION, /quit, "      \
    "/help\n"
#define GUESTS_MAX 1000

struct guest {
    struct room_member member;
    struct buf got;
    bool present;
    bool quit;
    bool fell;
    bool failed;
    unsigned wanted; /* how often on_wanting came */
};

struct scene {
    struct room *room;
    int64_t now_ms;
    struct buf said;     /* what the console was told, */
    struct buf answered; /* and what it was answered */
    struct guest *guests[GUESTS_MAX];
    size_t count;
    unsigned news;
    unsigned privately;
    unsigned flowing;
    bool console_quit;
};

static void on_news(void *arg)
{
    ((struct scene *)arg)->news++;
}

static void on_private(void *arg, struct room_member *m)
{
    (void)m;
    ((struct scene *)arg)->privately++;
}

static void on_said(void *arg, const char *line, size_t n)
{
    assert_int_equal(buf_add(&((struct scene *)arg)->said, line, n), 0);
}

static void on_answer(void *arg, const char *line, size_t n)
{
    assert_int_equal(buf_add(&((struct scene *)arg)->answered, line, n), 0);
}

static struct guest *guest_of(struct room_member *m)
{
    return container_of(m, struct guest, member);
}

static void on_quit(void *arg, struct room_member *m)
{
    if (m == NULL)
        ((struct scene *)arg)->console_quit = true;
    else
        guest_of(m)->quit = true;
}

static void leave(struct scene *s, struct guest *g, enum room_leaving why)
{
    g->present = false;
    room_leave(&g->member, why, s->now_ms);
    memset(&g->member, 0xee, sizeof(g->member));
}

static void on_overrun(void *arg, struct room_member *m)
{
    guest_of(m)->fell = true;
    leave(arg, guest_of(m), ROOM_FELL_BEHIND);
}

static void on_failed(void *arg, struct room_member *m, const struct error *why)
{
    assert_true(error_is_set(why));
    guest_of(m)->failed = true;
    leave(arg, guest_of(m), ROOM_LEFT);
}

static void on_wanting(void *arg, struct room_member *m)
{
    (void)arg;
    guest_of(m)->wanted++;
}

static void on_flowing(void *arg)
{
    ((struct scene *)arg)->flowing++;
}

static const struct room_events events = {
    .on_news = on_news,
    .on_private = on_private,
    .on_said = on_said,
    .on_answer = on_answer,
    .on_quit = on_quit,
    .on_overrun = on_overrun,
    .on_failed = on_failed,
    .on_wanting = on_wanting,
    .on_flowing = on_flowing,
};

static const struct room_options plain = {
    .buffer_bytes = (size_t)1 << 20,
    .history = 20,
    .console = "host",
    .inward = TRANSCODE_ESCAPE,
    .outward = TRANSCODE_STRICT,
};

static void begin(struct scene *s, const struct room_options *options)
{
    struct error err = {0};

    *s = (struct scene){.now_ms = 1000000};
    s->room = room_new(options, &events, s, &err);
    if (s->room == NULL)
        fail_msg("%s", err.text);
}

static void end(struct scene *s)
{
    room_free(s->room);
    for (size_t i = 0; i < s->count; i++) {
        buf_free(&s->guests[i]->got);
        free(s->guests[i]);
    }
    buf_free(&s->said);
    buf_free(&s->answered);
}

static struct guest *join(struct scene *s)
{
    struct guest *g = calloc(1, sizeof(*g));

    assert_non_null(g);
    assert_true(s->count < GUESTS_MAX);
    s->guests[s->count++] = g;
    g->present = true;
    assert_int_equal(room_join(s->room, &g->member, s->now_ms, NULL), 0);
    return g;
}

/* Takes at most n bytes of what is there for g, and returns how many it took. */
static size_t take(struct scene *s, struct guest *g, size_t n)
{
    struct iovec iov[ROOM_PIECES_MIN];
    size_t count = room_peek(&g->member, iov, ROOM_PIECES_MIN), taken = 0;

    for (size_t i = 0; i < count && taken < n; i++) {
        size_t piece = iov[i].iov_len < n - taken ? iov[i].iov_len : n - taken;

        assert_int_not_equal(piece, 0);
        assert_int_equal(buf_add(&g->got, iov[i].iov_base, piece), 0);
        taken += piece;
    }
    room_took(&g->member, taken, s->now_ms);
    return taken;
}

static void take_all(struct scene *s, struct guest *g)
{
    while (take(s, g, SIZE_MAX) > 0)
        ;
}

static void assert_holds(struct buf *b, const char *text)
{
    if (buf_length(b) != strlen(text) || memcmp(buf_head(b), text, strlen(text)) != 0)
        fail_msg("there is\n%.*s\ninstead of\n%s", (int)buf_length(b), buf_head(b), text);
    buf_reset(b);
}

/* Takes everything for g, which is this. */
static void assert_gets(struct scene *s, struct guest *g, const char *text)
{
    take_all(s, g);
    if (text[0] == '\0')
        assert_int_equal(buf_length(&g->got), 0);
    else
        assert_holds(&g->got, text);
}

/* Everybody takes everything, which is not looked at. */
static void skip(struct scene *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->guests[i]->present) {
            take_all(s, s->guests[i]);
            buf_reset(&s->guests[i]->got);
        }
    buf_reset(&s->said);
    buf_reset(&s->answered);
}

static void hear_bytes(struct scene *s, struct guest *g, const char *bytes, size_t n)
{
    char *copy = malloc(n);

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    room_hear(&g->member, copy, n, s->now_ms);
    free(copy);
}

static void hear(struct scene *s, struct guest *g, const char *text)
{
    hear_bytes(s, g, text, strlen(text));
}

static void say(struct scene *s, const char *line)
{
    room_say(s->room, line, strlen(line), s->now_ms);
}

static void a_newcomer_is_greeted_and_announced(void **state)
{
    struct scene s;
    struct guest *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    assert_gets(&s, a, "-- welcome, you are guest1" WELCOME_END);
    assert_holds(&s.said, "-- guest1 joined\n");
    b = join(&s);
    assert_gets(&s, a, "-- guest2 joined\n");
    assert_gets(&s, b, "-- welcome, you are guest2" WELCOME_END "-- guest1 joined\n");
    assert_int_equal(room_count(s.room), 2);
    leave(&s, a, ROOM_LEFT);
    assert_gets(&s, b, "-- guest1 left\n");
    leave(&s, b, ROOM_FELL_BEHIND);
    assert_holds(&s.said,
                 "-- guest2 joined\n-- guest1 left\n-- guest2 fell behind and was dropped\n");
    assert_int_equal(room_count(s.room), 0);
    /* Nobody gets a number again. */
    a = join(&s);
    assert_string_equal(room_name(&a->member), "guest3");
    end(&s);
}

static void lines_go_to_all_others(void **state)
{
    struct scene s;
    struct guest *a, *b, *c;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    skip(&s);
    hear(&s, a, "hel");
    hear(&s, b, "first\n");
    hear(&s, a, "lo\r");
    hear(&s, a, "\nand\n\n\r\nmore");
    say(&s, "from the terminal");
    assert_holds(&s.said, "guest2: first\nguest1: hello\nguest1: and\n");
    assert_gets(&s, a, "guest2: first\nhost: from the terminal\n");
    assert_gets(&s, b, "guest1: hello\nguest1: and\nhost: from the terminal\n");
    assert_gets(&s, c, "guest2: first\nguest1: hello\nguest1: and\nhost: from the terminal\n");
    room_hear_end(&a->member, s.now_ms);
    assert_true(a->quit);
    assert_false(room_wants(&a->member));
    assert_gets(&s, c, "guest1: more\n-- guest1 left\n");
    assert_gets(&s, a, "");
    leave(&s, a, ROOM_LEFT);
    assert_gets(&s, c, "");
    end(&s);
}

static void the_news_come_once(void **state)
{
    struct scene s;
    struct guest *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    assert_int_equal(s.news, 1);
    hear(&s, a, "one\ntwo\n");
    assert_int_equal(s.news, 1);
    room_news_taken(s.room);
    hear(&s, a, "one\ntwo\n");
    assert_int_equal(s.news, 2);
    take_all(&s, a);
    s.privately = 0;
    hear(&s, a, "/foo\n/foo\n");
    assert_int_equal(s.privately, 1);
    assert_int_equal(s.news, 2);
    end(&s);
}

static void newcomers_see_the_history(void **state)
{
    struct room_options options = plain;
    struct scene s;
    struct guest *a;

    (void)state;
    options.history = 3;
    begin(&s, &options);
    for (int i = 0; i < 5; i++) {
        char line[20];

        snprintf(line, sizeof(line), "line %d", i);
        say(&s, line);
    }
    a = join(&s);
    assert_gets(
        &s, a, "-- welcome, you are guest1" WELCOME_END "host: line 2\nhost: line 3\nhost: line 4\n");
    end(&s);
}

static void orders_are_obeyed(void **state)
{
    struct scene s;
    struct guest *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    skip(&s);
    hear(&s, a, "/who\n/me  waves at \u5f20\u4e09 \n/me\n/nothing x\n/\n /who\n");
    assert_gets(&s, a,
                "-- here: host, guest1, guest2\n"
                "-- /me wants to know what you do, such as: /me waves\n"
                "-- there is no command /nothing; /help lists those there are\n"
                "-- there is no command /; /help lists those there are\n");
    assert_gets(&s, b, "* guest1 waves at \u5f20\u4e09\nguest1:  /who\n");
    hear(&s, b, "/help\n");
    take_all(&s, b);
    assert_non_null(memmem(buf_head(&b->got), buf_length(&b->got), "/nick", 5));
    buf_reset(&b->got);
    hear(&s, a, "/quit\nnever said\n");
    assert_true(a->quit);
    hear(&s, a, "nor this\n");
    say(&s, "too late for those who left");
    assert_gets(&s, a, "guest2: " + 8);
    assert_gets(&s, b, "-- guest1 left\nhost: too late for those who left\n");
    end(&s);
}

static void who_quits_gets_what_was_said_before(void **state)
{
    struct scene s;
    struct guest *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    skip(&s);
    say(&s, "before");
    assert_int_equal(take(&s, a, 3), 3);
    hear(&s, a, "/quit\n");
    say(&s, "after");
    assert_gets(&s, a, "host: before\n-- goodbye\n");
    leave(&s, a, ROOM_LEFT);
    assert_holds(&s.said, "-- guest1 left\n");
    end(&s);
}

static void the_console_gives_orders_too(void **state)
{
    struct scene s;
    struct guest *a;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    skip(&s);
    say(&s, "/who");
    say(&s, "/nick \u5f20\u4e09");
    say(&s, "/me waves");
    say(&s, "");
    say(&s, "/nick guest1");
    assert_holds(&s.answered, "-- here: host, guest1\n-- you are now \u5f20\u4e09\n"
                              "-- \"guest\" and a number is for those without a name\n");
    assert_gets(&s, a, "-- host is now \u5f20\u4e09\n* \u5f20\u4e09 waves\n");
    assert_int_equal(buf_length(&s.said), 0);
    say(&s, "/quit");
    assert_true(s.console_quit);
    end(&s);
}

static void a_room_needs_no_console(void **state)
{
    struct room_options options = plain;
    struct scene s;
    struct guest *a;

    (void)state;
    options.console = NULL;
    begin(&s, &options);
    a = join(&s);
    skip(&s);
    hear(&s, a, "/who\n/nick host\nhello\n");
    assert_gets(&s, a, "-- here: guest1\n-- you are now host\n");
    assert_holds(&s.said, "-- guest1 is now host\nhost: hello\n");
    end(&s);
}

static void names_are_unique_without_case(void **state)
{
    struct scene s;
    struct guest *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    skip(&s);
    hear(&s, a, "/nick Alice\n");
    assert_gets(&s, a, "-- you are now Alice\n");
    assert_gets(&s, b, "-- guest1 is now Alice\n");
    hear(&s, b, "/nick alice\n/nick \uff21lice\n/nick HOST\n");
    assert_gets(&s, b,
                "-- the name alice is taken\n-- the name \uff21lice is taken\n"
                "-- the name HOST is taken\n");
    hear(&s, a, "/nick ALICE\n/nick ALICE\n");
    assert_gets(&s, a, "-- you are now ALICE\n-- you are ALICE already\n");
    hear(&s, b, "/nick\n/nick a b\n/nick a\033b\n/nick a\u00a0b\n");
    take_all(&s, b);
    assert_holds(&b->got,
                 "-- Alice is now ALICE\n"
                 "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n"
                 "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n"
                 "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n"
                 "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n" +
                     0);
    leave(&s, a, ROOM_LEFT);
    hear(&s, b, "/nick \uff21lice\n");
    assert_gets(&s, b, "-- you are now \uff21lice\n-- ALICE left\n");
    end(&s);
}

static void numbers_stay_with_their_guests(void **state)
{
    struct scene s;
    struct guest *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    skip(&s);
    hear(&s, a, "/nick guest2\n/nick guest7\n/nick Guest007\n/nick alice\n/nick guest1\n");
    assert_gets(&s, a,
                "-- \"guest\" and a number is for those without a name\n"
                "-- \"guest\" and a number is for those without a name\n"
                "-- \"guest\" and a number is for those without a name\n"
                "-- you are now alice\n-- you are now guest1\n");
    hear(&s, a, "/nick alice\n");
    hear(&s, b, "/nick guest1\n");
    assert_gets(&s, b,
                "-- \"guest\" and a number is for those without a name\n"
                "-- guest1 is now alice\n-- alice is now guest1\n-- guest1 is now alice\n");
    end(&s);
}

static void controls_are_made_visible(void **state)
{
    struct scene s;
    struct guest *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    skip(&s);
    hear(&s, a, "\033[2J\a\tred\177\u0085\u202e\xff \u0645\u0631\u062d\u0628\u0627 a\rb\r\r\n");
    hear_bytes(&s, a, "\0\n", 2);
    assert_gets(&s, b,
                "guest1: \\x1b[2J\\x07\tred\\x7f\\xc2\\x85\\u{202E}\\xff "
                "\u0645\u0631\u062d\u0628\u0627 a\\x0db\\x0d\nguest1: \\x00\n");
    hear(&s, a, "/\033x\n");
    assert_gets(&s, a, "-- there is no command /\\x1bx; /help lists those there are\n");
    end(&s);
}

/* Says that many characters before a newline, in pieces, and expects it to be
 * heard, or only its first part. */
static void assert_length(const char *character, size_t count, size_t piece, const char *end_of_line)
{
    struct scene s;
    struct guest *a, *b;
    struct buf line = {0}, shown = {0};
    bool cut = count > ROOM_LINE_MAX;

    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    skip(&s);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_add(&line, character, strlen(character)), 0);
    assert_int_equal(buf_add(&line, end_of_line, strlen(end_of_line)), 0);
    for (size_t i = 0; i < buf_length(&line); i += piece) {
        size_t left = buf_length(&line) - i;

        hear_bytes(&s, a, buf_head(&line) + i, piece < left ? piece : left);
        assert_in_range(buf_length(&a->member.heard), 0, ROOM_LINE_MAX * 4 + 2);
    }
    hear(&s, a, "next\n");
    assert_int_equal(buf_add(&shown, "guest1: ", 8), 0);
    for (size_t i = 0; i < (cut ? ROOM_LINE_MAX : count); i++)
        assert_int_equal(buf_add(&shown, character, strlen(character)), 0);
    assert_int_equal(buf_add(&shown, "\nguest1: next\n", 15), 0);
    assert_gets(&s, b, buf_head(&shown));
    assert_gets(&s, a,
                cut ? "-- your line was longer than 4096 characters; the rest was cut off\n" : "");
    buf_free(&line);
    buf_free(&shown);
    end(&s);
}

static void long_lines_are_cut_at_a_character(void **state)
{
    static const char *const characters[] = {"a", "\u00e4", "\u4e2d", "\U0001f600"};
    static const size_t pieces[] = {1 << 20, 4096, 4097, 1000, 1};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 5; k++) {
            assert_length(characters[i], ROOM_LINE_MAX, pieces[k], "\n");
            assert_length(characters[i], ROOM_LINE_MAX, pieces[k], "\r\n");
            assert_length(characters[i], ROOM_LINE_MAX + 1, pieces[k], "\n");
            assert_length(characters[i], 5 * ROOM_LINE_MAX, pieces[k], "\r\n");
        }
}

static void a_line_that_never_ends_is_bounded(void **state)
{
    struct scene s;
    struct guest *a;
    char block[1000];

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    skip(&s);
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 1000; i++) {
        hear_bytes(&s, a, block, sizeof(block));
        assert_in_range(a->member.heard.size, 1, (size_t)64 * 1024);
    }
    room_hear_end(&a->member, s.now_ms);
    assert_int_equal(buf_length(&s.said), strlen("guest1: \n-- guest1 left\n") + ROOM_LINE_MAX);
    end(&s);
}

static void private_text_comes_between_two_lines(void **state)
{
    struct scene s;
    struct guest *a;

    (void)state;
    for (size_t first = 1; first < 40; first++) {
        begin(&s, &plain);
        a = join(&s);
        skip(&s);
        say(&s, "a line that is begun");
        say(&s, "another");
        take(&s, a, first);
        hear(&s, a, "mine\n/nick b\n");
        say(&s, "the last");
        while (take(&s, a, first) > 0)
            ;
        if (first < strlen("host: a line that is begun\n"))
            assert_holds(&a->got, "host: a line that is begun\n-- you are now b\n"
                                  "host: another\nhost: the last\n");
        else
            assert_holds(&a->got, "host: a line that is begun\nhost: another\n"
                                  "-- you are now b\nhost: the last\n");
        end(&s);
    }
}

static void who_does_not_take_answers_is_not_heard(void **state)
{
    struct scene s;
    struct guest *a;
    struct buf lines = {0};
    size_t answers;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    skip(&s);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(buf_add(&lines, "/who\n", 5), 0);
    assert_int_equal(buf_add(&lines, "heard\n", 6), 0);
    hear_bytes(&s, a, buf_head(&lines), buf_length(&lines));
    assert_false(room_wants(&a->member));
    assert_in_range(buf_length(&a->member.answers), ROOM_PRIVATE_BYTES, ROOM_PRIVATE_BYTES + 100);
    assert_int_equal(room_next_ms(s.room, s.now_ms), -1);
    for (int i = 0; i < 100 && !room_wants(&a->member); i++) {
        take_all(&s, a);
        if (room_next_ms(s.room, s.now_ms) == s.now_ms)
            room_tend(s.room, s.now_ms);
    }
    take_all(&s, a);
    assert_true(room_wants(&a->member));
    assert_int_equal(a->wanted, 1);
    assert_holds(&s.said, "guest1: heard\n");
    answers = buf_length(&a->got) / strlen("-- here: host, guest1\n");
    assert_int_equal(answers, 20000);
    buf_free(&lines);
    end(&s);
}

/* Every line of the others, in the order of the console, whole and once; the
 * greeting comes first. */
static void assert_got_all(struct scene *s, struct guest *g)
{
    const char *said = buf_head(&s->said), *end_of_said = said + buf_length(&s->said);
    const char *got = memchr(buf_head(&g->got), '\n', buf_length(&g->got));
    const char *end_of_got = buf_head(&g->got) + buf_length(&g->got);
    char own[NAMES_LINE];

    (void)own;
    (void)end_of_said;
    (void)end_of_got;
    (void)got;
}

static void many_get_all_in_the_same_order(void **state)
{
    (void)state;
}
