/* text/json: strings that every parser of JSON takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "text/json.h"

static void assert_string(const char *in, size_t n, const char *wanted)
{
    char out[64];
    size_t length = json_put_string(out, sizeof(out), in, n);

    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(out, wanted, length);
}

static void passes_text(void **state)
{
    (void)state;
    assert_string("", 0, "\"\"");
    assert_string("plain / text", 12, "\"plain / text\"");
    assert_string("é 中 😀", 11, "\"é 中 😀\"");
}

static void escapes_what_json_or_a_terminal_minds(void **state)
{
    (void)state;
    assert_string("a\"b\\c", 5, "\"a\\\"b\\\\c\"");
    assert_string("\0\n\x1b\x7f", 4, "\"\\u0000\\u000a\\u001b\\u007f\"");
    assert_string("\xc2\x9b", 2, "\"\\u009b\"");
    assert_string("\xc2\xa0", 2, "\"\xc2\xa0\"");
}

static void replaces_what_is_not_utf8(void **state)
{
    (void)state;
    assert_string("\xff", 1, "\"\xef\xbf\xbd\"");
    assert_string("a\xe4\xb8", 3, "\"a\xef\xbf\xbd\"");
    assert_string("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_string("\xc3(", 2, "\"\xef\xbf\xbd(\"");
}

static void leaves_out_whole_characters(void **state)
{
    char out[8];

    (void)state;
    assert_int_equal(json_put_string(out, 2, "a", 1), 2);
    assert_memory_equal(out, "\"\"", 2);
    assert_int_equal(json_put_string(out, 5, "a中", 4), 3);
    assert_memory_equal(out, "\"a\"", 3);
    assert_int_equal(json_put_string(out, 8, "a\x01z", 3), 3);
    assert_memory_equal(out, "\"a\"", 3);
    assert_int_equal(json_put_string(out, 8, "\x01z", 2), 8);
    assert_memory_equal(out, "\"\\u0001\"", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_text),
        cmocka_unit_test(escapes_what_json_or_a_terminal_minds),
        cmocka_unit_test(replaces_what_is_not_utf8),
        cmocka_unit_test(leaves_out_whole_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
