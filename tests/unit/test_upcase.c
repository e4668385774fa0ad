/* text/upcase: the full mapping, for every code point and however text is cut. */
#include <unicase.h>

#include "tests/unit/feed.h"
#include "text/upcase.h"
#include "text/utf8.h"

static struct filter *make(const void *how)
{
    (void)how;
    return upcase_new();
}

static void maps_fully(void **state)
{
    (void)state;
    assert_text(make, NULL, "", "");
    assert_text(make, NULL, "hello, World! {az} `@[ 0123456789 zebra",
                "HELLO, WORLD! {AZ} `@[ 0123456789 ZEBRA");
    assert_text(make, NULL, "straße ŉ \u01f0 \u0390 ﬃ",
                "STRASSE \u02bcN J\u030c \u0399\u0308\u0301 FFI");
    assert_text(make, NULL, "\u1fb3 \u1fb7 \u1ffc \u1f40δυσσε\u03cdς",
                "ΑΙ Α\u0342Ι ΩΙ \u1f48ΔΥΣΣΕ\u038eΣ");
    assert_text(make, NULL, "привет ёж, ქართული, ծիծեռնակ և",
                "ПРИВЕТ ЁЖ, ᲥᲐᲠᲗᲣᲚᲘ, ԾԻԾԵՌՆԱԿ ԵՒ");
    assert_text(make, NULL, "iı ǆ ｚ 𐐨 ⓩ", "II Ǆ Ｚ 𐐀 Ⓩ");
}

static void text_without_case_passes(void **state)
{
    static const char text[] =
        "中文，日本語かな、한국어 עברית العربية 😀👍🏽 ١٢٣";

    (void)state;
    assert_text(make, NULL, text, text);
}

static void invalid_bytes_pass(void **state)
{
    (void)state;
    assert_text(make, NULL,
                "a\xff"
                "b\xc3(c\xe4\xb8"
                "d",
                "A\xff"
                "B\xc3(C\xe4\xb8"
                "D");
    assert_text(make, NULL, "\xed\xa0\x80z\xf4\x90\x80\x80z\xc0\xe1z",
                "\xed\xa0\x80Z\xf4\x90\x80\x80Z\xc0\xe1Z");
    assert_text(make, NULL, "cut \xc3", "CUT \xc3");
}

/* The largest growth, over the ends of the pieces that are converted at a time. */
static void long_text_grows(void **state)
{
    enum { COUNT = 20000 };
    char *in = malloc(COUNT * 2), *text = malloc(COUNT * 6);

    (void)state;
    assert_true(in != NULL && text != NULL);
    for (size_t i = 0; i < COUNT; i++) {
        memcpy(in + i * 2, "\u0390", 2);
        memcpy(text + i * 6, "\u0399\u0308\u0301", 6);
    }
    assert_becomes(make, NULL, in, COUNT * 2, text, COUNT * 6, FILTER_OK);
    free(in);
    free(text);
}

static void a_character_comes_as_soon_as_it_is_whole(void **state)
{
    struct filter *f = upcase_new();
    struct buf out = {0};

    (void)state;
    assert_int_equal(feed_one(f, "a\xc3", 2, &out, NULL), FILTER_OK);
    assert_given(&out, "A");
    assert_int_equal(feed_one(f, "\xa9", 1, &out, NULL), FILTER_OK);
    assert_given(&out, "É");
    filter_free(f);
    buf_free(&out);
}

static void equals_the_library_for_every_code_point(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char text[UTF8_MAX];
        uint8_t upper[64];
        size_t n = utf8_put(text, code), length = sizeof(upper);
        struct fed fed;

        if (code >= 0xd800 && code < 0xe000)
            continue;
        assert_ptr_equal(u8_toupper((const uint8_t *)text, n, NULL, NULL, upper, &length), upper);
        fed = feed_all(upcase_new(), text, n, FEED_BYTES);
        assert_int_equal(fed.result, FILTER_OK);
        assert_holds(&fed.out, (const char *)upper, length);
        fed_clear(&fed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_fully),
        cmocka_unit_test(text_without_case_passes),
        cmocka_unit_test(invalid_bytes_pass),
        cmocka_unit_test(long_text_grows),
        cmocka_unit_test(a_character_comes_as_soon_as_it_is_whole),
        cmocka_unit_test(equals_the_library_for_every_code_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
