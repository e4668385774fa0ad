/* text/label: lines of several sources on one output never mix. */
#include "tests/unit/feed.h"
#include "text/label.h"

/* Two sources and what both write to. */
struct scene {
    struct label_screen screen;
    struct filter *a, *b;
    struct buf out;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->a = label_new(&s->screen, "a");
    s->b = label_new(&s->screen, "b");
    assert_true(s->a != NULL && s->b != NULL);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    filter_free(s->a);
    filter_free(s->b);
    buf_free(&s->out);
    free(s);
    return 0;
}

static void feed(struct scene *s, struct filter *f, const char *text)
{
    assert_int_equal(feed_one(f, text, strlen(text), &s->out, NULL), FILTER_OK);
}

static void flush(struct scene *s, struct filter *f)
{
    assert_int_equal(filter_flush(f, &s->out, NULL), FILTER_OK);
    assert_false(filter_pending(f));
}

static void finish(struct scene *s, struct filter *f)
{
    assert_int_equal(filter_finish(f, &s->out, NULL), FILTER_OK);
}

static struct filter *make(const void *how)
{
    return label_new((struct label_screen *)how, "127.0.0.1:5000");
}

static void one_source_is_the_same_however_cut(void **state)
{
    struct label_screen screen = {0};

    (void)state;
    assert_text(make, &screen, "", "");
    assert_text(make, &screen, "one\ntwo\n", "127.0.0.1:5000: one\n127.0.0.1:5000: two\n");
    assert_text(make, &screen, "\n", "127.0.0.1:5000: \n");
    assert_text(make, &screen, "half", "127.0.0.1:5000: half\n");
    assert_int_equal(screen.open, 0);
}

static void lines_come_when_they_end(void **state)
{
    struct scene *s = *state;

    feed(s, s->a, "on");
    assert_true(filter_pending(s->a));
    feed(s, s->b, "two\n");
    assert_given(&s->out, "b: two\n");
    feed(s, s->a, "e\nth");
    assert_given(&s->out, "a: one\n");
    finish(s, s->a);
    assert_given(&s->out, "a: th\n");
}

static void flushed_text_goes_on_in_its_line(void **state)
{
    struct scene *s = *state;

    feed(s, s->a, "name? ");
    flush(s, s->a);
    assert_given(&s->out, "a: name? ");
    feed(s, s->a, "or ");
    flush(s, s->a);
    feed(s, s->a, "not\nnext\n");
    assert_given(&s->out, "or not\na: next\n");
    flush(s, s->a);
    assert_given(&s->out, "");
}

static void another_ends_the_open_line_first(void **state)
{
    struct scene *s = *state;

    feed(s, s->a, "half");
    flush(s, s->a);
    feed(s, s->b, "whole\n");
    feed(s, s->a, " rest\n");
    assert_given(&s->out, "a: half\nb: whole\na:  rest\n");
    feed(s, s->a, "x");
    flush(s, s->a);
    feed(s, s->b, "y");
    flush(s, s->b);
    feed(s, s->a, "z");
    flush(s, s->a);
    assert_given(&s->out, "a: x\nb: y\na: z");
    finish(s, s->a);
    finish(s, s->b);
    assert_given(&s->out, "\n");
}

static void no_empty_line_for_the_end_of_one_that_was_ended(void **state)
{
    struct scene *s = *state;

    feed(s, s->a, "half");
    flush(s, s->a);
    feed(s, s->b, "whole\n");
    feed(s, s->a, "\n\nnext\n");
    assert_given(&s->out, "a: half\nb: whole\na: \na: next\n");
}

static void finish_ends_an_open_line(void **state)
{
    struct scene *s = *state;

    feed(s, s->a, "half");
    flush(s, s->a);
    finish(s, s->a);
    feed(s, s->b, "whole\n");
    assert_given(&s->out, "a: half\nb: whole\n");
}

/* A filter may get the memory of one that was freed with its line open. */
static void a_freed_source_leaves_its_line_to_the_next(void **state)
{
    struct scene *s = *state;

    feed(s, s->a, "half");
    flush(s, s->a);
    filter_free(s->a);
    s->a = label_new(&s->screen, "c");
    feed(s, s->a, "new\n");
    assert_given(&s->out, "a: half\nc: new\n");
}

static void what_is_held_is_bounded(void **state)
{
    struct scene *s = *state;
    char block[1000];
    size_t fed = 0;

    memset(block, 'x', sizeof(block));
    while (buf_length(&s->out) == 0) {
        assert_true(fed < LABEL_HELD_MAX);
        assert_int_equal(feed_one(s->a, block, sizeof(block), &s->out, NULL), FILTER_OK);
        fed += sizeof(block);
    }
    assert_false(filter_pending(s->a));
    assert_int_equal(buf_length(&s->out), strlen("a: ") + fed);
    buf_reset(&s->out);
    feed(s, s->a, "end\n");
    assert_given(&s->out, "end\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_is_the_same_however_cut),
        cmocka_unit_test_setup_teardown(lines_come_when_they_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flushed_text_goes_on_in_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_ends_the_open_line_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_empty_line_for_the_end_of_one_that_was_ended, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(finish_ends_an_open_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_freed_source_leaves_its_line_to_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_held_is_bounded, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
