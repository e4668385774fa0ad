/* text/filter: rows of filters. */
#include "tests/unit/feed.h"
#include "text/label.h"
#include "text/line.h"
#include "text/newline.h"
#include "text/printable.h"
#include "text/transcode.h"
#include "text/upcase.h"

static struct filter *row_of(struct filter *first, struct filter *second, struct filter *third)
{
    struct filter *links[] = {first, second, third}, *row = filter_chain_new();

    assert_non_null(row);
    for (size_t i = 0; i < 3; i++)
        if (links[i] != NULL)
            assert_int_equal(filter_chain_add(row, links[i]), 0);
    return row;
}

static struct filter *make_empty(const void *how)
{
    (void)how;
    return row_of(NULL, NULL, NULL);
}

static struct filter *make_gbk_upper(const void *how)
{
    (void)how;
    return row_of(transcode_new("gbk", "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL, NULL),
                  upcase_new(),
                  transcode_new("utf-8", "gbk", TRANSCODE_OUTWARD, TRANSCODE_REPLACE, NULL, NULL));
}

static struct filter *make_line(const void *how)
{
    (void)how;
    return row_of(newline_new(NEWLINE_LF), line_first_new(), upcase_new());
}

static void an_empty_row_passes_bytes(void **state)
{
    (void)state;
    assert_becomes(make_empty, NULL, "a\0\xff", 3, "a\0\xff", 3, FILTER_OK);
}

static void each_is_fed_what_the_one_before_gives(void **state)
{
    (void)state;
    assert_text(make_gbk_upper, NULL, "\xc4\xe3\xba\xc3 stra", "\xc4\xe3\xba\xc3 STRA");
    /* What the first held at the end goes through those behind it. */
    assert_becomes(make_gbk_upper, NULL, "ab\xc4", 3, "AB", 2, FILTER_FAILED);
}

static void done_drops_the_rest_and_finishes_those_behind(void **state)
{
    (void)state;
    assert_becomes(make_line, NULL, "one\r\ntwo\r\n", 10, "ONE\n", 4, FILTER_DONE);
    assert_becomes(make_line, NULL, "half", 4, "HALF", 4, FILTER_FAILED);
}

static struct filter *make_line_of_gbk(const void *how)
{
    (void)how;
    return row_of(transcode_new("gbk", "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL, NULL),
                  line_first_new(), NULL);
}

static struct filter *make_latin1_of_gbk(const void *how)
{
    (void)how;
    return row_of(transcode_new("gbk", "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL, NULL),
                  transcode_new("utf-8", "latin1", TRANSCODE_OUTWARD, TRANSCODE_STRICT, NULL, NULL),
                  NULL);
}

static void what_happens_first_in_the_data_holds(void **state)
{
    struct fed fed = feed_all(make_latin1_of_gbk(NULL), "\xc4\xe3\xff", 3, FEED_WHOLE);

    (void)state;
    assert_string_equal(fed.err.text, "error converting to latin1: unsupported U+4F60 at offset 0");
    fed_clear(&fed);
    assert_becomes(make_latin1_of_gbk, NULL, "a\xc4\xe3\xff", 4, "a", 1, FILTER_FAILED);
    assert_becomes(make_line_of_gbk, NULL, "line\n\xff", 6, "line\n", 5, FILTER_DONE);
    assert_becomes(make_line_of_gbk, NULL, "li\xffne\n", 6, "li", 2, FILTER_FAILED);
}

static void flush_reaches_every_filter(void **state)
{
    struct label_screen screen = {0};
    struct filter *row = row_of(label_new(&screen, "\x1b"), printable_new(), NULL);
    struct buf out = {0};

    (void)state;
    assert_false(filter_pending(row));
    assert_int_equal(feed_one(row, "half", 4, &out, NULL), FILTER_OK);
    assert_true(filter_pending(row));
    assert_given(&out, "");
    assert_int_equal(filter_flush(row, &out, NULL), FILTER_OK);
    assert_false(filter_pending(row));
    assert_given(&out, "\\x1b: half");
    assert_int_equal(filter_finish(row, &out, NULL), FILTER_OK);
    assert_given(&out, "\n");
    filter_free(row);
    buf_free(&out);
}

static void a_full_row_takes_no_more_but_owns_it(void **state)
{
    struct filter *row = filter_chain_new();

    (void)state;
    assert_non_null(row);
    for (int i = 0; i < FILTER_CHAIN_MAX; i++)
        assert_int_equal(filter_chain_add(row, upcase_new()), 0);
    assert_int_equal(filter_chain_add(row, upcase_new()), -1);
    assert_int_equal(filter_chain_add(row, NULL), -1);
    filter_free(row);
    filter_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_row_passes_bytes),
        cmocka_unit_test(each_is_fed_what_the_one_before_gives),
        cmocka_unit_test(done_drops_the_rest_and_finishes_those_behind),
        cmocka_unit_test(what_happens_first_in_the_data_holds),
        cmocka_unit_test(flush_reaches_every_filter),
        cmocka_unit_test(a_full_row_takes_no_more_but_owns_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
