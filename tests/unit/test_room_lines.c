/* chat/room: lines on their way from one member to the others: whole, safe, cut, encoded. */
#include "tests/unit/room_scene.h"

static void lines_go_to_all_others(void **state)
{
    struct scene s;
    struct person *a, *b, *c;

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    b = join(&s);
    c = join(&s);
    pass_over(&s);
    hear(a, "hel");
    hear(b, "first\n");
    hear(a, "lo\r");
    hear(a, "\nand\n\n\r\nmore");
    say(&s, "from the terminal");
    assert_shown(&s, "guest2: first\nguest1: hello\nguest1: and\n");
    assert_gets(a, "guest2: first\nhost: from the terminal\n");
    assert_gets(b, "guest1: hello\nguest1: and\nhost: from the terminal\n");
    assert_gets(c, "guest2: first\nguest1: hello\nguest1: and\nhost: from the terminal\n");
    assert_int_equal(stream_shut(a->stream), IO_OK);
    assert_gets(c, "guest1: more\n-- guest1 left\n");
    assert_gets(a, "");
    assert_true(a->ended && !b->ended && !c->ended);
    leave(a);
    assert_gets(c, "");
    end(&s);
}

/* No member has a copy of what is said to all. */
static void lines_are_read_where_the_room_has_them(void **state)
{
    struct iovec first[PIECES], second[PIECES];
    struct scene s;
    struct person *a, *b;
    char bytes[8];
    size_t got;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    say(&s, "the same for both");
    assert_true(stream_can_borrow(a->stream));
    assert_int_equal(stream_borrow(a->stream, first, PIECES, &got), IO_OK);
    assert_int_equal(got, 1);
    assert_int_equal(stream_borrow(b->stream, second, PIECES, &got), IO_OK);
    assert_int_equal(got, 1);
    assert_ptr_equal(first[0].iov_base, second[0].iov_base);
    /* Bytes may also be copied, some this way and some that. */
    assert_int_equal(take(a, 4), 4);
    assert_int_equal(stream_read(a->stream, bytes, sizeof(bytes), &got), IO_OK);
    assert_int_equal(got, sizeof(bytes));
    assert_memory_equal(bytes, ": the sa", sizeof(bytes));
    buf_reset(&a->got);
    assert_gets(a, "me for both\n");
    assert_int_equal(stream_read(a->stream, bytes, sizeof(bytes), &got), IO_AGAIN);
    assert_gets(b, "host: the same for both\n");
    end(&s);
}

/* Lines of its own, which a member does not get, cut what it gets into many pieces. */
static void own_lines_are_left_out_between_those_of_others(void **state)
{
    struct scene s;
    struct person *a;
    struct buf wanted = {0};

    (void)state;
    for (size_t most = 1; most < 10000; most = most * 3 + 1) {
        begin(&s, &plain);
        a = join(&s);
        pass_over(&s);
        for (int i = 0; i < 200; i++) {
            char line[20];
            int n = snprintf(line, sizeof(line), "host: %d", i);

            say(&s, line + strlen("host: "));
            line[n] = '\n';
            assert_int_equal(buf_add(&wanted, line, (size_t)n + 1), 0);
            hear(a, "mine\n");
        }
        assert_int_equal(buf_add(&wanted, "", 1), 0);
        while (take(a, most) > 0)
            ;
        assert_holds(&a->got, buf_head(&wanted));
        buf_free(&wanted);
        end(&s);
    }
}

static void controls_are_made_visible(void **state)
{
    struct scene s;
    struct person *a, *b;

    (void)state;
    begin_with_two(&s, &plain, &a, &b);
    hear(a, "\033[2J\a\tred\177\xc2\x85\u202e\xff \u0645\u0631\u062d\u0628\u0627 a\rb\r\r\n");
    hear_bytes(a, "\0\n", 2);
    hear(a, "a\u2028b\u2029c\n");
    assert_gets(b, "guest1: \\x1b[2J\\x07\tred\\x7f\\xc2\\x85\\u{202E}\\xff "
                   "\u0645\u0631\u062d\u0628\u0627 a\\x0db\\x0d\nguest1: \\x00\n"
                   "guest1: a\\u{2028}b\\u{2029}c\n");
    hear(a, "/\033x\n");
    assert_gets(a, "-- unknown command /\\x1bx: try /help\n");
    end(&s);
}

/* Says that many characters before a newline, in pieces, and expects it to be heard, or only
 * its first part. */
static void assert_length(const char *character, size_t count, size_t piece,
                          const char *end_of_line)
{
    struct scene s;
    struct person *a, *b;
    struct buf line = {0}, shown = {0};
    bool cut = count > ROOM_LINE_MAX;

    begin_with_two(&s, &plain, &a, &b);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_add(&line, character, strlen(character)), 0);
    assert_int_equal(buf_add(&line, end_of_line, strlen(end_of_line)), 0);
    for (size_t i = 0; i < buf_length(&line); i += piece) {
        size_t left = buf_length(&line) - i;

        hear_bytes(a, buf_head(&line) + i, piece < left ? piece : left);
        assert_in_range(buf_length(&a->member->heard), 0, ROOM_LINE_MAX * 4 + 2);
        assert_int_equal(stream_unsent(a->stream), 0);
    }
    hear(a, "next\n");
    assert_int_equal(buf_add(&shown, "guest1: ", 8), 0);
    for (size_t i = 0; i < (cut ? ROOM_LINE_MAX : count); i++)
        assert_int_equal(buf_add(&shown, character, strlen(character)), 0);
    assert_int_equal(buf_add(&shown, "\nguest1: next\n", 15), 0);
    assert_gets(b, buf_head(&shown));
    assert_gets(a, cut ? "-- your line was cut after 4096 characters\n" : "");
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
    struct person *a;
    char block[1000];

    (void)state;
    begin(&s, &plain);
    a = join(&s);
    pass_over(&s);
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 1000; i++) {
        hear_bytes(a, block, sizeof(block));
        assert_in_range(a->member->heard.size, 1, (size_t)64 * 1024);
        assert_int_equal(stream_unsent(a->stream), 0);
    }
    assert_int_equal(stream_shut(a->stream), IO_OK);
    take_all(&s.console);
    assert_int_equal(buf_length(&s.console.got),
                     strlen("guest1: \n-- guest1 left\n") + ROOM_LINE_MAX);
    end(&s);
}

static void private_text_comes_between_two_lines(void **state)
{
    struct scene s;
    struct person *a;

    (void)state;
    for (size_t first = 1; first < 40; first++) {
        begin(&s, &plain);
        a = join(&s);
        pass_over(&s);
        say(&s, "a line that is begun");
        say(&s, "another");
        take(a, first);
        hear(a, "mine\n/nick b\n");
        say(&s, "the last");
        while (take(a, first) > 0)
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

/* What a guest sends is shown to the console as text, and goes to the others in the encoding
 * of the wire. */
static void assert_relayed(const char *encoding, const char *in, size_t n, const char *text,
                           const char *out, size_t length)
{
    struct room_options options = encoded(encoding);

    for (size_t piece = 1; piece <= n; piece += n - 1) {
        struct scene s;
        struct person *a, *b, *c;

        begin(&s, &options);
        assert_false(room_is_plain(s.room));
        a = join(&s);
        b = join(&s);
        pass_over(&s);
        for (size_t i = 0; i < n; i += piece)
            hear_bytes(a, in + i, piece);
        assert_shown(&s, text);
        while (take(b, 3) > 0)
            ;
        assert_int_equal(buf_length(&b->got), length);
        assert_memory_equal(buf_head(&b->got), out, length);
        /* Lines do not depend on what was before them. */
        c = join(&s);
        take_all(c);
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
        struct person *a;
        const char *preamble = with[i].preamble;
        size_t n = with[i].length;
        struct buf sent = {0};

        begin(&s, &options);
        a = join(&s);
        take_all(a);
        say(&s, "\ud55c\uad6d");
        say(&s, "\ud55c");
        take_all(a);
        assert_true(buf_length(&a->got) > n);
        assert_memory_equal(buf_head(&a->got), preamble, n);
        assert_null(memmem(buf_head(&a->got) + n, buf_length(&a->got) - n, preamble, n));
        /* The console gets lines only, which can be understood without it. */
        assert_int_equal(line_encoding_put(&s.room->encoding, "\ud55c\uad6d\n", 7, &sent, NULL), 0);
        hear_bytes(a, buf_head(&sent), buf_length(&sent));
        assert_shown(&s, "-- guest1 joined\nguest1: \ud55c\uad6d\n");
        buf_free(&sent);
        end(&s);
    }
}

static void what_cannot_be_converted_is_not_said(void **state)
{
    struct room_options options = encoded("latin1");
    struct scene s;
    struct person *a;

    (void)state;
    options.incoming = TRANSCODE_STRICT;
    begin(&s, &options);
    a = join(&s);
    pass_over(&s);
    say(&s, "\u4e2d");
    assert_gets_with(&s.console, "was not sent");
    say(&s, "/nick \u4e2d");
    assert_gets_with(&s.console, "still host");
    say(&s, "b\u00e9b\u00e9");
    assert_gets(a, "host: b\xe9"
                   "b\xe9\n");
    end(&s);

    options.encoding = "gbk";
    begin(&s, &options);
    a = join(&s);
    pass_over(&s);
    hear(a, "fine\n\xff\xff\n");
    assert_true(a->failed);
    assert_shown(&s, "guest1: fine\n-- guest1 left\n");
    end(&s);
}

static void errors_of_all_are_counted_together(void **state)
{
    struct transcode_count in = {0}, out = {0};
    struct room_options options = encoded("gbk");
    struct scene s;
    struct person *a, *b;

    (void)state;
    options.incoming_count = &in;
    options.outgoing_count = &out;
    options.outgoing = TRANSCODE_ESCAPE;
    begin_with_two(&s, &options, &a, &b);
    hear(a, "\xff\n");
    hear(b, "\xff\n");
    say(&s, "\U0001f600");
    assert_int_equal(in.errors, 2);
    assert_int_equal(out.errors, 1);
    assert_gets(a, "guest2: \\xff\nhost: \\u{1F600}\n");
    end(&s);
}

static void lines_may_end_with_crlf(void **state)
{
    static const char *const encodings[] = {NULL, "utf-8", "gbk"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct room_options options = encoded(encodings[i]);
        struct scene s;
        struct person *a, *b;

        options.crlf = true;
        begin(&s, &options);
        assert_int_equal(room_is_plain(s.room), encodings[i] == NULL);
        a = join(&s);
        b = join(&s);
        pass_over(&s);
        hear(a, "one\r\ntwo\n/nick a\n");
        assert_gets(b, "guest1: one\r\nguest1: two\r\n-- guest1 is now a\r\n");
        assert_gets(a, "-- you are now a\r\n");
        assert_shown(&s, "guest1: one\r\nguest1: two\r\n-- guest1 is now a\r\n");
        end(&s);
    }
}

static void a_line_larger_than_the_room_is_answered(void **state)
{
    struct room_options options = plain;
    struct scene s;
    struct person *a;
    char line[4001];

    (void)state;
    options.buffer_bytes = ROOM_BUFFER_MIN;
    begin(&s, &options);
    a = join(&s);
    pass_over(&s);
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    hear_bytes(a, line, sizeof(line));
    assert_gets(a, "-- your line was not sent: the room's buffer cannot hold it\n");
    assert_shown(&s, "");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_to_all_others),
        cmocka_unit_test(lines_are_read_where_the_room_has_them),
        cmocka_unit_test(own_lines_are_left_out_between_those_of_others),
        cmocka_unit_test(controls_are_made_visible),
        cmocka_unit_test(long_lines_are_cut_at_a_character),
        cmocka_unit_test(a_line_that_never_ends_is_bounded),
        cmocka_unit_test(private_text_comes_between_two_lines),
        cmocka_unit_test(lines_are_converted_each_by_itself),
        cmocka_unit_test(a_preamble_comes_once),
        cmocka_unit_test(what_cannot_be_converted_is_not_said),
        cmocka_unit_test(errors_of_all_are_counted_together),
        cmocka_unit_test(lines_may_end_with_crlf),
        cmocka_unit_test(a_line_larger_than_the_room_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
