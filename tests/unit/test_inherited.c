/* net/inherited and commands/notify: the variables of a service manager, to the last digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands/notify.h"
#include "net/inherited.h"

enum { OWN = 17 };

static void counts_of_sockets(void **state)
{
    static const struct {
        const char *pid, *count;
        int value; /* -1: an error */
    } cases[] = {
        {NULL, NULL, 0}, {NULL, "1", 0},    {"17", NULL, 0},  {"17", "0", 0},
        {"17", "1", 1},  {"17", "012", 12}, {"18", "1", 0},   {"1", "x", 0},
        {"17", "", -1},  {"17", "-1", -1},  {"17", "1 ", -1}, {"17", "2147483647", -1},
        {"", "1", -1},   {"17x", "1", -1},  {"0", "1", -1},   {"4294967313", "1", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error why = {0};

        assert_int_equal(inherited_count(cases[i].pid, cases[i].count, OWN, &why), cases[i].value);
        assert_int_equal(error_is_set(&why), cases[i].value < 0);
        error_clear(&why);
    }
}

static void the_variables_are_removed(void **state)
{
    static const char *const names[] = {"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS",
                                        "LISTEN_FDNAMES"};
    struct inherited found;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        setenv(names[i], "1", 1);
    assert_int_equal(inherited_find(&found, false, NULL), 0);
    assert_int_equal(found.count, 0);
    for (size_t i = 0; i < 4; i++)
        assert_null(getenv(names[i]));
}

static void beats_of_the_watchdog(void **state)
{
    static const struct {
        const char *usec, *pid;
        int64_t ms;
    } cases[] = {
        {NULL, NULL, 0},
        {"30000000", NULL, 15000},
        {"30000000", "17", 15000},
        {"1000000", "18", 0},
        {"1000000", "x", 0},
        {"1000000", "", 0},
        {"0", NULL, 0},
        {"", NULL, 0},
        {"-1", NULL, 0},
        {"1s", NULL, 0},
        {"1", NULL, 1},
        {"4999", NULL, 2},
        {NULL, "17", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(notify_beat_ms(cases[i].usec, cases[i].pid, OWN), cases[i].ms);
}

static void nothing_is_opened_without_a_manager(void **state)
{
    struct server_limit limit = {0};
    struct notify n;

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify_open(&n, NULL, &limit);
    assert_null(limit.on_count);
    notify_ready(&n);
    notify_reloading(&n);
    notify_stopping(&n);
    notify_close(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_sockets),
        cmocka_unit_test(the_variables_are_removed),
        cmocka_unit_test(beats_of_the_watchdog),
        cmocka_unit_test(nothing_is_opened_without_a_manager),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
