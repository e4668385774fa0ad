/* base/endpoint: the words for a place, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/endpoint.h"

static void words_are_taken_apart(void **state)
{
    static const struct {
        const char *word, *host, *port;
    } cases[] = {
        {"example.org", "example.org", NULL},
        {"example.org:80", "example.org", "80"},
        {"example.org:http", "example.org", "http"},
        {"example.org:", "example.org", ""},
        {"192.0.2.1", "192.0.2.1", NULL},
        {"192.0.2.1:80", "192.0.2.1", "80"},
        {"::1", "::1", NULL},
        {"::", "::", NULL},
        {"2001:db8::1", "2001:db8::1", NULL},
        {"fe80::1%eth0", "fe80::1%eth0", NULL},
        {"[::1]", "::1", NULL},
        {"[::1]:80", "::1", "80"},
        {"[::1]:", "::1", ""},
        {"[fe80::1%eth0]:80", "fe80::1%eth0", "80"},
        {"[name]:80", "name", "80"},
        {"a:b:c", "a:b:c", NULL},
        {"host]:80", "host]", "80"},
        {" ", " ", NULL},
        {"unix", "unix", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint e;
        struct error err = {0};

        assert_int_equal(endpoint_parse(cases[i].word, &e, &err), 0);
        assert_false(error_is_set(&err));
        assert_string_equal(e.host, cases[i].host);
        assert_int_equal(e.address.sa.sa_family, AF_UNSPEC);
        if (cases[i].port != NULL)
            assert_string_equal(e.port, cases[i].port);
        else
            assert_null(e.port);
        endpoint_clear(&e);
        assert_null(e.host);
        assert_null(e.port);
    }
}

static void malformed_words_are_quoted(void **state)
{
    static const struct {
        const char *word, *why;
    } cases[] = {
        {"", "invalid address \"\": the host is empty"},
        {":", "invalid address \":\": the host is empty"},
        {":80", "invalid address \":80\": the host is empty"},
        {"[", "invalid address \"[\": a closing bracket is missing"},
        {"[::1", "invalid address \"[::1\": a closing bracket is missing"},
        {"[::1:80", "invalid address \"[::1:80\": a closing bracket is missing"},
        {"[]", "invalid address \"[]\": the brackets are empty"},
        {"[]:80", "invalid address \"[]:80\": the brackets are empty"},
        {"[::1]80", "invalid address \"[::1]80\": only :PORT may follow the bracket"},
        {"[::1]]", "invalid address \"[::1]]\": only :PORT may follow the bracket"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint e;
        struct error err = {0};

        assert_int_equal(endpoint_parse(cases[i].word, &e, &err), -1);
        assert_string_equal(err.text, cases[i].why);
        assert_int_equal(err.status, EXITCODE_USAGE);
        assert_null(e.host);
        assert_null(e.port);
        error_clear(&err);
        assert_int_equal(endpoint_parse(cases[i].word, &e, NULL), -1);
    }
}

static void ports_are_numbers_or_names_of_services(void **state)
{
    static const struct {
        const char *word;
        unsigned min, port;
    } cases[] = {
        {"0", 0, 0},  {"1", 1, 1},     {"80", 0, 80},   {"65535", 1, 65535},
        {"00", 0, 0}, {"0080", 1, 80}, {"http", 1, 80}, {"https", 0, 443},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned port = 7;

        assert_int_equal(endpoint_parse_port(cases[i].word, cases[i].min, &port, NULL), 0);
        assert_int_equal(port, cases[i].port);
    }
}

static void invalid_ports_are_quoted(void **state)
{
    static const char *const words[] = {"",    "-1", "+1",   "65536", "99999999999999999999",
                                        "1 ",  " 1", "0x50", "8.0",   "nosuchservice",
                                        "80a", "١",  "\n",   "http "};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct error err = {0};
        unsigned port = 7;
        char wanted[200] = "invalid port \"";

        assert_int_equal(endpoint_parse_port(words[i], 0, &port, &err), -1);
        strcat(wanted, words[i]);
        strcat(wanted, "\": expected 0 to 65535 or a service name");
        assert_string_equal(err.text, wanted);
        assert_int_equal(err.status, EXITCODE_USAGE);
        assert_int_equal(port, 7);
        error_clear(&err);
    }
    {
        struct error err = {0};
        unsigned port;

        assert_int_equal(endpoint_parse_port("0", 1, &port, &err), -1);
        assert_string_equal(err.text, "invalid port \"0\": expected 1 to 65535 or a service name");
        error_clear(&err);
    }
}

static void whole_addresses_and_paths(void **state)
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
        {"vsock:1:0", "vsock:1:0", AF_VSOCK, false},
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

static void whole_words_can_be_malformed(void **state)
{
    (void)state;
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
    assert_malformed("http://a.example/x", "HOST PORT: a.example 80");
    assert_malformed("http://a.example:81", "HOST PORT: a.example 81");
    assert_malformed("https://me:secret@a.example:81/@:9", "HOST PORT: a.example 81");
    assert_malformed("tcp://[::1]:81", "HOST PORT: ::1 81");
    assert_malformed("http://[::1]/", "HOST PORT: ::1 80");
    assert_malformed("http://[::1", "expected HOST and PORT");
    assert_malformed("http://a.example:/", "HOST PORT: a.example 80");
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

static void words_alone_have_a_kind(void **state)
{
    static const char *const ports[] = {"0", "8888", "99999"};
    static const char *const addresses[] = {"127.0.0.1", "0.0.0.0:80", "localhost:80", "[::1]",
                                            "[::1]:80",  "::1",        ":80",          "[",
                                            "unix:/a/b", "unix:@a",    "vsock:1:2",    "a://b/c"};
    static const char *const others[] = {"", "cat", "./8888", "/a/b:80", "a/b", "1.2.3", "-", "8a"};

    (void)state;
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        assert_int_equal(endpoint_kind(ports[i]), ENDPOINT_PORT);
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        assert_int_equal(endpoint_kind(addresses[i]), ENDPOINT_ADDRESS);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(endpoint_kind(others[i]), ENDPOINT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_taken_apart),
        cmocka_unit_test(words_alone_have_a_kind),
        cmocka_unit_test(malformed_words_are_quoted),
        cmocka_unit_test(whole_addresses_and_paths),
        cmocka_unit_test(whole_words_can_be_malformed),
        cmocka_unit_test(urls_show_host_and_port),
        cmocka_unit_test(names_are_limited),
        cmocka_unit_test(ports_are_numbers_or_names_of_services),
        cmocka_unit_test(invalid_ports_are_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
