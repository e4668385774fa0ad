/* text/firstline: one line and no more. */
#include "tests/unit/feed.h"
#include "text/line.h"

static struct filter *make(const void *how)
{
    (void)how;
    return line_first_new();
}

static void passes_the_first_line(void **state)
{
    (void)state;
    assert_becomes(make, NULL, "one\ntwo\n", 8, "one\n", 4, FILTER_DONE);
    assert_becomes(make, NULL, "\n", 1, "\n", 1, FILTER_DONE);
}

static void passes_at_once(void **state)
{
    struct filter *f = line_first_new();
    struct buf out = {0};

    (void)state;
    assert_int_equal(feed_one(f, "on", 2, &out, NULL), FILTER_OK);
    assert_given(&out, "on");
    assert_int_equal(feed_one(f, "e\ntwo\n", 6, &out, NULL), FILTER_DONE);
    assert_given(&out, "e\n");
    assert_int_equal(feed_one(f, "three\n", 6, &out, NULL), FILTER_DONE);
    assert_int_equal(filter_finish(f, &out, NULL), FILTER_OK);
    assert_given(&out, "");
    filter_free(f);
    buf_free(&out);
}

static void half_a_line_is_a_failure(void **state)
{
    struct fed fed = feed_all(line_first_new(), "half", 4, FEED_WHOLE);

    (void)state;
    assert_becomes(make, NULL, "half", 4, "half", 4, FILTER_FAILED);
    assert_becomes(make, NULL, "", 0, "", 0, FILTER_FAILED);
    assert_int_equal(fed.err.status, EXITCODE_FAILED);
    assert_string_equal(fed.err.text, "the peer closed the connection before a whole line arrived");
    fed_clear(&fed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_the_first_line),
        cmocka_unit_test(passes_at_once),
        cmocka_unit_test(half_a_line_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
