/* text/search: a text, wherever the input is cut. */
#include "tests/unit/feed.h"
#include "text/search.h"

static struct filter *make(const void *text)
{
    return search_new(text);
}

static void finds(const char *text, const char *in)
{
    assert_becomes(make, text, in, strlen(in), "", 0, FILTER_DONE);
}

static void misses(const char *text, const char *in)
{
    assert_becomes(make, text, in, strlen(in), "", 0, FILTER_OK);
}

static void finds_a_text_in_any_place(void **state)
{
    (void)state;
    finds("ready", "ready");
    finds("ready", "server is ready.\n");
    finds("r", "server");
    misses("ready", "read");
    misses("ready", "");
    misses("ready", "READY reader");
}

/* What looked like the text may be followed by its beginning. */
static void finds_a_text_that_repeats_itself(void **state)
{
    (void)state;
    finds("aab", "aaaab");
    finds("abab", "abaabab");
    finds("abcabd", "abcabcabd");
    finds("aaa", "aabaaa");
    misses("aaa", "aabaab");
    misses("abcabd", "abcabcabc");
}

static void bytes_after_the_text_are_not_looked_at(void **state)
{
    struct filter *f = search_new("on");
    struct buf out = {0};

    (void)state;
    assert_int_equal(feed_one(f, "o", 1, &out, NULL), FILTER_OK);
    assert_int_equal(feed_one(f, "no", 2, &out, NULL), FILTER_DONE);
    assert_int_equal(feed_one(f, "more", 4, &out, NULL), FILTER_DONE);
    assert_given(&out, "");
    filter_free(f);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_text_in_any_place),
        cmocka_unit_test(finds_a_text_that_repeats_itself),
        cmocka_unit_test(bytes_after_the_text_are_not_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
