/* Which lines end a conversation. */
#include "chat/bye_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const words[] = {"bye", "再见", "Straße", "."};
static const struct bye_words byes = {words, 4};

static void check(const char *const *lines, bool expected)
{
    for (; *lines != NULL; lines++)
        if (bye_words_match(&byes, *lines, strlen(*lines)) != expected)
            fail_msg("\"%s\" is %sa bye", *lines, expected ? "not " : "");
}

static void test_words(void **state)
{
    static const char *const same[] = {"bye", "bye\n", "bye\r\n", "再见", NULL};
    static const char *const others[] = {"", "\n", "by", "byebye", "good bye", "再", "b y e", NULL};

    (void)state;
    check(same, true);
    check(others, false);
}

static void test_case_and_blanks(void **state)
{
    static const char *const same[] = {"BYE", " Bye\t", "　再见　", "STRASSE", "\t bYe \r\n", NULL};

    (void)state;
    check(same, true);
}

static void test_final_marks(void **state)
{
    static const char *const same[] = {"bye.",   "Bye!",   "bye !\n", "再见！",
                                       "再见。", "bye。 ", NULL};
    static const char *const others[] = {"bye..", "bye?", ".bye", "再见，", "!", "。", NULL};

    (void)state;
    check(same, true);
    check(others, false);
}

static void test_word_that_is_a_mark(void **state)
{
    static const char *const same[] = {".", " . ", "..", NULL};

    (void)state;
    check(same, true);
}

static void test_bytes(void **state)
{
    static const char *const others[] = {"bye\xff", "\xe5\x86", "\x80", NULL};
    char line[BYE_WORDS_LINE_MAX + 1];

    (void)state;
    check(others, false);
    memset(line, ' ', sizeof(line));
    memcpy(line, "bye", 3);
    assert_true(bye_words_match(&byes, line, sizeof(line) - 1));
    assert_false(bye_words_match(&byes, line, sizeof(line)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),       cmocka_unit_test(test_case_and_blanks),
        cmocka_unit_test(test_final_marks), cmocka_unit_test(test_word_that_is_a_mark),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
