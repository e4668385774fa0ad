/* chat/sharedlog: every reader gets every line whole and in order, or is overrun. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/shared_log.h"

#define BY(n) ((struct shared_log_skip){.author = (n)})
#define NOBODY BY(SHARED_LOG_NOBODY)

static void append(struct shared_log *l, const char *text, uint32_t author)
{
    assert_int_equal(shared_log_append(l, text, strlen(text), author, false), 0);
}

/* Takes up to step bytes at a time, from pieces of a list of that length, and
 * compares all of it. */
static void assert_reads(struct shared_log *l, struct shared_log_position *p,
                         struct shared_log_skip skip, size_t step, size_t pieces, const char *text)
{
    struct buf got = {0};
    struct iovec iov[8];
    size_t count;

    assert_in_range(pieces, 1, 8);
    while ((count = shared_log_peek(l, *p, UINT64_MAX, skip, iov, pieces)) > 0) {
        size_t taken = 0;

        for (size_t i = 0; i < count && taken < step; i++) {
            size_t n = iov[i].iov_len < step - taken ? iov[i].iov_len : step - taken;

            assert_int_not_equal(n, 0);
            assert_int_equal(buf_add(&got, iov[i].iov_base, n), 0);
            taken += n;
        }
        *p = shared_log_take(l, *p, taken, skip);
    }
    assert_int_equal(buf_length(&got), strlen(text));
    if (text[0] != '\0')
        assert_memory_equal(buf_head(&got), text, strlen(text));
    assert_int_equal(p->line, shared_log_head(l).line);
    assert_int_equal(p->offset, 0);
    buf_free(&got);
}

static void all_read_the_same(void **state)
{
    struct shared_log *l = shared_log_new(4096);
    struct shared_log_position start = shared_log_head(l);

    (void)state;
    append(l, "one\n", 1);
    append(l, "two\n", 2);
    append(l, "three\n", 1);
    append(l, "four\n", 3);
    for (size_t step = 1; step < 30; step++)
        for (size_t pieces = 1; pieces < 4; pieces++) {
            struct shared_log_position p = start, q = start, none = shared_log_head(l);

            assert_reads(l, &p, NOBODY, step, pieces, "one\ntwo\nthree\nfour\n");
            assert_reads(l, &q, BY(1), step, pieces, "two\nfour\n");
            assert_reads(l, &none, NOBODY, step, pieces, "");
        }
    shared_log_free(l);
}

static void what_follows_is_one_piece(void **state)
{
    struct shared_log *l = shared_log_new(1 << 20);
    struct shared_log_position p = shared_log_head(l);
    struct iovec iov[8];

    (void)state;
    for (int i = 0; i < 1000; i++)
        append(l, "a line of a certain length\n", 1 + (i % 100 == 50));
    assert_int_equal(shared_log_peek(l, p, UINT64_MAX, NOBODY, iov, 8), 1);
    assert_int_equal(iov[0].iov_len, 27 * 1000);
    assert_int_equal(shared_log_peek(l, p, 10, NOBODY, iov, 8), 1);
    assert_int_equal(iov[0].iov_len, 27 * 10);
    /* The lines of author 2 are ten cuts in it. */
    assert_int_equal(shared_log_peek(l, p, UINT64_MAX, BY(2), iov, 8), 8);
    assert_int_equal(iov[0].iov_len, 27 * 50);
    assert_int_equal(iov[1].iov_len, 27 * 99);
    shared_log_free(l);
}

static void tells_what_is_left_of_a_line(void **state)
{
    struct shared_log *l = shared_log_new(4096);
    struct shared_log_position p = shared_log_head(l);

    (void)state;
    append(l, "one\n", 1);
    append(l, "two\n", 1);
    assert_int_equal(shared_log_rest(l, p), 0);
    p = shared_log_take(l, p, 1, NOBODY);
    assert_int_equal(shared_log_rest(l, p), 3);
    p = shared_log_take(l, p, 3, NOBODY);
    assert_int_equal(p.line, 1);
    assert_int_equal(shared_log_rest(l, p), 0);
    p = shared_log_take(l, p, 4, NOBODY);
    assert_int_equal(shared_log_rest(l, p), 0);
    shared_log_free(l);
}

static void history_is_a_position_further_back(void **state)
{
    struct shared_log *l = shared_log_new(4096);
    struct shared_log_position p;

    (void)state;
    assert_int_equal(shared_log_back(l, 3).line, 0);
    append(l, "1\n", 1);
    append(l, "2\n", 1);
    append(l, "3\n", 1);
    p = shared_log_back(l, 2);
    assert_reads(l, &p, NOBODY, 100, 8, "2\n3\n");
    p = shared_log_back(l, 4);
    assert_reads(l, &p, NOBODY, 100, 8, "1\n2\n3\n");
    p = shared_log_back(l, 0);
    assert_reads(l, &p, NOBODY, 100, 8, "");
    shared_log_free(l);
}

static void the_oldest_go_and_their_readers_are_overrun(void **state)
{
    struct shared_log *l = shared_log_new(512);
    struct shared_log_position start = shared_log_head(l), middle;
    char line[101];

    (void)state;
    memset(line, 'x', 99);
    memcpy(line + 99, "\n", 2);
    /* 448 bytes of text, and 8 lines. */
    for (int i = 0; i < 4; i++)
        append(l, line, 1);
    assert_false(shared_log_is_overrun(l, start));
    middle = shared_log_take(l, start, 50, NOBODY);
    append(l, line, 1);
    assert_true(shared_log_is_overrun(l, start));
    assert_true(shared_log_is_overrun(l, middle));
    assert_int_equal(shared_log_behind(l, start), SHARED_LOG_WHOLE);
    assert_int_equal(shared_log_back(l, 100).line, 1);
    /* Short lines are bounded by the index. */
    for (int i = 0; i < 100; i++)
        append(l, "y\n", 1);
    start = shared_log_back(l, 100);
    assert_int_equal(shared_log_head(l).line - start.line, 8);
    assert_reads(l, &start, NOBODY, 100, 8, "y\ny\ny\ny\ny\ny\ny\ny\n");
    shared_log_free(l);
}

static void tells_how_far_behind(void **state)
{
    struct shared_log *l = shared_log_new(8192); /* 7168 of text, 128 lines */
    struct shared_log_position p = shared_log_head(l);
    char line[717];

    (void)state;
    assert_int_equal(shared_log_behind(l, p), 0);
    append(l, "\n", 1);
    assert_int_equal(shared_log_behind(l, p), SHARED_LOG_WHOLE / 128);
    memset(line, '\n', 716);
    line[716] = '\0';
    p = shared_log_head(l);
    append(l, line, 1);
    assert_in_range(shared_log_behind(l, p), 102, 103);
    p = shared_log_take(l, p, 358, NOBODY);
    assert_in_range(shared_log_behind(l, p), 51, 52);
    shared_log_free(l);
}

static void refuses_what_does_not_fit(void **state)
{
    struct shared_log *l = shared_log_new(512);
    char line[512] = {0};
    struct shared_log_position p = shared_log_head(l);

    (void)state;
    append(l, "kept\n", 1);
    assert_int_equal(shared_log_append(l, line, sizeof(line), 1, false), -1);
    assert_int_equal(shared_log_append(l, line, 0, 1, false), -1);
    assert_reads(l, &p, NOBODY, 100, 8, "kept\n");
    assert_int_equal(shared_log_append(l, line, 448, 1, false), 0);
    shared_log_free(l);
    shared_log_free(NULL);
}

#define READERS 5

/* Lines of all lengths through a small log, which has to grow and to begin anew
 * many times, for readers of different pace, all of which keep up. */
static void many_lines_pass_in_order(void **state)
{
    struct shared_log *l = shared_log_new(20000);
    struct shared_log_position at[READERS];
    unsigned long next[READERS] = {0}, read = 0;
    struct buf held[READERS] = {{0}};
    uint32_t random = 1;

    (void)state;
    for (size_t i = 0; i < READERS; i++)
        at[i] = shared_log_head(l);
    for (unsigned long n = 0; n < 20000; n++) {
        char line[700];
        int length;

        random = random * 1664525 + 1013904223;
        length = snprintf(line, sizeof(line), "%lu %*s\n", n,
                          (int)(random >> 16) % (n % 50 == 0 ? 600 : 60), "");
        assert_int_equal(
            shared_log_append(l, line, (size_t)length, (uint32_t)(1 + n % READERS), false), 0);
        for (size_t i = 0; i < READERS; i++) {
            struct iovec iov[3];
            uint32_t own = (uint32_t)i + 1;
            size_t count = shared_log_peek(l, at[i], UINT64_MAX, BY(own), iov, 3), taken = 0;

            if (n % (i + 1) != 0)
                continue;
            for (size_t k = 0; k < count; k++) {
                assert_int_equal(buf_add(&held[i], iov[k].iov_base, iov[k].iov_len), 0);
                taken += iov[k].iov_len;
            }
            if (taken > 0 && random % 3 == 0) {
                /* The last byte has to come again. */
                held[i].end--;
                taken--;
            }
            at[i] = shared_log_take(l, at[i], taken, BY(own));
        }
        for (size_t i = 0; i < READERS; i++) {
            char *newline;

            while (buf_length(&held[i]) > 0 &&
                   (newline = memchr(buf_head(&held[i]), '\n', buf_length(&held[i]))) != NULL) {
                next[i] += next[i] % READERS == i;
                assert_int_equal(strtoul(buf_head(&held[i]), NULL, 10), next[i]);
                next[i]++;
                read++;
                buf_consume(&held[i], (size_t)(newline - buf_head(&held[i])) + 1);
            }
        }
    }
    assert_in_range(read, 20000 * (READERS - 1) - 2000, 20000 * (READERS - 1));
    for (size_t i = 0; i < READERS; i++)
        buf_free(&held[i]);
    shared_log_free(l);
}

static void notes_are_no_history(void **state)
{
    struct shared_log *l = shared_log_new(4096);
    struct shared_log_skip skip;
    struct shared_log_position p;

    (void)state;
    append(l, "said one\n", 1);
    assert_int_equal(shared_log_append(l, "joins\n", 6, 2, true), 0);
    append(l, "said two\n", 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(shared_log_append(l, "comes and goes\n", 15, 3, true), 0);
    skip = (struct shared_log_skip){.notes_before = shared_log_head(l).line};
    assert_int_equal(shared_log_append(l, "after\n", 6, 3, true), 0);
    assert_int_equal(shared_log_back(l, 1).line, 2);
    p = shared_log_back(l, 2);
    assert_int_equal(p.line, 0);
    assert_reads(l, &p, skip, 4, 8, "said one\nsaid two\nafter\n");
    p = shared_log_back(l, 0);
    assert_int_equal(p.line, shared_log_head(l).line);
    assert_int_equal(shared_log_oldest(l).line, 0);
    shared_log_free(l);
}

static void notes_alone_are_no_history(void **state)
{
    struct shared_log *l = shared_log_new(4096);

    (void)state;
    assert_int_equal(shared_log_append(l, "joins\n", 6, 2, true), 0);
    assert_int_equal(shared_log_back(l, 5).line, 1);
    shared_log_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_read_the_same),
        cmocka_unit_test(what_follows_is_one_piece),
        cmocka_unit_test(tells_what_is_left_of_a_line),
        cmocka_unit_test(history_is_a_position_further_back),
        cmocka_unit_test(the_oldest_go_and_their_readers_are_overrun),
        cmocka_unit_test(tells_how_far_behind),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(many_lines_pass_in_order),
        cmocka_unit_test(notes_are_no_history),
        cmocka_unit_test(notes_alone_are_no_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
