/* stages/access: which rule decides. */
#include <arpa/inet.h>

#include "stages/access.h"
#include "tests/unit/scripted.h"

/* Rules as they are given: "+" allows, "-" denies; NULL ends them. */
static void make_rules(struct access_rules *r, const char *const *words)
{
    *r = (struct access_rules){0};
    for (; *words != NULL; words++)
        assert_int_equal(access_add(r, *words + 1, **words == '+', NULL), ACCESS_ADDED);
}

static struct addr address(const char *host)
{
    struct addr a = {.length = sizeof(a.in6)};

    a.sa.sa_family = AF_INET;
    if (strcmp(host, "unix") == 0) {
        a.sa.sa_family = AF_UNIX;
    } else if (inet_pton(AF_INET, host, &a.in.sin_addr) != 1) {
        a.sa.sa_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, host, &a.in6.sin6_addr), 1);
    }
    return a;
}

/* Asserts who is permitted ("+"), and who is refused by which rule ("-HOST RULE", or "-HOST"
 * when no rule matches). */
static void assert_permits(const char *const *words, const char *const *hosts)
{
    for (int reversed = 0; reversed < 2; reversed++) {
        const char *order[8] = {NULL};
        struct access_rules r;
        size_t count = 0;

        while (words[count] != NULL)
            count++;
        for (size_t i = 0; i < count; i++)
            order[i] = words[reversed ? count - 1 - i : i];
        make_rules(&r, order);
        for (const char *const *h = hosts; *h != NULL; h++) {
            char host[64];
            const char *space = strchr(*h, ' ');
            const char *rule;
            struct addr a;

            strcpy(host, *h + 1);
            if (space != NULL)
                host[space - *h - 1] = '\0';
            a = address(host);
            assert_int_equal(access_permits(&r, &a, &rule), **h == '+');
            if (**h == '-' && space != NULL)
                assert_string_equal(rule, space + 1);
            if (**h == '-' && space == NULL)
                assert_null(rule);
        }
        access_clear_rules(&r);
    }
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void without_rules_all_are_permitted(void **state)
{
    (void)state;
    assert_permits((const char *const[]){NULL}, LIST("+192.0.2.1", "+::1", "+unix"));
}

static void a_deny_rule_alone_permits_the_others(void **state)
{
    (void)state;
    assert_permits(LIST("-192.0.2.0/24"),
                   LIST("-192.0.2.0 192.0.2.0/24", "-192.0.2.255 192.0.2.0/24", "+192.0.3.0",
                        "+192.0.1.255", "+::1", "+unix"));
}

static void an_allow_rule_refuses_the_others(void **state)
{
    (void)state;
    assert_permits(LIST("+192.0.2.1", "+2001:db8::/32"),
                   LIST("+192.0.2.1", "-192.0.2.2", "+2001:db8:ffff::1", "-2001:db9::1", "-unix"));
}

static void the_most_specific_rule_decides(void **state)
{
    (void)state;
    assert_permits(
        LIST("+10.0.0.0/8", "-10.1.0.0/16", "+10.1.2.0/24", "-10.1.2.3"),
        LIST("+10.0.0.1", "-10.1.0.1 10.1.0.0/16", "+10.1.2.4", "-10.1.2.3 10.1.2.3", "-11.0.0.1"));
    assert_permits(LIST("-0.0.0.0/0", "+127.0.0.1"),
                   LIST("+127.0.0.1", "-127.0.0.2 0.0.0.0/0", "-::1"));
}

static void deny_wins_where_both_say_the_same(void **state)
{
    (void)state;
    assert_permits(LIST("+192.0.2.1", "-192.0.2.1"), LIST("-192.0.2.1 192.0.2.1"));
}

/* Prefixes that end within a byte. */
static void every_bit_counts(void **state)
{
    (void)state;
    assert_permits(LIST("+192.0.2.128/25"), LIST("-192.0.2.127", "+192.0.2.128"));
    assert_permits(LIST("+192.0.2.8/29"), LIST("-192.0.2.7", "+192.0.2.15", "-192.0.2.16"));
    assert_permits(LIST("+192.0.2.2/31"), LIST("-192.0.2.1", "+192.0.2.3", "-192.0.2.4"));
    assert_permits(LIST("+2001:db8::8000/113"), LIST("-2001:db8::7fff", "+2001:db8::ffff"));
}

static void ipv4_in_ipv6_is_ipv4(void **state)
{
    (void)state;
    assert_permits(LIST("-192.0.2.0/24"),
                   LIST("-::ffff:192.0.2.1 192.0.2.0/24", "+::ffff:1.2.3.4"));
    assert_permits(LIST("-::ffff:192.0.2.0/120"), LIST("-192.0.2.1 ::ffff:192.0.2.0/120"));
    assert_permits(LIST("-::/0"), LIST("+192.0.2.1", "+::ffff:192.0.2.1", "-::1 ::/0"));
    /* 96 bits of it are all of IPv4. */
    assert_permits(LIST("-::ffff:0:0/96"), LIST("-192.0.2.1 ::ffff:0:0/96", "+::1"));
}

static void unix_sockets_have_a_rule_of_their_own(void **state)
{
    (void)state;
    assert_permits(LIST("-unix"), LIST("-unix unix", "+127.0.0.1"));
    assert_permits(LIST("+unix"), LIST("+unix", "-127.0.0.1"));
    assert_permits(LIST("-0.0.0.0/0", "-::/0"), LIST("+unix"));
}

static void brackets_are_taken_off(void **state)
{
    (void)state;
    assert_permits(LIST("-[2001:db8::1]", "-[2001:db8:1::]/48"),
                   LIST("-2001:db8::1 [2001:db8::1]", "-2001:db8:1::9 [2001:db8:1::]/48"));
}

static void malformed_rules_are_quoted(void **state)
{
    static const struct {
        const char *word, *why;
    } cases[] = {
        {"192.0.2.0/33", "expected 0 to 32 bits"},
        {"192.0.2.0/", "expected 0 to 32 bits"},
        {"192.0.2.0/-1", "expected 0 to 32 bits"},
        {"192.0.2.0/24/8", "expected 0 to 32 bits"},
        {"192.0.2.0/255.255.255.0", "expected 0 to 32 bits"},
        {"2001:db8::/129", "expected 0 to 128 bits"},
        {"192.0.2.1/24", "the address has bits beyond the prefix"},
        {"2001:db8::1/32", "the address has bits beyond the prefix"},
        {"192.0.2.4/29", "the address has bits beyond the prefix"},
        {"192.0.2", "expected an address, ADDR/BITS or a host name"},
        {"192.0.2.256", "expected an address, ADDR/BITS or a host name"},
        {"name/24", "expected an address, ADDR/BITS or a host name"},
        {"@file", "expected an address, ADDR/BITS or a host name"},
        {"", "expected an address, ADDR/BITS or a host name"},
        {"/8", "expected an address, ADDR/BITS or a host name"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/8",
         "expected an address, ADDR/BITS or a host name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct access_rules r = {0};
        struct error err = {0};
        char wanted[200] = "invalid rule \"";

        strcat(wanted, cases[i].word);
        strcat(wanted, "\": ");
        strcat(wanted, cases[i].why);
        assert_int_equal(access_add(&r, cases[i].word, true, &err), ACCESS_FAILED);
        assert_string_equal(err.text, wanted);
        assert_int_equal(err.status, EXITCODE_USAGE);
        assert_int_equal(r.count, 0);
        error_clear(&err);
    }
}

static void names_are_left_to_be_looked_up(void **state)
{
    const struct addr found = address("::ffff:192.0.2.7"), other = address("192.0.2.8");
    const char *rule;
    struct access_rules r = {0};

    (void)state;
    assert_int_equal(access_add(&r, "example.org", true, NULL), ACCESS_IS_NAME);
    assert_int_equal(access_add(&r, "localhost", true, NULL), ACCESS_IS_NAME);
    assert_int_equal(r.count, 0);
    assert_int_equal(access_add_address(&r, &found, NULL, "example.org", true, NULL), 0);
    assert_true(access_permits(&r, &found, &rule));
    assert_false(access_permits(&r, &other, &rule));
    access_clear_rules(&r);
}

static void the_stage_says_which_rule_refused(void **state)
{
    static const struct {
        const char *rule, *why;
    } cases[] = {
        {"+192.0.2.1", NULL},
        {"-192.0.2.0/24", "--deny 192.0.2.0/24"},
        {"+192.0.2.2", "no --allow rule matches"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct access a = ACCESS_INIT;
        struct stage_plan plan = {access_stage, &a};
        struct script script = {.reads = {GIVES("data")}};
        struct loop *l = still_loop();
        struct stream *s = script_connect(l, &script);
        struct handshake *h;
        struct error why = {0};

        make_rules(&a.rules, LIST(cases[i].rule));
        assert_int_equal(handshake_start(&h, s, &plan, 1, 0, NULL, NULL, &why),
                         cases[i].why == NULL ? HANDSHAKE_DONE : HANDSHAKE_REFUSED);
        if (cases[i].why != NULL)
            assert_string_equal(why.text, cases[i].why);
        assert_int_equal(script.read_calls, 0);
        error_clear(&why);
        stream_close(s, STREAM_AT_ONCE);
        access_clear_rules(&a.rules);
        loop_free(l);
    }
}

static void add_targets(struct access_rules *r, const char *const *words)
{
    *r = (struct access_rules){0};
    for (; *words != NULL; words++) {
        struct access_ports ports;
        char *host = NULL;

        assert_int_equal(access_add_target(r, *words + 1, **words == '+', &host, &ports, NULL),
                         ACCESS_ADDED);
    }
}

static struct addr address_of(const char *host, unsigned port)
{
    struct addr a = {.length = sizeof(a.in), .in.sin_family = AF_INET};

    if (inet_pton(AF_INET, host, &a.in.sin_addr) != 1) {
        a = (struct addr){.length = sizeof(a.in6), .in6.sin6_family = AF_INET6};
        assert_int_equal(inet_pton(AF_INET6, host, &a.in6.sin6_addr), 1);
    }
    addr_set_port(&a, port);
    return a;
}

static void rules_of_targets_have_ports(void **state)
{
    static const struct {
        const char *words[4];
        const char *target;
        unsigned port;
        bool allowed;
    } cases[] = {
        {{"+192.0.2.1:80"}, "192.0.2.1", 80, true},
        {{"+192.0.2.1:80"}, "192.0.2.1", 81, false},
        {{"+192.0.2.1:80"}, "::ffff:192.0.2.1", 80, true},
        {{"+192.0.2.1:80-82"}, "192.0.2.1", 82, true},
        {{"+192.0.2.1:80-82"}, "192.0.2.1", 83, false},
        {{"+[2001:db8::1]:http"}, "2001:db8::1", 80, true},
        {{"+[2001:db8::/32]:80"}, "2001:db8::7", 80, true},
        {{"+2001:db8::/32"}, "2001:db8::7", 1, true},
        {{"+192.0.2.0/24", "-192.0.2.0/24:25"}, "192.0.2.1", 25, false},
        {{"+192.0.2.0/24", "-192.0.2.0/24:25"}, "192.0.2.1", 26, true},
        {{"-192.0.2.0/24:1-100", "+192.0.2.0/24:80"}, "192.0.2.1", 80, true},
        {{"-192.0.2.1:80", "+192.0.2.1:80"}, "192.0.2.1", 80, false},
        {{"-192.0.2.1"}, "192.0.2.2", 80, true},
        {{"+192.0.2.0/24", "-192.0.2.1:25"}, "192.0.2.1", 26, true},
        {{"+192.0.2.0/25", "-192.0.2.0/26:25", "+192.0.2.1:26"}, "192.0.2.1", 25, false},
        {{"+192.0.2.0/25", "-192.0.2.0/26:25", "+192.0.2.1:26"}, "192.0.2.1", 27, true},
        {{"+0.0.0.0/0", "-192.0.2.1:25"}, "192.0.2.1", 80, true},
        {{"+::/0", "+192.0.2.1:25"}, "192.0.2.1", 80, false},
        {{"-192.0.2.1:1-10", "+192.0.2.1:5-14"}, "192.0.2.1", 7, false},
        {{"+192.0.2.1:5-14", "-192.0.2.1:1-10"}, "192.0.2.1", 7, false},
        {{"+192.0.2.1:5-14", "-192.0.2.1:1-10"}, "192.0.2.1", 12, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr client = address_of("198.51.100.1", 1);
        struct addr target = address_of(cases[i].target, cases[i].port);
        struct access a = ACCESS_INIT;

        add_targets(&a.rules, cases[i].words);
        assert_int_equal(access_refuses_target(&a, &client, &target) == NULL, cases[i].allowed);
        access_clear_rules(&a.rules);
    }
}

/* Words, and who asks for what. */
static void special_targets_are_for_local_clients(void **state)
{
    static const struct {
        const char *words[3];
        const char *client, *target;
        bool allowed;
    } cases[] = {
        {{NULL}, "192.0.2.1", "127.0.0.1", false},
        {{NULL}, "192.0.2.1", "127.255.0.1", false},
        {{NULL}, "192.0.2.1", "0.0.0.0", false},
        {{NULL}, "192.0.2.1", "0.0.0.1", false},
        {{NULL}, "192.0.2.1", "::1", false},
        {{NULL}, "192.0.2.1", "::", false},
        {{NULL}, "192.0.2.1", "::ffff:127.0.0.1", false},
        {{NULL}, "192.0.2.1", "::ffff:0.0.0.0", false},
        {{NULL}, "192.0.2.1", "169.254.169.254", false},
        {{NULL}, "192.0.2.1", "fe80::1", false},
        {{NULL}, "192.0.2.1", "febf::1", false},
        {{NULL}, "192.0.2.1", "fec0::1", true},
        {{NULL}, "192.0.2.1", "192.0.2.2", true},
        {{NULL}, "127.0.0.1", "127.0.0.2", true},
        {{NULL}, "::1", "0.0.0.0", true},
        {{NULL}, "::ffff:127.0.0.1", "::1", true},
        {{NULL}, "127.0.0.1", "fe80::1", true},
        {{NULL}, "fe80::2", "fe80::1", true},
        {{NULL}, "fe80::2", "::1", false},
        {{NULL}, "0.0.0.0", "::1", false},
        {{"+127.0.0.1"}, "192.0.2.1", "127.0.0.1", true},
        {{"+127.0.0.1"}, "192.0.2.1", "0.0.0.0", true},
        {{"+127.0.0.1"}, "192.0.2.1", "127.0.0.2", false},
        {{"+127.0.0.0/8"}, "192.0.2.1", "127.0.0.2", true},
        {{"+0.0.0.0/0"}, "192.0.2.1", "127.0.0.1", false},
        {{"-127.0.0.1"}, "127.0.0.1", "0.0.0.0", false},
        {{"-0.0.0.0"}, "127.0.0.1", "0.0.0.0", false},
        {{"-0.0.0.0"}, "127.0.0.1", "127.0.0.1", false},
        {{"-::"}, "127.0.0.1", "::", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr client = address_of(cases[i].client, 1),
                    target = address_of(cases[i].target, 80);
        struct access a = ACCESS_INIT;

        add_targets(&a.rules, cases[i].words);
        if ((access_refuses_target(&a, &client, &target) == NULL) != cases[i].allowed)
            fail_msg("%s to %s", cases[i].client, cases[i].target);
        access_clear_rules(&a.rules);
    }
}

static void a_rule_of_targets_may_have_a_name(void **state)
{
    struct access_rules r = {0};
    struct access_ports ports;
    char *host = NULL;

    (void)state;
    assert_int_equal(access_add_target(&r, "example.org:80-90", true, &host, &ports, NULL),
                     ACCESS_IS_NAME);
    assert_string_equal(host, "example.org");
    assert_int_equal(ports.first, 80);
    assert_int_equal(ports.last, 90);
    free(host);
    access_clear_rules(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_targets_have_ports),
        cmocka_unit_test(special_targets_are_for_local_clients),
        cmocka_unit_test(a_rule_of_targets_may_have_a_name),
        cmocka_unit_test(without_rules_all_are_permitted),
        cmocka_unit_test(a_deny_rule_alone_permits_the_others),
        cmocka_unit_test(an_allow_rule_refuses_the_others),
        cmocka_unit_test(the_most_specific_rule_decides),
        cmocka_unit_test(deny_wins_where_both_say_the_same),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(ipv4_in_ipv6_is_ipv4),
        cmocka_unit_test(unix_sockets_have_a_rule_of_their_own),
        cmocka_unit_test(brackets_are_taken_off),
        cmocka_unit_test(malformed_rules_are_quoted),
        cmocka_unit_test(names_are_left_to_be_looked_up),
        cmocka_unit_test(the_stage_says_which_rule_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
