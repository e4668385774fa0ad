/* text/hex: the layout of hexdump -C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "text/hex.h"

static void assert_lines(uint64_t offset, const char *bytes, size_t n, const char *wanted)
{
    struct buf b = {0};

    assert_int_equal(hex_add_lines(&b, offset, bytes, n), 0);
    assert_int_equal(buf_length(&b), strlen(wanted));
    assert_memory_equal(buf_head(&b), wanted, buf_length(&b));
    buf_free(&b);
}

static void pads_a_row_that_is_not_full(void **state)
{
    (void)state;
    assert_lines(0, "hello\n", 6,
                 "00000000  68 65 6c 6c 6f 0a                                 |hello.|\n");
    assert_lines(5, "12345678", 8,
                 "00000005  31 32 33 34 35 36 37 38                           |12345678|\n");
    assert_lines(5, "123456789", 9,
                 "00000005  31 32 33 34 35 36 37 38  39                       |123456789|\n");
}

static void begins_a_row_after_sixteen_bytes(void **state)
{
    (void)state;
    assert_lines(0xfffffff0, "0123456789abcde\xffx", 17,
                 "fffffff0  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 ff  "
                 "|0123456789abcde.|\n"
                 "100000000  78                                                |x|\n");
}

static void shows_only_ascii_as_text(void **state)
{
    (void)state;
    assert_lines(0, "\0\x1f ~\x7f\x80\xff", 7,
                 "00000000  00 1f 20 7e 7f 80 ff                              |.. ~...|\n");
}

static void ends_with_the_offset(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_int_equal(hex_add_end(&b, UINT64_MAX), 0);
    assert_int_equal(buf_length(&b), 17);
    assert_memory_equal(buf_head(&b), "ffffffffffffffff\n", 17);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pads_a_row_that_is_not_full),
        cmocka_unit_test(begins_a_row_after_sixteen_bytes),
        cmocka_unit_test(shows_only_ascii_as_text),
        cmocka_unit_test(ends_with_the_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
