/* base/addr: the text of addresses, their ports, and when two are the same. */
#include <arpa/inet.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

static struct addr make(const char *host, unsigned port)
{
    struct addr a = {.length = sizeof(a.in)};

    a.sa.sa_family = AF_INET;
    if (inet_pton(AF_INET, host, &a.in.sin_addr) != 1) {
        a = (struct addr){.length = sizeof(a.in6)};
        a.sa.sa_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, host, &a.in6.sin6_addr), 1);
    }
    addr_set_port(&a, port);
    return a;
}

static void addresses_have_a_text(void **state)
{
    static const struct {
        const char *host;
        unsigned port;
        const char *text;
    } cases[] = {
        {"192.0.2.1", 80, "192.0.2.1:80"},
        {"0.0.0.0", 0, "0.0.0.0:0"},
        {"255.255.255.255", 65535, "255.255.255.255:65535"},
        {"::", 0, "[::]:0"},
        {"2001:0DB8:0:0:0:0:0:1", 443, "[2001:db8::1]:443"},
        {"::ffff:192.0.2.1", 1, "[::ffff:192.0.2.1]:1"},
        {"fe80::1", 65535, "[fe80::1]:65535"},
    };
    char text[ADDR_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr a = make(cases[i].host, cases[i].port);

        assert_ptr_equal(addr_format(&a, text), text);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_zone_is_a_name_or_a_number(void **state)
{
    struct addr a = make("fe80::1", 80);
    char text[ADDR_TEXT_SIZE], wanted[ADDR_TEXT_SIZE], name[IF_NAMESIZE];

    (void)state;
    a.in6.sin6_scope_id = 1;
    if (if_indextoname(1, name) == NULL)
        strcpy(name, "1");
    snprintf(wanted, sizeof(wanted), "[fe80::1%%%s]:80", name);
    assert_string_equal(addr_format(&a, text), wanted);
    a.in6.sin6_scope_id = UINT32_MAX;
    assert_string_equal(addr_format(&a, text), "[fe80::1%4294967295]:80");
}

/* The longest there is. */
static void the_text_has_room(void **state)
{
    struct addr a = make("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
    char *text = malloc(ADDR_TEXT_SIZE);

    (void)state;
    assert_non_null(text);
    a.in6.sin6_scope_id = UINT32_MAX;
    assert_string_equal(addr_format(&a, text),
                        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
    free(text);
}

static void ports_are_in_host_order(void **state)
{
    struct addr a = make("192.0.2.1", 0), b = make("::1", 0);

    (void)state;
    for (unsigned port = 0; port <= 65535; port += 257) {
        addr_set_port(&a, port);
        addr_set_port(&b, port);
        assert_int_equal(addr_port(&a), port);
        assert_int_equal(addr_port(&b), port);
        assert_int_equal(a.in.sin_port, htons((uint16_t)port));
        assert_int_equal(b.in6.sin6_port, htons((uint16_t)port));
    }
}

static void equal_is_the_same_address_and_port(void **state)
{
    const struct addr a = make("192.0.2.1", 80), six = make("2001:db8::1", 80);
    struct addr other = a;

    (void)state;
    /* What the kernel leaves in the padding does not count. */
    memset(other.in.sin_zero, 0xff, sizeof(other.in.sin_zero));
    assert_true(addr_equals(&a, &other));
    addr_set_port(&other, 81);
    assert_false(addr_equals(&a, &other));
    other = make("192.0.2.2", 80);
    assert_false(addr_equals(&a, &other));
    other = make("::ffff:192.0.2.1", 80);
    assert_false(addr_equals(&a, &other));
    other = six;
    other.in6.sin6_flowinfo = 1;
    assert_true(addr_equals(&six, &other));
    other.in6.sin6_scope_id = 77777;
    assert_false(addr_equals(&six, &other));
}

static void a_list_is_empty_after_it_is_cleared(void **state)
{
    struct addr_list list = {calloc(2, sizeof(struct addr)), 2};

    (void)state;
    assert_non_null(list.items);
    addr_list_clear(&list);
    assert_null(list.items);
    assert_int_equal(list.count, 0);
    addr_list_clear(&list);
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

static void ipv4_in_ipv6_becomes_ipv4(void **state)
{
    struct addr a = {.length = sizeof(a.in6), .in6 = {.sin6_family = AF_INET6}};
    char text[ADDR_TEXT_SIZE];

    (void)state;
    addr_set_port(&a, 80);
    inet_pton(AF_INET6, "::ffff:192.0.2.1", &a.in6.sin6_addr);
    addr_unmap(&a);
    assert_string_equal(addr_format(&a, text), "192.0.2.1:80");
    assert_int_equal(a.length, sizeof(a.in));
    addr_unmap(&a);
    assert_string_equal(addr_format(&a, text), "192.0.2.1:80");
    addr_set_any(&a, AF_INET6, 80);
    addr_unmap(&a);
    assert_string_equal(addr_format(&a, text), "[::]:80");
    assert_int_equal(addr_parse("unix:x", &a, NULL), ADDR_WHOLE);
    addr_unmap(&a);
    assert_string_equal(addr_format(&a, text), "unix:x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_a_text),
        cmocka_unit_test(a_zone_is_a_name_or_a_number),
        cmocka_unit_test(the_text_has_room),
        cmocka_unit_test(ports_are_in_host_order),
        cmocka_unit_test(ipv4_in_ipv6_becomes_ipv4),
        cmocka_unit_test(processes_are_named),
        cmocka_unit_test(ports_are_those_of_the_family),
        cmocka_unit_test(equal_is_the_same_address_and_port),
        cmocka_unit_test(a_list_is_empty_after_it_is_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
