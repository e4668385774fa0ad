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
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint e;
        struct error err = {0};

        assert_int_equal(endpoint_parse(cases[i].word, &e, &err), 0);
        assert_false(error_is_set(&err));
        assert_string_equal(e.host, cases[i].host);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_taken_apart),
        cmocka_unit_test(malformed_words_are_quoted),
        cmocka_unit_test(ports_are_numbers_or_names_of_services),
        cmocka_unit_test(invalid_ports_are_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
