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

#define WELCOME_END                                                                           \
    "; type a line and Enter to say it, /nick NAME to take a name, /who, /me ACTION, /quit, " \
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
static void pass_over(struct scene *s)
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
    pass_over(&s);
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
    assert_gets(&s, a,
                "-- welcome, you are guest1" WELCOME_END
                "host: line 2\nhost: line 3\nhost: line 4\n");
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
    pass_over(&s);
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
    assert_gets(&s, a, "-- goodbye\n");
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
    pass_over(&s);
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
    pass_over(&s);
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
    pass_over(&s);
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
    pass_over(&s);
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
    assert_gets(&s, b,
                "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n"
                "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n"
                "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n"
                "-- a name is 1 to 32 letters, digits, \"_\" and \"-\", such as: /nick alice\n"
                "-- Alice is now ALICE\n");
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
    pass_over(&s);
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
    pass_over(&s);
    hear(&s, a, "\033[2J\a\tred\177\xc2\x85\u202e\xff \u0645\u0631\u062d\u0628\u0627 a\rb\r\r\n");
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
static void assert_length(const char *character, size_t count, size_t piece,
                          const char *end_of_line)
{
    struct scene s;
    struct guest *a, *b;
    struct buf line = {0}, shown = {0};
    bool cut = count > ROOM_LINE_MAX;

    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    pass_over(&s);
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
    pass_over(&s);
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
        pass_over(&s);
        say(&s, "a line that is begun");
        say(&s, "another");
        take(&s, a, first);
        hear(&s, a, "mine\n/nick b\n");
        say(&s, "the last");
        while (take(&s, a, first) > 0)
            ;
        if (first <= strlen("host: a line that is begun\n"))
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
    pass_over(&s);
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

/* Puts into wanted what everybody was told since the last pass_over(), but for what
 * begins with the given own name or is announced about it. */
static void without_own(struct scene *s, const char *name, struct buf *wanted)
{
    char own[2][40];
    const char *line = buf_head(&s->said), *last = line + buf_length(&s->said), *next;

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

/* Most speak, some in half lines; some come and go; everybody takes at a pace of
 * its own. */
static void many_get_all_in_the_same_order(void **state)
{
    enum { MEMBERS = 120, ROUNDS = 300 };
    struct room_options options = plain;
    struct scene s;
    struct buf wanted = {0};
    uint32_t random = 7;

    (void)state;
    options.history = 0;
    begin(&s, &options);
    for (size_t i = 0; i < MEMBERS; i++)
        join(&s);
    pass_over(&s);
    for (int round = 0; round < ROUNDS; round++) {
        struct guest *brief = round % 50 == 0 ? join(&s) : NULL;

        s.now_ms += 10;
        for (size_t i = 0; i < MEMBERS; i++) {
            char line[100];
            struct guest *g = s.guests[i];

            snprintf(line, sizeof(line), "%zu in round %d\nand a half ", i, round);
            if (random_number(&random, 4) == 0 && room_wants(&g->member))
                hear(&s, g, line);
            if (random_number(&random, 3) != 0)
                take(&s, g, 1 + random_number(&random, 1 << random_number(&random, 14)));
        }
        room_tend(s.room, s.now_ms);
        if (brief != NULL)
            leave(&s, brief, ROOM_LEFT);
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        without_own(&s, room_name(&s.guests[i]->member), &wanted);
        take_all(&s, s.guests[i]);
        assert_int_equal(buf_add(&s.guests[i]->got, "", 1), 0);
        assert_string_equal(buf_head(&s.guests[i]->got), buf_head(&wanted));
    }
    buf_free(&wanted);
    end(&s);
}

/* What a flood is read in. */
static void flood(struct scene *s, struct guest *g, unsigned long *number, size_t lines)
{
    struct buf text = {0};
    char line[80];

    for (size_t i = 0; i < lines; i++) {
        int n = snprintf(line, sizeof(line), "%lu is what this line is called\n", (*number)++);

        assert_int_equal(buf_add(&text, line, (size_t)n), 0);
    }
    hear_bytes(s, g, buf_head(&text), buf_length(&text));
    buf_free(&text);
}

/* What g has got is the lines of the flood from *next on, and perhaps the start of
 * one more; *next becomes the one after them. */
static void assert_flooded(struct guest *g, unsigned long *next)
{
    char *newline;

    while (buf_length(&g->got) > 0 &&
           (newline = memchr(buf_head(&g->got), '\n', buf_length(&g->got))) != NULL) {
        char wanted[100];
        int n =
            snprintf(wanted, sizeof(wanted), "guest1: %lu is what this line is called\n", *next);

        assert_int_equal(newline + 1 - buf_head(&g->got), n);
        assert_memory_equal(buf_head(&g->got), wanted, (size_t)n);
        buf_consume(&g->got, (size_t)n);
        ++*next;
    }
}

static const struct room_options small = {
    .buffer_bytes = (size_t)64 * 1024,
    .history = 20,
    .console = "host",
};

static void a_flood_is_slowed_to_who_reads(void **state)
{
    struct scene s;
    struct guest *a, *b;
    unsigned long said = 0, got = 0, waits = 0;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    b = join(&s);
    pass_over(&s);
    while (got < 50000) {
        if (!room_is_congested(s.room, s.now_ms) && room_wants(&a->member))
            flood(&s, a, &said, 2000);
        else
            waits++;
        take(&s, b, 5000);
        assert_flooded(b, &got);
        room_tend(s.room, s.now_ms);
        s.now_ms += 100;
    }
    assert_true(b->present && a->present);
    assert_in_range(waits, 100, 1000);
    assert_int_not_equal(s.flowing, 0);
    end(&s);
}

static void who_takes_nothing_holds_nobody_up(void **state)
{
    struct scene s;
    struct guest *a, *b, *c;
    unsigned long said = 0, got = 0;
    int64_t begun_ms;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    pass_over(&s);
    /* All were up to date for a long time. */
    s.now_ms += 3600000;
    begun_ms = s.now_ms;
    flood(&s, a, &said, 2000);
    assert_true(room_is_congested(s.room, s.now_ms));
    assert_false(room_wants(&a->member));
    assert_int_equal(room_next_ms(s.room, s.now_ms), begun_ms + ROOM_PATIENCE_MS);
    for (; s.now_ms < begun_ms + ROOM_PATIENCE_MS; s.now_ms += 50) {
        take_all(&s, c);
        room_tend(s.room, s.now_ms);
        assert_true(room_is_congested(s.room, s.now_ms));
    }
    assert_int_equal(s.flowing, 0);
    while (!b->fell && s.now_ms < begun_ms + 10000) {
        room_tend(s.room, s.now_ms);
        if (room_wants(&a->member) && !room_is_congested(s.room, s.now_ms))
            flood(&s, a, &said, 500);
        if (!b->fell)
            take_all(&s, c);
        s.now_ms += 10;
    }
    assert_int_not_equal(s.flowing, 0);
    assert_true(b->fell);
    assert_false(b->present);
    assert_flooded(c, &got);
    buf_reset(&c->got);
    take_all(&s, c);
    assert_non_null(memmem(buf_head(&c->got), buf_length(&c->got),
                           "-- guest2 fell behind and was dropped\n", 38));
    assert_int_not_equal(got, 0);
    end(&s);
}

static void who_begins_to_take_again_counts_again(void **state)
{
    struct scene s;
    struct guest *a, *b, *c;
    unsigned long said = 0;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    pass_over(&s);
    flood(&s, a, &said, 2000);
    assert_true(room_is_congested(s.room, s.now_ms));
    take_all(&s, c);
    s.now_ms += ROOM_PATIENCE_MS;
    assert_false(room_is_congested(s.room, s.now_ms));
    take(&s, b, 1);
    assert_true(room_is_congested(s.room, s.now_ms));
    assert_int_equal(room_next_ms(s.room, s.now_ms), s.now_ms + ROOM_PATIENCE_MS);
    leave(&s, b, ROOM_LEFT);
    assert_false(room_is_congested(s.room, s.now_ms));
    end(&s);
}

static void own_lines_hold_nobody_up(void **state)
{
    struct scene s;
    struct guest *a;
    unsigned long said = 0;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    pass_over(&s);
    flood(&s, a, &said, 10000);
    assert_false(room_is_congested(s.room, s.now_ms));
    assert_true(room_wants(&a->member));
    room_tend(s.room, s.now_ms);
    assert_gets(&s, a, "");
    say(&s, "still here");
    assert_gets(&s, a, "host: still here\n");
    end(&s);
}

static void those_who_wait_take_turns(void **state)
{
    struct scene s;
    struct guest *a, *b, *c;
    unsigned long said[2] = {0};
    const char *end_of_said;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    pass_over(&s);
    flood(&s, a, &said[0], 10000);
    flood(&s, b, &said[1], 10000);
    for (int i = 0; i < 20; i++) {
        take_all(&s, a);
        take_all(&s, b);
        take_all(&s, c);
        room_tend(s.room, s.now_ms);
        s.now_ms += 10;
    }
    end_of_said = buf_head(&s.said) + buf_length(&s.said) - 8192;
    assert_non_null(memmem(end_of_said - 32768, 32768, "guest1: ", 8));
    assert_non_null(memmem(end_of_said - 32768, 32768, "guest2: ", 8));
    end(&s);
}

/* That somebody is overrun may be seen while that one is heard. */
static void who_is_overrun_may_be_speaking(void **state)
{
    struct scene s;
    struct guest *a, *b;

    (void)state;
    begin(&s, &small);
    a = join(&s);
    b = join(&s);
    pass_over(&s);
    for (int i = 0; i < 3000; i++)
        say(&s, "the console is not held up");
    hear(&s, a, "one\ntwo\n");
    hear(&s, b, "one\ntwo\n");
    assert_int_equal(take(&s, a, SIZE_MAX), 0);
    assert_false(room_wants(&a->member));
    assert_int_equal(room_next_ms(s.room, s.now_ms), s.now_ms);
    room_tend(s.room, s.now_ms);
    assert_true(a->fell && b->fell);
    assert_int_equal(room_count(s.room), 0);
    a = join(&s);
    hear(&s, a, "alone\n");
    room_tend(s.room, s.now_ms);
    assert_true(room_wants(&a->member));
    end(&s);
}

static struct room_options encoded(const char *encoding)
{
    struct room_options options = plain;

    options.encoding = encoding;
    return options;
}

static void assert_relayed(const char *encoding, const char *in, size_t n, const char *said,
                           const char *out, size_t length)
{
    struct room_options options = encoded(encoding);

    for (size_t piece = 1; piece <= n; piece += n - 1) {
        struct scene s;
        struct guest *a, *b, *c;

        begin(&s, &options);
        a = join(&s);
        b = join(&s);
        pass_over(&s);
        for (size_t i = 0; i < n; i += piece)
            hear_bytes(&s, a, in + i, piece);
        assert_holds(&s.said, said);
        while (take(&s, b, 3) > 0)
            ;
        assert_int_equal(buf_length(&b->got), length);
        assert_memory_equal(buf_head(&b->got), out, length);
        /* Lines do not depend on what was before them. */
        c = join(&s);
        take_all(&s, c);
        assert_memory_equal(buf_head(&c->got) + buf_length(&c->got) - length, out, length);
        end(&s);
    }
}

static void lines_are_converted_each_by_itself(void **state)
{
    static const char gbk[] = "\xc4\xe3\xba\xc3\r\n", gbk_out[] = "guest1: \xc4\xe3\xba\xc3\n";
    static const char jis[] = "\033$B$\"\n$$\033(B\n",
                      jis_out[] = "guest1: \033$B$\"\033(B\nguest1: \033$B$$\033(B\n";
    static const char le[] = "\x60\x4f\n\0\x7d\x59\n\0", le_out[] = "g\0u\0e\0s\0t\0"
                                                                    "1\0:\0 \0\x60\x4f\n\0"
                                                                    "g\0u\0e\0s\0t\0"
                                                                    "1\0:\0 \0\x7d\x59\n\0";

    (void)state;
    assert_relayed("gbk", gbk, sizeof(gbk) - 1, "guest1: \u4f60\u597d\n", gbk_out,
                   sizeof(gbk_out) - 1);
    assert_relayed("utf-8", "\u4f60\xff\n", 5, "guest1: \u4f60\\xff\n", "guest1: \u4f60\\xff\n",
                   16);
    assert_relayed("utf-16le", le, sizeof(le) - 1, "guest1: \u4f60\nguest1: \u597d\n", le_out,
                   sizeof(le_out) - 1);
    /* The newline is what ends two-byte text here. */
    assert_relayed("iso-2022-jp", jis, sizeof(jis) - 1, "guest1: \u3042\nguest1: \u3044\n", jis_out,
                   sizeof(jis_out) - 1);
}

static void a_preamble_comes_once(void **state)
{
    static const struct {
        const char *encoding, *preamble;
        size_t length;
    } with[] = {
        {"utf-16", "\xff\xfe", 2}, {"iso-2022-kr", "\033$)C", 4}, {"utf-32", "\xff\xfe\0", 4}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct room_options options = encoded(with[i].encoding);
        struct scene s;
        struct guest *a;
        const char *preamble = with[i].preamble;
        size_t n = with[i].length;

        begin(&s, &options);
        a = join(&s);
        take_all(&s, a);
        say(&s, "\ud55c\uad6d");
        say(&s, "\ud55c");
        take_all(&s, a);
        assert_true(buf_length(&a->got) > n);
        assert_memory_equal(buf_head(&a->got), preamble, n);
        assert_null(memmem(buf_head(&a->got) + n, buf_length(&a->got) - n, preamble, n));
        end(&s);
    }
}

static void what_cannot_be_converted_is_not_said(void **state)
{
    struct room_options options = encoded("latin1");
    struct scene s;
    struct guest *a;

    (void)state;
    options.inward = TRANSCODE_STRICT;
    begin(&s, &options);
    a = join(&s);
    pass_over(&s);
    say(&s, "\u4e2d");
    assert_non_null(memmem(buf_head(&s.answered), buf_length(&s.answered), "was not said", 12));
    buf_reset(&s.answered);
    say(&s, "/nick \u4e2d");
    assert_non_null(memmem(buf_head(&s.answered), buf_length(&s.answered), "still host", 10));
    say(&s, "b\u00e9b\u00e9");
    assert_gets(&s, a,
                "host: b\xe9"
                "b\xe9\n");
    end(&s);

    options.encoding = "gbk";
    begin(&s, &options);
    a = join(&s);
    pass_over(&s);
    hear(&s, a, "fine\n\xff\xff\n");
    assert_true(a->failed);
    assert_holds(&s.said, "guest1: fine\n-- guest1 left\n");
    end(&s);
}

static void errors_of_all_are_counted_together(void **state)
{
    struct transcode_count in = {0}, out = {0};
    struct room_options options = encoded("gbk");
    struct scene s;
    struct guest *a, *b;

    (void)state;
    options.inward_count = &in;
    options.outward_count = &out;
    options.outward = TRANSCODE_ESCAPE;
    begin(&s, &options);
    a = join(&s);
    b = join(&s);
    pass_over(&s);
    hear(&s, a, "\xff\n");
    hear(&s, b, "\xff\n");
    say(&s, "\U0001f600");
    assert_int_equal(in.errors, 2);
    assert_int_equal(out.errors, 1);
    assert_gets(&s, a, "guest2: \\xff\nhost: \\u{1F600}\n");
    end(&s);
}

static void lines_may_end_with_crlf(void **state)
{
    static const char *const encodings[] = {NULL, "utf-8", "gbk"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct room_options options = encoded(encodings[i]);
        struct scene s;
        struct guest *a, *b;

        options.crlf = true;
        begin(&s, &options);
        a = join(&s);
        b = join(&s);
        pass_over(&s);
        hear(&s, a, "one\r\ntwo\n/nick a\n");
        assert_gets(&s, b, "guest1: one\r\nguest1: two\r\n-- guest1 is now a\r\n");
        assert_gets(&s, a, "-- you are now a\r\n");
        assert_holds(&s.said, "guest1: one\nguest1: two\n-- guest1 is now a\n");
        end(&s);
    }
}

static void a_room_can_be_closed(void **state)
{
    struct scene s;
    struct guest *a, *b;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    pass_over(&s);
    hear(&s, a, "half");
    say(&s, "bye");
    room_close(s.room, s.now_ms);
    say(&s, "too late");
    hear(&s, a, "too late\n");
    assert_gets(&s, a, "host: bye\n-- the room closes\n");
    assert_gets(&s, b, "host: bye\n-- the room closes\n");
    leave(&s, a, ROOM_LEFT);
    assert_holds(&s.said, "-- the room closes\n");
    end(&s);
}

static void assert_refused(const struct room_options *options, enum exitcode status)
{
    struct error err = {0};

    assert_null(room_new(options, &events, NULL, &err));
    assert_true(error_is_set(&err));
    assert_int_equal(err.status, status);
    error_clear(&err);
}

static void wrong_options_are_refused(void **state)
{
    struct room_options options = plain;

    (void)state;
    options.console = "a b";
    assert_refused(&options, EXITCODE_USAGE);
    options.console = "Guest12";
    assert_refused(&options, EXITCODE_USAGE);
    options.console = "\u4e2d";
    options.encoding = "latin1";
    assert_refused(&options, EXITCODE_DATA);
    options.encoding = "nonsense";
    assert_refused(&options, EXITCODE_USAGE);
    options = plain;
    options.buffer_bytes = ROOM_BUFFER_MIN - 1;
    assert_refused(&options, EXITCODE_USAGE);
}

static void a_line_larger_than_the_room_is_answered(void **state)
{
    struct room_options options = plain;
    struct scene s;
    struct guest *a;
    char line[4001];

    (void)state;
    options.buffer_bytes = ROOM_BUFFER_MIN;
    begin(&s, &options);
    a = join(&s);
    pass_over(&s);
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    hear_bytes(&s, a, line, sizeof(line));
    assert_gets(&s, a, "-- your line was not said: there is not enough room for it\n");
    assert_int_equal(buf_length(&s.said), 0);
    end(&s);
}

static void an_idle_member_is_small(void **state)
{
    (void)state;
    assert_in_range(sizeof(struct room_member), 1, 200);
}

static void many_can_be_listed(void **state)
{
    struct scene s;
    struct guest *g = NULL;
    size_t names = 0;

    (void)state;
    begin(&s, &plain);
    for (int i = 0; i < 500; i++)
        g = join(&s);
    pass_over(&s);
    hear(&s, g, "/who\n");
    take_all(&s, g);
    for (size_t i = 0, line = 0; i < buf_length(&g->got); i++, line++) {
        char c = buf_head(&g->got)[i];

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
        cmocka_unit_test(lines_go_to_all_others),
        cmocka_unit_test(the_news_come_once),
        cmocka_unit_test(newcomers_see_the_history),
        cmocka_unit_test(orders_are_obeyed),
        cmocka_unit_test(who_quits_gets_what_was_said_before),
        cmocka_unit_test(the_console_gives_orders_too),
        cmocka_unit_test(a_room_needs_no_console),
        cmocka_unit_test(names_are_unique_without_case),
        cmocka_unit_test(numbers_stay_with_their_guests),
        cmocka_unit_test(controls_are_made_visible),
        cmocka_unit_test(long_lines_are_cut_at_a_character),
        cmocka_unit_test(a_line_that_never_ends_is_bounded),
        cmocka_unit_test(private_text_comes_between_two_lines),
        cmocka_unit_test(who_does_not_take_answers_is_not_heard),
        cmocka_unit_test(many_get_all_in_the_same_order),
        cmocka_unit_test(a_flood_is_slowed_to_who_reads),
        cmocka_unit_test(who_takes_nothing_holds_nobody_up),
        cmocka_unit_test(who_begins_to_take_again_counts_again),
        cmocka_unit_test(own_lines_hold_nobody_up),
        cmocka_unit_test(those_who_wait_take_turns),
        cmocka_unit_test(who_is_overrun_may_be_speaking),
        cmocka_unit_test(lines_are_converted_each_by_itself),
        cmocka_unit_test(a_preamble_comes_once),
        cmocka_unit_test(what_cannot_be_converted_is_not_said),
        cmocka_unit_test(errors_of_all_are_counted_together),
        cmocka_unit_test(lines_may_end_with_crlf),
        cmocka_unit_test(a_room_can_be_closed),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(a_line_larger_than_the_room_is_answered),
        cmocka_unit_test(an_idle_member_is_small),
        cmocka_unit_test(many_can_be_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
