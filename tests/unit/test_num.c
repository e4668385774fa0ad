/* base/num: numbers as people type them, to the last digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"

/* A word, and its value; -1: not of the form. */
struct example {
    const char *word;
    int64_t value;
};

static void integers(void **state)
{
    static const struct example cases[] = {
        {"0", 0},
        {"5", 5},
        {"10", 10},
        {"007", 7},
        {"11", -1},
        {"4294967297", -1},
        {"", -1},
        {"-1", -1},
        {"+1", -1},
        {" 1", -1},
        {"1 ", -1},
        {"1.0", -1},
        {"0x1", -1},
        {"1e1", -1},
        {"one", -1},
        {"1\n", -1},
        {"18446744073709551616", -1},
        {"184467440737095516160", -1},
    };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        value = 77;
        assert_int_equal(num_parse(cases[i].word, 0, 10, &value), cases[i].value < 0 ? -1 : 0);
        assert_int_equal(value, cases[i].value < 0 ? 77 : cases[i].value);
    }
    assert_int_equal(num_parse("18446744073709551615", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(num_parse("18446744073709551616", 0, UINT64_MAX, &value), -1);
    assert_int_equal(num_parse("4", 5, 10, &value), -1);
    assert_int_equal(num_parse("5", 5, 10, &value), 0);
}

static void durations(void **state)
{
    static const struct example cases[] = {
        {"0", 0},
        {"2", 2000},
        {"2s", 2000},
        {"250ms", 250},
        {"1.5", 1500},
        {"1.5s", 1500},
        {"0.25m", 15000},
        {"2m", 120000},
        {"1h", 3600000},
        {"0.001", 1},
        /* Rounded up: only zero is none. */
        {"0.0001", 1},
        {"0.1ms", 1},
        {"0.000000001", 1},
        {"0.0", 0},
        {"0.000000000h", 0},
        {"1.0000000001", -1},
        {"1.", -1},
        {".5", 500},
        {".", -1},
        {".s", -1},
        {"", -1},
        {"s", -1},
        {"-1", -1},
        {"+1", -1},
        {"1 s", -1},
        {" 1s", -1},
        {"1S", -1},
        {"1d", -1},
        {"1msx", -1},
        {"1.5.5", -1},
        {"1e3", -1},
        {"2305843009213693951ms", INT64_MAX / 4},
        {"2305843009213693952ms", -1},
        {"2305843009213694s", -1},
        {"99999999999999999999", -1},
        {"18446744073709551615h", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t value = 77;

        assert_int_equal(num_parse_duration(cases[i].word, &value), cases[i].value < 0 ? -1 : 0);
        assert_true(value == (cases[i].value < 0 ? 77 : cases[i].value));
    }
}

static void sizes(void **state)
{
    static const struct example cases[] = {
        {"0", 0},
        {"100", 100},
        {"1K", 1024},
        {"2M", 2 << 20},
        {"3G", (int64_t)3 << 30},
        {"0K", 0},
        {"1k", -1},
        {"1KB", -1},
        {"1KK", -1},
        {"1T", -1},
        {"K", -1},
        {"", -1},
        {"1.5K", -1},
        {"-1", -1},
        {"1 K", -1},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", -1},
        {"8589934591G", (int64_t)8589934591 << 30},
        {"8589934592G", -1},
        {"18446744073709551615K", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 77;

        assert_int_equal(num_parse_size(cases[i].word, &value), cases[i].value < 0 ? -1 : 0);
        assert_true(value == (cases[i].value < 0 ? 77 : (uint64_t)cases[i].value));
    }
}

static void durations_are_written_as_they_would_be_typed(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},       {1, "1ms"},       {250, "250ms"},     {999, "999ms"},   {1000, "1s"},
        {1500, "1.5s"},  {1550, "1550ms"}, {60000, "1m"},      {90000, "90s"},   {120000, "2m"},
        {3600000, "1h"}, {5400000, "90m"}, {3601000, "3601s"}, {61500, "61.5s"},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t back;

        num_format_duration(cases[i].ms, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(num_parse_duration(text, &back), 0);
        assert_int_equal(back, cases[i].ms);
    }
    /* Cut where there is no room, like snprintf(3). */
    num_format_duration(1500, text, 3);
    assert_string_equal(text, "1.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(durations_are_written_as_they_would_be_typed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
