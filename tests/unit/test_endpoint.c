/* base/endpoint and base/addr: words for addresses, and addresses as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/endpoint.h"

static void assert_text(const char *text, const char *wanted)
{
    if (wanted == NULL)
        assert_null(text);
    else
        assert_string_equal(text, wanted);
}

static void hosts_and_ports(void **state)
{
    static const struct {
        const char *word, *host, *port;
    } rows[] = {
        {"localhost", "localhost", NULL},
        {"localhost:80", "localhost", "80"},
        {"127.0.0.1:x", "127.0.0.1", "x"},
        {"::1", "::1", NULL},
        {"[::1]", "::1", NULL},
        {"[::1]:80", "::1", "80"},
        {"unix", "unix", NULL},
        {"vsock", "vsock", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint e;

        assert_int_equal(endpoint_parse(rows[i].word, &e, NULL), 0);
        assert_text(e.host, rows[i].host);
        assert_text(e.port, rows[i].port);
        assert_int_equal(e.address.sa.sa_family, AF_UNSPEC);
        endpoint_clear(&e);
    }
}

static void whole_addresses(void **state)
{
    static const struct {
        const char *word, *text;
        int family;
        bool is_file;
    } rows[] = {
        {"unix:x", "unix:x", AF_UNIX, true},
        {"unix:/run/x:y", "unix:/run/x:y", AF_UNIX, true},
        {"unix:@x", "unix:@x", AF_UNIX, false},
        {"unix:./@x", "unix:./@x", AF_UNIX, true},
        {"/run/x", "unix:/run/x", AF_UNIX, true},
        {"./x:80", "unix:./x:80", AF_UNIX, true},
        {"x/y", "unix:x/y", AF_UNIX, true},
        {"vsock:3:80", "vsock:3:80", AF_VSOCK, false},
        {"vsock:any:1", "vsock:any:1", AF_VSOCK, false},
        {"vsock:4294967294:4294967294", "vsock:4294967294:4294967294", AF_VSOCK, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint e;
        struct addr again;
        char text[ADDR_TEXT_SIZE];

        assert_int_equal(endpoint_parse(rows[i].word, &e, NULL), 0);
        assert_int_equal(e.address.sa.sa_family, rows[i].family);
        assert_int_equal(addr_is_file(&e.address), rows[i].is_file);
        assert_null(e.port);
        assert_string_equal(addr_format(&e.address, text), rows[i].text);
        assert_int_equal(addr_parse(e.host, &again, NULL), ADDR_WHOLE);
        assert_true(addr_equals(&again, &e.address));
        endpoint_clear(&e);
    }
}

static void assert_malformed(const char *word, const char *part)
{
    struct endpoint e;
    struct error err = {0};

    assert_int_equal(endpoint_parse(word, &e, &err), -1);
    assert_int_equal(err.status, EXITCODE_USAGE);
    if (strstr(err.text, word) == NULL || strstr(err.text, part) == NULL)
        fail_msg("%s: %s", word, err.text);
    error_clear(&err);
}

static void malformed_words(void **state)
{
    (void)state;
    assert_malformed("", "empty");
    assert_malformed(":80", "empty");
    assert_malformed("[::1", "bracket");
    assert_malformed("unix:", "unix:PATH");
    assert_malformed("unix:@", "unix:@NAME");
    assert_malformed("vsock:", "vsock:CID:PORT");
    assert_malformed("vsock:3", "vsock:CID:PORT");
    assert_malformed("vsock::3", "vsock:CID:PORT");
    assert_malformed("vsock:3:", "vsock:CID:PORT");
    assert_malformed("vsock:3:+1", "vsock:CID:PORT");
    assert_malformed("vsock:12345678901:1", "vsock:CID:PORT");
}

static void urls_show_host_and_port(void **state)
{
    (void)state;
    assert_malformed("http://a.example/x", "HOST PORT: a.example http");
    assert_malformed("http://a.example:81", "HOST PORT: a.example 81");
    assert_malformed("https://me:secret@a.example:81/@:9", "HOST PORT: a.example 81");
    assert_malformed("tcp://[::1]:81", "HOST PORT: ::1 81");
    assert_malformed("http://[::1]/", "HOST PORT: ::1 http");
    assert_malformed("http://[::1", "HOST PORT: ");
    assert_malformed("http://a.example:/", "HOST PORT: a.example http");
    assert_malformed("/tmp/a://b", "HOST PORT: b ");
    assert_malformed("unix:///tmp/x", "unix:PATH");
    assert_malformed("://", "unix:PATH");
}

static void names_are_limited(void **state)
{
    char word[200] = "unix:";
    struct endpoint e;
    char text[ADDR_TEXT_SIZE];

    (void)state;
    memset(word + 5, 'x', 107);
    assert_int_equal(endpoint_parse(word, &e, NULL), 0);
    assert_string_equal(addr_format(&e.address, text), word);
    endpoint_clear(&e);
    word[5 + 107] = 'x';
    assert_malformed(word, "the path has 108 bytes, the limit is 107");
    word[5] = '@';
    assert_int_equal(endpoint_parse(word, &e, NULL), 0);
    e.address.pid = 4194304;
    assert_int_equal(strlen(addr_format(&e.address, text)),
                     strlen(word) + strlen(" (pid 4194304)"));
    endpoint_clear(&e);
    word[5 + 108] = 'x';
    assert_malformed(word, "the name has 108 bytes, the limit is 107");
}

static void processes_are_named(void **state)
{
    struct addr a;
    char text[ADDR_TEXT_SIZE];

    (void)state;
    assert_int_equal(addr_parse("unix:/x", &a, NULL), ADDR_WHOLE);
    a.pid = 17;
    assert_string_equal(addr_format(&a, text), "unix:/x (pid 17)");
    a = (struct addr){.length = sizeof(sa_family_t), .un.sun_family = AF_UNIX};
    assert_string_equal(addr_format(&a, text), "unix:");
}

static void ports_are_those_of_the_family(void **state)
{
    struct addr a;

    (void)state;
    assert_int_equal(addr_parse("vsock:1:70000", &a, NULL), ADDR_WHOLE);
    addr_set_port(&a, 5);
    assert_int_equal(addr_port(&a), 70000);
    assert_int_equal(addr_parse("unix:x", &a, NULL), ADDR_WHOLE);
    addr_set_port(&a, 5);
    assert_int_equal(addr_port(&a), 0);
    assert_string_equal(a.un.sun_path, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_ports),
        cmocka_unit_test(whole_addresses),
        cmocka_unit_test(malformed_words),
        cmocka_unit_test(urls_show_host_and_port),
        cmocka_unit_test(names_are_limited),
        cmocka_unit_test(processes_are_named),
        cmocka_unit_test(ports_are_those_of_the_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
