/* base/buf: bytes come out as they went in, whatever grows and moves. */
#include <stdint.h>

#include "base/buf.h"
#include "tests/unit/feed.h"

static void empty_owns_nothing(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_int_equal(buf_length(&b), 0);
    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_null(b.data);
    buf_reset(&b);
    buf_free(&b);
    assert_null(b.data);
}

static void adds_and_takes_in_order(void **state)
{
    struct buf b = {0};
    unsigned char next_in = 0, next_out = 0;

    (void)state;
    for (size_t round = 1; round < 400; round++) {
        for (size_t i = 0; i < round; i++, next_in++)
            assert_int_equal(buf_add(&b, &next_in, 1), 0);
        for (size_t i = 0; i < round - round / 3; i++, next_out++) {
            assert_int_equal((unsigned char)*buf_head(&b), next_out);
            buf_consume(&b, 1);
        }
    }
    while (buf_length(&b) > 0) {
        assert_int_equal((unsigned char)*buf_head(&b), next_out++);
        buf_consume(&b, 1);
    }
    assert_int_equal(next_out, next_in);
    buf_free(&b);
}

static void reserved_room_is_not_content(void **state)
{
    struct buf b = {0};
    char *room;

    (void)state;
    assert_int_equal(buf_add(&b, "ab", 2), 0);
    room = buf_reserve(&b, 100000);
    assert_non_null(room);
    memset(room, 'x', 100000);
    assert_given(&b, "ab");
    memcpy(buf_reserve(&b, 3), "cde", 3);
    buf_added(&b, 3);
    assert_given(&b, "cde");
    buf_free(&b);
}

static void room_taken_from_the_front_is_used_again(void **state)
{
    struct buf b = {0};
    char kilobyte[1024] = {0};
    size_t size;

    (void)state;
    assert_int_equal(buf_add(&b, kilobyte, sizeof(kilobyte)), 0);
    size = b.size;
    for (int i = 0; i < 10000; i++) {
        buf_consume(&b, 1000);
        assert_int_equal(buf_add(&b, kilobyte, 1000), 0);
    }
    assert_true(b.size <= 2 * size);
    buf_free(&b);
}

static void too_much_leaves_it_unchanged(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_int_equal(buf_add(&b, "ab", 2), 0);
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_null(buf_reserve(&b, SIZE_MAX - 2));
    assert_null(buf_reserve(&b, SIZE_MAX / 2));
    assert_given(&b, "ab");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_owns_nothing),
        cmocka_unit_test(adds_and_takes_in_order),
        cmocka_unit_test(reserved_room_is_not_content),
        cmocka_unit_test(room_taken_from_the_front_is_used_again),
        cmocka_unit_test(too_much_leaves_it_unchanged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
