/* stages/http_connect, stages/http_auth: heads of replies, challenges and credentials. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stages/http_connect.h"

static void finds_the_end_of_heads(void **state)
{
    static const char *const heads[] = {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200\n\n",
                                        "HTTP/1.1 200 OK\r\nA: b\n\r\n",
                                        "HTTP/1.1 407 No\r\nA: b\r\nC:\r\n\r\n"};
    bool complete;

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        size_t whole = strlen(heads[i]);
        char bytes[100];

        memcpy(bytes, heads[i], whole);
        memcpy(bytes + whole, "\n\r\n", 3);
        for (size_t n = 0; n <= whole + 3; n++) {
            assert_int_equal(http_connect_length(bytes, n, &complete), n < whole ? n : whole);
            assert_int_equal(complete, n >= whole);
        }
    }
    assert_int_equal(http_connect_length("HTTP/2 200\r\n\r\n", 6, &complete), 0);
    assert_true(complete);
    assert_int_equal(http_connect_length("\5\0", 2, &complete), 0);
    assert_true(complete);
}

static struct http_connect_reply parse(const char *head)
{
    struct http_connect_reply r;

    assert_int_equal(http_connect_parse(head, strlen(head), &r, NULL), 0);
    return r;
}

static void refuses_what_is_not_http(void **state)
{
    static const char *const heads[] = {"", "HTTP/1.1 20", "HTTP/1.x 200 OK\r\n\r\n",
                                        "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.12200 OK\r\n\r\n"};
    struct http_connect_reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        assert_int_equal(http_connect_parse(heads[i], strlen(heads[i]), &r, NULL), -1);
}

static void decides_whether_the_connection_stays_open(void **state)
{
    static const struct {
        const char *head;
        bool stays_open;
        size_t body;
    } examples[] = {
        {"HTTP/1.1 407 No\r\nContent-Length: 12\r\n\r\n", true, 12},
        {"HTTP/1.1 407 No\ncontent-length:0 \n\n", true, 0},
        {"HTTP/1.1 407 No\r\nContent-Length: 65536\r\n\r\n", true, 65536},
        {"HTTP/1.1 407 No\r\nContent-Length: 65537\r\n\r\n", false, 65537},
        {"HTTP/1.1 407 No\r\nContent-Length: 99999999999999999999999\r\n\r\n", false, 65537},
        {"HTTP/1.1 407 No\r\nContent-Length: -1\r\n\r\n", false, 65537},
        {"HTTP/1.1 407 No\r\nContent-Length:\r\n\r\n", false, 65537},
        {"HTTP/1.1 407 No\r\n\r\n", false, 0},
        {"HTTP/1.1 407 No\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false, 1},
        {"HTTP/1.1 407 No\r\nContent-Length: 1\r\nConnection: a, Close\r\n\r\n", false, 1},
        {"HTTP/1.1 407 No\r\nContent-Length: 1\r\nProxy-Connection: close\r\n\r\n", false, 1},
        {"HTTP/1.0 407 No\r\nContent-Length: 1\r\n\r\n", false, 1},
        {"HTTP/1.0 407 No\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n", true, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct http_connect_reply r = parse(examples[i].head);

        assert_int_equal(r.status, 407);
        assert_int_equal(r.stays_open, examples[i].stays_open);
        assert_int_equal(r.body, examples[i].body);
    }
}

static void reports_refusals_in_words(void **state)
{
    static const struct {
        const char *head;
        const char *why;
        int number;
    } examples[] = {
        {"HTTP/1.1 403 Not \x1b[1m here \r\n\r\n", "403 Not ?[1m here", EACCES},
        {"HTTP/1.0 502\n\n", "502", EHOSTUNREACH},
        {"HTTP/1.1 504 Late\r\n\r\n", "504 Late", ETIMEDOUT},
        {"HTTP/1.1 407 No\r\n\r\n",
         "407 No: the proxy offers no login that tcptool has (Basic, Digest)", EACCES},
        {"HTTP/1.1 407 No\r\nproxy-authenticate: basic realm=x\r\n\r\n",
         "407 No: the proxy requires a login", EACCES},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct http_connect_reply r = parse(examples[i].head);
        struct error err = {0};

        http_connect_refusal(&r, false, &err);
        assert_string_equal(err.text, examples[i].why);
        assert_int_equal(err.status, EXITCODE_FAILED);
        assert_int_equal(err.number, examples[i].number);
        error_clear(&err);
    }
}

static struct http_auth_challenge read_challenge(const char *value)
{
    struct http_auth_challenge c = {0};

    http_auth_read(value, strlen(value), &c);
    return c;
}

static void picks_the_strongest_challenge(void **state)
{
    static const struct {
        const char *value;
        enum http_auth_scheme scheme;
    } examples[] = {
        {"Basic realm=\"x\"", HTTP_AUTH_BASIC},
        {"BASIC", HTTP_AUTH_BASIC},
        {"Digest realm=\"x\", nonce=\"n\", qop=\"auth\"", HTTP_AUTH_DIGEST_MD5},
        {"Digest realm=x,nonce=n,qop=\"auth-int, auth\",algorithm=md5", HTTP_AUTH_DIGEST_MD5},
        {"digest realm = x , nonce = n , qop = auth , algorithm = sha-256",
         HTTP_AUTH_DIGEST_SHA256},
        {"Digest realm=x, nonce=n, qop=auth, Basic realm=y", HTTP_AUTH_DIGEST_MD5},
        {"Basic realm=y, Digest realm=x, nonce=n, qop=auth, algorithm=SHA-256, Digest realm=x, "
         "nonce=m, qop=auth, algorithm=MD5",
         HTTP_AUTH_DIGEST_SHA256},
        {"NTLM TlRMTVNTUAAC==, Negotiate, Basic realm=x", HTTP_AUTH_BASIC},
        {"Bearer realm=\"Basic , Digest\"", HTTP_AUTH_NONE},
        {"Digest realm=x, nonce=n, qop=auth, algorithm=SHA-256-sess", HTTP_AUTH_NONE},
        {"Digest realm=x, nonce=n, qop=auth-int", HTTP_AUTH_NONE},
        {"Digest realm=x, nonce=n", HTTP_AUTH_NONE},
        {"Digest realm=x, qop=auth", HTTP_AUTH_NONE},
        {"Digest nonce=n, qop=auth, realm=\"x", HTTP_AUTH_NONE},
        {"Digest nonce=n, qop=auth, realm=\"x\r\"", HTTP_AUTH_NONE},
        {"=, ,", HTTP_AUTH_NONE},
        {"", HTTP_AUTH_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        assert_int_equal(read_challenge(examples[i].value).scheme, examples[i].scheme);
    assert_true(read_challenge("Digest realm=x, nonce=n, qop=auth, stale=TRUE").is_stale);
    assert_false(read_challenge("Digest realm=x, nonce=n, qop=auth, stale=false").is_stale);
}

#define NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define DIGEST(algorithm)                                                                  \
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=" algorithm \
    ", nonce=\"" NONCE "\", opaque=\"FQhe\""
#define ANSWER(algorithm, response)                                                \
    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"" NONCE  \
    "\", uri=\"target.test:443\", response=\"" response "\", algorithm=" algorithm \
    ", cnonce=\"" CNONCE "\", nc=00000001, qop=auth, opaque=\"FQhe\""

/* The data of RFC 7616, section 3.9.1, with CONNECT for GET, and responses that Python computed. */
static void answers_challenges(void **state)
{
    static const struct {
        const char *challenge;
        const char *target, *user, *pass, *cnonce;
        const char *answer;
    } examples[] = {
        {"Basic realm=x", "target.test:443", "Aladdin", "open sesame", "",
         "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"Basic realm=x", "target.test:443", "a", "", "", "Basic YTo="},
        {"Basic realm=x", "target.test:443", "", "\xc2\xa3", "", "Basic OsKj"},
        {DIGEST("MD5"), "target.test:443", "Mufasa", "Circle of Life", CNONCE,
         ANSWER("MD5", "331ebe6662b510d932a0e9ba1ddcd8f3")},
        {DIGEST("SHA-256"), "target.test:443", "Mufasa", "Circle of Life", CNONCE,
         ANSWER("SHA-256", "b1315023ad2d0bc1814d0d1a13162d9513afd124be8fdf9a77f8822d04ba7241")},
        {"Digest realm=\"say \\\"hi\\\"\", nonce=n, qop=auth", "[::1]:80", "a\"b", "p", "c",
         "Digest username=\"a\\\"b\", realm=\"say \\\"hi\\\"\", nonce=\"n\", uri=\"[::1]:80\", "
         "response=\"524251f775e7ab81b57b2b8597d34e7d\", cnonce=\"c\", nc=00000001, qop=auth"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct http_auth_challenge c = read_challenge(examples[i].challenge);
        const struct http_connect_login login = {&c, examples[i].user, examples[i].pass,
                                                 examples[i].cnonce};
        char wanted[1000];
        struct buf to = {0};

        snprintf(wanted, sizeof(wanted),
                 "CONNECT %s HTTP/1.1\r\nHost: %s\r\nProxy-Authorization: %s\r\n\r\n",
                 examples[i].target, examples[i].target, examples[i].answer);
        assert_int_equal(http_connect_request(examples[i].target, &login, &to, NULL), 0);
        assert_int_equal(buf_add(&to, "", 1), 0);
        assert_string_equal(buf_head(&to), wanted);
        buf_free(&to);
    }
}

static void writes_no_host_that_breaks_the_request(void **state)
{
    struct buf to = {0};

    (void)state;
    assert_int_equal(http_connect_request("a\r\nb:80", NULL, &to, NULL), -1);
    assert_int_equal(http_connect_request("a b:80", NULL, &to, NULL), -1);
    assert_int_equal(buf_length(&to), 0);
    buf_free(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_end_of_heads),
        cmocka_unit_test(refuses_what_is_not_http),
        cmocka_unit_test(decides_whether_the_connection_stays_open),
        cmocka_unit_test(reports_refusals_in_words),
        cmocka_unit_test(picks_the_strongest_challenge),
        cmocka_unit_test(answers_challenges),
        cmocka_unit_test(writes_no_host_that_breaks_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
