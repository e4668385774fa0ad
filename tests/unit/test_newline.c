/* text/eol: line ends outward and inward, however the input is cut. */
#include "tests/unit/feed.h"
#include "text/newline.h"

static struct filter *make(const void *how)
{
    return newline_new(*(const enum newline_mode *)how);
}

static const enum newline_mode to_lf = NEWLINE_LF, to_crlf = NEWLINE_CRLF;

static void bare_lf_becomes_crlf(void **state)
{
    (void)state;
    assert_text(make, &to_crlf, "", "");
    assert_text(make, &to_crlf, "a\nb\n", "a\r\nb\r\n");
    assert_text(make, &to_crlf, "\n\n", "\r\n\r\n");
    assert_text(make, &to_crlf, "no end", "no end");
}

static void crlf_is_never_doubled(void **state)
{
    (void)state;
    assert_text(make, &to_crlf, "a\r\nb\nc\r\n", "a\r\nb\r\nc\r\n");
    assert_text(make, &to_crlf, "\r\r\n\r\n\n", "\r\r\n\r\n\r\n");
    assert_text(make, &to_crlf, "\r", "\r");
    assert_text(make, &to_crlf, "a\rb\n", "a\rb\r\n");
}

static void crlf_becomes_lf(void **state)
{
    (void)state;
    assert_text(make, &to_lf, "a\r\nb\nc\r\n", "a\nb\nc\n");
    assert_text(make, &to_lf, "\r\r\n\r\n\n", "\r\n\n\n");
}

static void lone_cr_stays(void **state)
{
    (void)state;
    assert_text(make, &to_lf, "50%\r60%\r", "50%\r60%\r");
    assert_text(make, &to_lf, "\r", "\r");
    assert_text(make, &to_lf, "\r\r", "\r\r");
}

static void nothing_else_is_changed(void **state)
{
    static const char bytes[] = "\0\xff\x0b\x0c\x85\xe2\x80\xa8\0";

    (void)state;
    assert_becomes(make, &to_lf, bytes, sizeof(bytes), bytes, sizeof(bytes), FILTER_OK);
    assert_becomes(make, &to_crlf, bytes, sizeof(bytes), bytes, sizeof(bytes), FILTER_OK);
}

static void only_a_cr_is_held(void **state)
{
    struct filter *f = newline_new(NEWLINE_LF);
    struct buf out = {0};

    (void)state;
    assert_int_equal(feed_one(f, "ab\r", 3, &out, NULL), FILTER_OK);
    assert_given(&out, "ab");
    assert_int_equal(feed_one(f, "c", 1, &out, NULL), FILTER_OK);
    assert_given(&out, "\rc");
    filter_free(f);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_lf_becomes_crlf),    cmocka_unit_test(crlf_is_never_doubled),
        cmocka_unit_test(crlf_becomes_lf),         cmocka_unit_test(lone_cr_stays),
        cmocka_unit_test(nothing_else_is_changed), cmocka_unit_test(only_a_cr_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
