/* stages/socks: messages and replies, whole, cut and malformed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stages/socks.h"

#define IS(message, n, wanted)                             \
    do {                                                   \
        assert_int_equal(n, sizeof(wanted) - 1);           \
        assert_memory_equal(message, wanted, (size_t)(n)); \
    } while (0)

static void writes_messages(void **state)
{
    char to[SOCKS_MESSAGE_MAX + SOCKS_HOST_MAX], name[SOCKS_HOST_MAX + 1];
    size_t n;

    (void)state;
    IS(to, socks_greeting(false, to), "\5\1\0");
    IS(to, socks_greeting(true, to), "\5\2\0\2");
    IS(to, socks_login("me", "", to), "\1\2me\0");
    IS(to, socks_login("m:e", "p@ss", to), "\1\3m:e\4p@ss");
    IS(to, socks_request("192.0.2.1", 80, to), "\5\1\0\1\xc0\0\2\1\0\x50");
    IS(to, socks_request("target.test", 65535, to), "\5\1\0\3\x0btarget.test\xff\xff");
    IS(to, socks_request("2001:db8::1", 1, to),
       "\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\1");
    IS(to, socks_request4("192.0.2.1", 80, "", to), "\4\1\0\x50\xc0\0\2\1\0");
    IS(to, socks_request4("target.test", 80, "me", to), "\4\1\0\x50\0\0\0\1me\0target.test\0");
    memset(name, 'a', SOCKS_HOST_MAX);
    name[SOCKS_HOST_MAX] = '\0';
    n = socks_request(name, 1, to);
    assert_int_equal(n, 4 + 1 + SOCKS_HOST_MAX + 2);
    assert_int_equal((unsigned char)to[4], SOCKS_HOST_MAX);
    assert_int_equal(socks_login(name, name, to), SOCKS_MESSAGE_MAX);
}

/* A reply is as long however its bytes come, and what follows is not its own. */
static void check_length(size_t (*length)(const char *bytes, size_t n, bool *complete),
                         const char *bytes, size_t whole)
{
    bool complete;

    for (size_t n = 0; n < whole; n++) {
        assert_int_equal(length(bytes, n, &complete), n);
        assert_false(complete);
    }
    for (size_t n = whole; n < whole + 2; n++) {
        assert_int_equal(length(bytes, n, &complete), whole);
        assert_true(complete);
    }
}

static void finds_the_end_of_replies(void **state)
{
    char longest[SOCKS_REPLY_MAX + 1] = "\5\0\0\3\xff";

    (void)state;
    check_length(socks_short_length, "\5\2xx", 2);
    check_length(socks_reply_length, "\5\0\0\1....ppxx", 10);
    check_length(socks_reply_length, "\5\0\0\4................ppxx", 22);
    check_length(socks_reply_length, "\5\0\0\3\4namepp xx", 11);
    check_length(socks_reply_length, "\5\0\0\3\0ppxx", 7);
    check_length(socks_reply_length, longest, SOCKS_REPLY_MAX);
    check_length(socks_reply4_length, "\0\x5a......xx", 8);
    /* A refusal may come without an address, and other protocols have none. */
    check_length(socks_reply_length, "\5\5\0\1", 2);
    check_length(socks_reply_length, "HTTP", 2);
}

static void reads_replies(void **state)
{
    static const struct {
        const char *bytes;
        const char *why;
        int number;
    } refused[] = {
        {"\5\1", "the proxy failed", EACCES},
        {"\5\2", "not allowed by the proxy's rules", EACCES},
        {"\5\3", "network unreachable from the proxy", ENETUNREACH},
        {"\5\4", "host unreachable from the proxy", EHOSTUNREACH},
        {"\5\5", "connection refused", ECONNREFUSED},
        {"\5\xff", "the proxy reported 255", EACCES},
        {"\4\0", "the reply is not of SOCKS 5", EACCES},
    };
    struct error err = {0};
    bool wants_login;

    (void)state;
    assert_int_equal(socks_check_reply("\5\0\0\1....pp", 10, NULL), 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(socks_check_reply(refused[i].bytes, 2, &err), -1);
        assert_string_equal(err.text, refused[i].why);
        assert_int_equal(err.status, EXITCODE_FAILED);
        assert_int_equal(err.number, refused[i].number);
    }
    assert_int_equal(socks_check_method("\5\0", true, &wants_login, NULL), 0);
    assert_false(wants_login);
    assert_int_equal(socks_check_method("\5\2", true, &wants_login, NULL), 0);
    assert_true(wants_login);
    assert_int_equal(socks_check_method("\5\2", false, &wants_login, NULL), -1);
    assert_int_equal(socks_check_method("\5\xff", true, &wants_login, NULL), -1);
    assert_int_equal(socks_check_login("\1\0", NULL), 0);
    assert_int_equal(socks_check_login("\1\1", NULL), -1);
    assert_int_equal(socks_check_reply4("\0\x5a......", NULL), 0);
    assert_int_equal(socks_check_reply4("\0\x5b......", &err), -1);
    assert_int_equal(err.number, ECONNREFUSED);
    assert_int_equal(socks_check_reply4("\4\x5a......", NULL), -1);
    error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_messages),
        cmocka_unit_test(finds_the_end_of_replies),
        cmocka_unit_test(reads_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
