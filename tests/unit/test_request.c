/* stages/request_parse and the replies of stages/request: the requests of each protocol, whole,
 * cut and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stages/request.h"

#define SOCKS4(address) "\4\1\0\x50" address
#define SOCKS5(type) "\5\1\0" type
#define HTTP(target) "CONNECT " target " HTTP/1.1\r\nHost: x\r\n\r\n"

struct example {
    const char *bytes;
    size_t n;
    enum request_result result;
    const char *host; /* of a request that is granted, for port 80 */
};

#define GRANTED(bytes, host)                            \
    {                                                   \
        bytes, sizeof(bytes) - 1, REQUEST_GRANTED, host \
    }
#define NOT(result, bytes)                     \
    {                                          \
        bytes, sizeof(bytes) - 1, result, NULL \
    }

typedef size_t length_of(const char *bytes, size_t n, bool *complete);

/* However many bytes have come, all of the message and nothing else belongs to it. */
static void assert_length(length_of *length, const struct example *e)
{
    char more[1024];

    memcpy(more, e->bytes, e->n);
    memset(more + e->n, 'X', sizeof(more) - e->n);
    for (size_t n = 1; n < e->n + 8; n++) {
        bool complete;
        size_t ours = length(more, n, &complete);

        assert_int_equal(complete, n >= e->n);
        assert_int_equal(ours, n < e->n ? n : e->n);
    }
}

static void assert_result(const struct example *e, enum request_result result,
                          const struct request_target *t)
{
    assert_int_equal(result, e->result);
    if (result != REQUEST_GRANTED)
        return;
    assert_string_equal(t->host, e->host);
    assert_int_equal(t->port, 80);
}

static void socks4_names_a_target(void **state)
{
    static const struct example examples[] = {
        GRANTED(SOCKS4("\xc0\0\2\1") "\0", "192.0.2.1"),
        GRANTED(SOCKS4("\xc0\0\2\1") "user\0", "192.0.2.1"),
        GRANTED(SOCKS4("\0\0\0\0") "\0", "0.0.0.0"),
        GRANTED(SOCKS4("\0\0\0\1") "user\0example.org\0", "example.org"),
        GRANTED(SOCKS4("\0\0\0\xff") "\0::1\0", "::1"),
        NOT(REQUEST_BAD_ADDRESS, SOCKS4("\0\0\0\1") "\0\0"),
        NOT(REQUEST_BAD_ADDRESS, SOCKS4("\0\0\0\1") "\0unix:x\0"),
        NOT(REQUEST_BAD_ADDRESS, SOCKS4("\0\0\0\1") "\0/tmp\0"),
        NOT(REQUEST_BAD_ADDRESS, "\4\1\0\0\xc0\0\2\1\0"),
        NOT(REQUEST_NO_CONNECT, "\4\2\0\x50\xc0\0\2\1\0"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct request_target t;

        assert_length(request_parse_first_length, &examples[i]);
        assert_result(&examples[i],
                      request_parse_socks4(examples[i].bytes, examples[i].n, NULL, &t), &t);
        assert_int_equal(request_parse_socks4(examples[i].bytes, examples[i].n, "a:b", &t),
                         REQUEST_LOGIN_MISSING);
    }
}

static void socks5_names_a_target(void **state)
{
    static const struct example examples[] = {
        GRANTED(SOCKS5("\1\xc0\0\2\1\0\x50"), "192.0.2.1"),
        GRANTED(SOCKS5("\3\xb"
                       "example.org\0\x50"),
                "example.org"),
        GRANTED(SOCKS5("\3\3"
                       "::1\0\x50"),
                "::1"),
        GRANTED(SOCKS5("\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"), "2001:db8::1"),
        NOT(REQUEST_BAD_ADDRESS, SOCKS5("\3\0\0\x50")),
        NOT(REQUEST_BAD_ADDRESS, SOCKS5("\3\2@x\0\x50")),
        NOT(REQUEST_BAD_ADDRESS, SOCKS5("\3\3"
                                        "a\0b\0\x50")),
        NOT(REQUEST_BAD_ADDRESS, SOCKS5("\1\xc0\0\2\1\0\0")),
        NOT(REQUEST_BAD_ADDRESS, SOCKS5("\2")),
        NOT(REQUEST_NO_CONNECT, "\5\2\0\1\xc0\0\2\1\0\x50"),
        NOT(REQUEST_NO_CONNECT, "\5\3\0\1\xc0\0\2\1\0\x50"),
        NOT(REQUEST_MALFORMED, "\4\1\0\1\xc0\0\2\1\0\x50"),
        NOT(REQUEST_MALFORMED, "\5\1\1\1\xc0\0\2\1\0\x50"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct request_target t;

        assert_length(request_parse_target_length, &examples[i]);
        assert_result(&examples[i], request_parse_target(examples[i].bytes, examples[i].n, &t), &t);
    }
}

static void connect_names_a_target(void **state)
{
    static const struct example examples[] = {
        GRANTED(HTTP("example.org:80"), "example.org"),
        GRANTED(HTTP("192.0.2.1:80"), "192.0.2.1"),
        GRANTED(HTTP("[2001:db8::1]:80"), "2001:db8::1"),
        GRANTED("CONNECT a-b_c.d:80 HTTP/1.0\n\n", "a-b_c.d"),
        NOT(REQUEST_NO_CONNECT, "GET http://example.org/ HTTP/1.1\r\n\r\n"),
        NOT(REQUEST_NO_CONNECT, "connect example.org:80 HTTP/1.1\r\n\r\n"),
        NOT(REQUEST_BAD_ADDRESS, HTTP("example.org")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("example.org:")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("example.org:0")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("example.org:65536")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("example.org:80x")),
        NOT(REQUEST_BAD_ADDRESS, HTTP(":80")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("[]:80")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("[example.org]:80")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("::1:80")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("unix:x:80")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("/tmp/x:80")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("@x:80")),
        NOT(REQUEST_BAD_ADDRESS, HTTP("user@x:80")),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80\r\n\r\n"),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80 HTTP/2.0\r\n\r\n"),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80 HTTP/1.1 x\r\n\r\n"),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80 HTTP/1.1\r\nHost : x\r\n\r\n"),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80 HTTP/1.1\r\nHost: x\r\n more\r\n\r\n"),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80 HTTP/1.1\r\nHost\r\n\r\n"),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80 HTTP/1.1\r\n: x\r\n\r\n"),
        NOT(REQUEST_MALFORMED, "CONNECT example.org:80 HTTP/1.1\r\nA: \0\r\n\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct request_target t;

        if (examples[i].bytes[0] == 'C')
            assert_length(request_parse_first_length, &examples[i]);
        assert_result(&examples[i], request_parse_http(examples[i].bytes, examples[i].n, NULL, &t),
                      &t);
    }
}

#define WITH(field) "CONNECT x:80 HTTP/1.1\r\n" field "\r\n\r\n"

static void a_login_is_required(void **state)
{
    static const struct example examples[] = {
        GRANTED(WITH("Proxy-Authorization: Basic bWU6YTpzZWNyZXQ="), "x"),
        GRANTED(WITH("PROXY-authorization:basic bWU6YTpzZWNyZXQ= "), "x"),
        GRANTED(WITH("A: b\r\nProxy-Authorization: Basic  bWU6YTpzZWNyZXQ"), "x"),
        NOT(REQUEST_LOGIN_MISSING, WITH("A: b")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Authorization: Basic bWU6YTpzZWNyZXQ=")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Proxy-Authorization: Basic bWU6YTpzZWNyZXU=")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Proxy-Authorization: Basic bWU6YTpzZWNyZXRz")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Proxy-Authorization: Basic bWU6YTpzZWNy")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Proxy-Authorization: Basic !")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Proxy-Authorization: Basic")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Proxy-Authorization:")),
        NOT(REQUEST_LOGIN_MISSING, WITH("Proxy-Authorization: Digest bWU6YTpzZWNyZXQ=")),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct request_target t;

        assert_result(&examples[i],
                      request_parse_http(examples[i].bytes, examples[i].n, "me:a:secret", &t), &t);
    }
}

static void socks5_has_a_login_of_its_own(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool right;
    } examples[] = {
        {"\1\2me\x8"
         "a:secret",
         13, true},
        {"\1\2me\x8"
         "a:secreT",
         13, false},
        {"\1\2me\x7"
         "a:secre",
         12, false},
        {"\1\4me:a\6secret", 13, false},
        {"\1\0\0", 3, false},
        {"\5\2me\x8"
         "a:secret",
         13, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example e = {examples[i].bytes, examples[i].n, REQUEST_GRANTED, NULL};

        assert_length(request_parse_login_length, &e);
        assert_int_equal(request_parse_login(e.bytes, e.n, "me:a:secret"), examples[i].right);
    }
}

static void the_methods_of_socks5(void **state)
{
    const struct example e = NOT(REQUEST_GRANTED, "\5\2\0\2");

    (void)state;
    assert_length(request_parse_first_length, &e);
    assert_true(request_parse_has_method(e.bytes, e.n, 0));
    assert_true(request_parse_has_method(e.bytes, e.n, 2));
    assert_false(request_parse_has_method(e.bytes, e.n, 1));
    assert_false(request_parse_has_method("\5\0", 2, 0));
}

/* What begins like nothing that is known is not waited for; what never ends, neither. */
static void what_is_no_request_is_complete(void **state)
{
    static char endless[REQUEST_PARSE_SOCKS4_MAX];
    bool complete;

    (void)state;
    for (int first = 0; first < 256; first++) {
        char byte = (char)first;
        bool known = first == 4 || first == 5 || (first >= 'A' && first <= 'Z');

        assert_int_equal(request_parse_first_length(&byte, 1, &complete), known);
        assert_int_equal(complete, !known);
    }
    memset(endless, 'x', sizeof(endless));
    memcpy(endless, "\4\1\0\x50\xc0\0\2\1", 8);
    request_parse_first_length(endless, sizeof(endless) - 1, &complete);
    assert_false(complete);
    request_parse_first_length(endless, sizeof(endless), &complete);
    assert_true(complete);
}

static void replies_fit(void **state)
{
    (void)state;
    for (int form = REQUEST_SOCKS4; form <= REQUEST_HTTP; form++)
        for (int result = REQUEST_GRANTED; result <= REQUEST_MALFORMED; result++) {
            char reply[REQUEST_REPLY_MAX + 1] = {0};
            size_t n =
                request_reply((enum request_form)form, (enum request_result)result, NULL, reply);

            assert_in_range(n, 2, REQUEST_REPLY_MAX - 1);
            if (form == REQUEST_HTTP)
                assert_string_equal(reply + n - 4, "\r\n\r\n");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socks4_names_a_target),          cmocka_unit_test(socks5_names_a_target),
        cmocka_unit_test(connect_names_a_target),         cmocka_unit_test(a_login_is_required),
        cmocka_unit_test(socks5_has_a_login_of_its_own),  cmocka_unit_test(the_methods_of_socks5),
        cmocka_unit_test(what_is_no_request_is_complete), cmocka_unit_test(replies_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
