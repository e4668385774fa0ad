/* base/line_queue: whole lines, a bound, and outputs that take little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/line_queue.h"

static struct line_queue queue;

/* An output that takes at most step bytes at a time, and room in all. */
static struct {
    char text[2 * LINE_QUEUE_SIZE];
    size_t length, step, room;
    int failure;
} output;

static ssize_t take(void *arg, const char *bytes, size_t n)
{
    (void)arg;
    n = n < output.step ? n : output.step;
    n = n < output.room ? n : output.room;
    if (n == 0)
        return output.failure;
    memcpy(output.text + output.length, bytes, n);
    output.length += n;
    output.room -= n;
    return (ssize_t)n;
}

static int set_up(void **state)
{
    (void)state;
    memset(&queue, 0, sizeof(queue));
    memset(&output, 0, sizeof(output));
    output.step = output.room = sizeof(output.text);
    return 0;
}

static void assert_output(const char *wanted)
{
    assert_int_equal(output.length, strlen(wanted));
    assert_memory_equal(output.text, wanted, output.length);
}

static void writes_lines_in_order(void **state)
{
    (void)state;
    output.step = 3;
    line_queue_add(&queue, "first\n", 6);
    line_queue_add(&queue, "second\n", 7);
    assert_int_equal(line_queue_write(&queue, take, NULL), 0);
    assert_output("first\nsecond\n");
    assert_int_equal(queue.length, 0);
    assert_int_equal(queue.begun, 0);
}

static void goes_on_within_a_line(void **state)
{
    (void)state;
    output.room = 8;
    line_queue_add(&queue, "first\n", 6);
    line_queue_add(&queue, "second\n", 7);
    assert_int_equal(line_queue_write(&queue, take, NULL), 0);
    assert_output("first\nse");
    assert_int_equal(queue.begun, 2);
    output.room = 100;
    assert_int_equal(line_queue_write(&queue, take, NULL), 0);
    assert_output("first\nsecond\n");
}

static void begins_a_line_again_for_another_output(void **state)
{
    (void)state;
    output.room = 8;
    line_queue_add(&queue, "first\nsecond\n", 13);
    line_queue_write(&queue, take, NULL);
    queue.begun = 0;
    output.length = 0;
    output.room = 100;
    assert_int_equal(line_queue_write(&queue, take, NULL), 0);
    assert_output("second\n");
}

static void keeps_lines_after_a_failure(void **state)
{
    (void)state;
    output.room = 0;
    output.failure = -1;
    line_queue_add(&queue, "line\n", 5);
    assert_int_equal(line_queue_write(&queue, take, NULL), -1);
    output.room = 100;
    assert_int_equal(line_queue_write(&queue, take, NULL), 0);
    assert_output("line\n");
}

static void counts_lines_that_do_not_fit(void **state)
{
    static char line[LINE_QUEUE_SIZE / 2];

    (void)state;
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < 5; i++)
        line_queue_add(&queue, line, sizeof(line));
    assert_int_equal(queue.lost, 3);
    assert_int_equal(line_queue_write(&queue, take, NULL), 0);
    assert_int_equal(output.length, LINE_QUEUE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(writes_lines_in_order, set_up),
        cmocka_unit_test_setup(goes_on_within_a_line, set_up),
        cmocka_unit_test_setup(begins_a_line_again_for_another_output, set_up),
        cmocka_unit_test_setup(keeps_lines_after_a_failure, set_up),
        cmocka_unit_test_setup(counts_lines_that_do_not_fit, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
