/* text/utf8: what bytes are, compared with the table that defines it. */
#include "tests/unit/feed.h"
#include "text/utf8.h"

static void every_code_point_is_itself(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char text[UTF8_MAX];
        size_t n = utf8_put(text, code), length;
        bool surrogate = code >= 0xd800 && code < 0xe000;

        assert_int_equal(utf8_next(text, n, &length), surrogate ? UTF8_BAD : UTF8_WHOLE);
        assert_int_equal(length, surrogate ? 1 : n);
        assert_int_equal(utf8_code(text, n), code);
        assert_int_equal(utf8_valid(text, n), surrogate ? 0 : n);
        assert_int_equal(utf8_cjk(text, n), code >= 0x3000 && code < 0xa000 ? 3 : 0);
        for (size_t cut = 1; cut < n && !surrogate; cut++) {
            assert_int_equal(utf8_next(text, cut, &length), UTF8_PART);
            assert_int_equal(length, cut);
        }
    }
}

static void invalid_is_told_in_maximal_subparts(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        {"\x80", 1},         {"\xbf", 1},         {"\xc0\x80", 1},         {"\xc1\xbf", 1},
        {"\xc2\x41", 1},     {"\xe0\x9f\xbf", 1}, {"\xe0\xa0\x41", 2},     {"\xed\xa0\x80", 1},
        {"\xed\x9f\x41", 2}, {"\xf0\x8f\xbf", 1}, {"\xf0\x90\x80\x41", 3}, {"\xf4\x90\x80", 1},
        {"\xf5\x80\x80", 1}, {"\xff", 1},         {"\xe4\xb8\xe4", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length;

        assert_int_equal(utf8_next(cases[i].bytes, strlen(cases[i].bytes), &length), UTF8_BAD);
        assert_int_equal(length, cases[i].length);
    }
}

static void parts_are_joined(void **state)
{
    struct utf8_part part = {0};
    size_t taken;

    (void)state;
    utf8_keep(&part, "\xf0\x9f", 2);
    assert_int_equal(utf8_join(&part, "\x98", 1, &taken), UTF8_PART);
    assert_int_equal(taken, 1);
    assert_int_equal(utf8_join(&part, "\x80zz", 3, &taken), UTF8_WHOLE);
    assert_int_equal(taken, 1);
    assert_int_equal(utf8_code(part.bytes, part.length), 0x1f600);
    utf8_keep(&part, "\xe4\xb8", 2);
    assert_int_equal(utf8_join(&part, "zz", 2, &taken), UTF8_BAD);
    assert_int_equal(taken, 0);
    assert_int_equal(part.length, 2);
}

static void counts(void **state)
{
    (void)state;
    assert_int_equal(utf8_count("a中😀é", strlen("a中😀é")), 4);
    assert_int_equal(utf8_ascii("0123456789abcdef0\xc3", 18), 17);
    assert_int_equal(utf8_ascii("0123456789abcde\xc3", 16), 15);
    assert_int_equal(utf8_valid("ab中\xe4\xb8", 7), 5);
    assert_int_equal(utf8_cjk("中文a", 7), 6);
    assert_int_equal(utf8_cjk("中\xe4\xb8", 5), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_itself),
        cmocka_unit_test(invalid_is_told_in_maximal_subparts),
        cmocka_unit_test(parts_are_joined),
        cmocka_unit_test(counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
