/* base/error: sentences, statuses, and who owns them. */
#include <errno.h>

#include "base/error.h"
#include "tests/unit/feed.h"

static void says_what_it_was_given(void **state)
{
    struct error err = {0};

    (void)state;
    assert_false(error_is_set(&err));
    error_set(&err, EXITCODE_USAGE, "port '%s': %d", "x", 5);
    assert_true(error_is_set(&err));
    assert_string_equal(err.text, "port 'x': 5");
    assert_int_equal(err.status, EXITCODE_USAGE);
    assert_int_equal(err.number, 0);
    error_clear(&err);
    assert_false(error_is_set(&err));
}

static void says_why_the_system_refused(void **state)
{
    struct error err = {0};

    (void)state;
    error_errno(&err, ECONNREFUSED, "connect %s", "[::1]:80");
    assert_string_equal(err.text, "connect [::1]:80: Connection refused");
    assert_int_equal(err.status, EXITCODE_FAILED);
    assert_int_equal(err.number, ECONNREFUSED);
    error_clear(&err);
}

static void the_last_one_stays(void **state)
{
    struct error err = {0};

    (void)state;
    error_errno(&err, EPIPE, "first");
    error_set(&err, EXITCODE_DATA, "second");
    assert_string_equal(err.text, "second");
    assert_int_equal(err.status, EXITCODE_DATA);
    assert_int_equal(err.number, 0);
    error_clear(&err);
}

static void may_be_left_out(void **state)
{
    struct error err = {0};

    (void)state;
    error_set(NULL, EXITCODE_DATA, "nobody asked");
    error_errno(NULL, EPIPE, "nobody asked");
    error_set(&err, EXITCODE_DATA, "text");
    error_move(NULL, &err);
    assert_false(error_is_set(&err));
}

static void moves(void **state)
{
    struct error from = {0}, to = {0};

    (void)state;
    error_set(&to, EXITCODE_FAILED, "old");
    error_set(&from, EXITCODE_DATA, "new");
    error_move(&to, &from);
    assert_false(error_is_set(&from));
    assert_string_equal(to.text, "new");
    assert_int_equal(to.status, EXITCODE_DATA);
    error_clear(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_was_given),
        cmocka_unit_test(says_why_the_system_refused),
        cmocka_unit_test(the_last_one_stays),
        cmocka_unit_test(may_be_left_out),
        cmocka_unit_test(moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
