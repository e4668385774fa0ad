/* text/printable: what a terminal may be shown. */
#include "tests/unit/feed.h"
#include "text/printable.h"
#include "text/utf8.h"

static struct filter *make(const void *how)
{
    (void)how;
    return printable_new();
}

static void text_of_every_script_is_untouched(void **state)
{
    static const char *const texts[] = {
        "",
        "plain \\ text\twith a tab, long enough for a block\n",
        "中文，日本語かな、한국어",
        "Ελληνικά русский עברית العربية हिन्दी ไทย",
        "e\u0301\u0323 \u1100\u1161\u11a8",
        "👩‍👩‍👧‍👦 👍🏽 "
        "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F "
        "🇨🇳",
        "\u00a0\u00ad\u200b\u200d\u200e\u200f\ufeff\uffff\U0010ffff",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_text(make, NULL, texts[i], texts[i]);
}

static void controls_become_visible(void **state)
{
    (void)state;
    assert_text(make, NULL, "\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m");
    assert_text(make, NULL, "a\nb\a\b\x7f", "a\nb\\x07\\x08\\x7f");
    assert_becomes(make, NULL, "\0", 1, "\\x00", 4, FILTER_OK);
    assert_text(make, NULL,
                "0123456789abcde\x1b"
                "0123456789abcdef\x7f", /* at the ends of blocks */
                "0123456789abcde\\x1b0123456789abcdef\\x7f");
}

static void a_cr_before_a_newline_is_part_of_the_line_ending(void **state)
{
    (void)state;
    assert_text(make, NULL, "HTTP/1.1 200 OK\r\n\r\n0123456789abcde\r\n",
                "HTTP/1.1 200 OK\n\n0123456789abcde\n");
    assert_text(make, NULL, "a\rb\r\r\n\r", "a\\x0db\\x0d\n\\x0d");
    assert_text(make, NULL, "\r\xe4\xb8\r\n", "\\x0d\\xe4\\xb8\n");
}

static void c1_becomes_visible_as_byte_and_as_character(void **state)
{
    (void)state;
    assert_text(make, NULL,
                "\x9b"
                "31m",
                "\\x9b31m");
    assert_text(make, NULL, "\xc2\x80\xc2\x9b\xc2\x9f\u00a0",
                "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\u00a0");
}

static void layout_controls_become_visible(void **state)
{
    (void)state;
    assert_text(make, NULL, "\u2027\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f",
                "\u2027\\u{2028}\\u{2029}\\u{202A}\\u{202B}\\u{202C}\\u{202D}\\u{202E}\u202f");
    assert_text(make, NULL, "\u2065\u2066\u2067\u2068\u2069\u206a",
                "\u2065\\u{2066}\\u{2067}\\u{2068}\\u{2069}\u206a");
}

static void invalid_utf8_becomes_visible(void **state)
{
    (void)state;
    assert_text(make, NULL, "\xff\xc0\x80", "\\xff\\xc0\\x80");
    assert_text(make, NULL, "\xed\xa0\x80", "\\xed\\xa0\\x80");
    assert_text(make, NULL, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    assert_text(make, NULL, "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
    assert_text(make, NULL,
                "\xe4\xb8"
                "A\xe4\xb8\xad",
                "\\xe4\\xb8A中");
    assert_text(make, NULL, "cut \xf0\x9f\x98", "cut \\xf0\\x9f\\x98");
    assert_text(make, NULL, "\xe2\x80\xe2\x80\xae", "\\xe2\\x80\\u{202E}");
}

/* Every code point is shown as itself or as plain ASCII, never else. */
static void every_code_point_is_itself_or_ascii(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char text[UTF8_MAX];
        size_t n = utf8_put(text, code);
        bool escaped = (code < 0x20 && code != '\t' && code != '\n') ||
                       (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000) ||
                       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
        struct fed fed = feed_all(printable_new(), text, n, FEED_BYTES);

        assert_int_equal(fed.result, FILTER_OK);
        if (escaped)
            assert_int_equal(utf8_ascii(buf_head(&fed.out), buf_length(&fed.out)),
                             buf_length(&fed.out));
        else
            assert_holds(&fed.out, text, n);
        assert_int_equal(buf_head(&fed.out)[0] == '\\', escaped || code == '\\');
        fed_clear(&fed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_every_script_is_untouched),
        cmocka_unit_test(controls_become_visible),
        cmocka_unit_test(a_cr_before_a_newline_is_part_of_the_line_ending),
        cmocka_unit_test(c1_becomes_visible_as_byte_and_as_character),
        cmocka_unit_test(layout_controls_become_visible),
        cmocka_unit_test(invalid_utf8_becomes_visible),
        cmocka_unit_test(every_code_point_is_itself_or_ascii),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
