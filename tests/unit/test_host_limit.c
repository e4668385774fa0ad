/* net/host_limit: which addresses are one host, and how many connections it may have. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/host_limit.h"

static struct addr address(const char *text)
{
    struct addr a = {.length = sizeof(a.in6)};

    if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
        a.sa.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1)
        a.sa.sa_family = AF_INET6;
    else
        a.sa.sa_family = (sa_family_t)(strcmp(text, "unix") == 0 ? AF_UNIX : AF_VSOCK);
    addr_set_port(&a, 1);
    return a;
}

static enum host_limit_result take(struct host_limit *l, const char *text, struct host **host)
{
    struct addr a = address(text);

    return host_limit_take(l, &a, host);
}

/* Asserts whether a connection from one address uses the place of the other's. */
static void assert_one_host(const char *a, const char *b, bool is_one)
{
    struct host_limit l = HOST_LIMIT_INIT;
    struct host *first, *second;

    l.max = 1;
    assert_int_equal(take(&l, a, &first), HOST_LIMIT_TAKEN);
    assert_non_null(first);
    assert_int_equal(take(&l, b, &second), is_one ? HOST_LIMIT_REACHED : HOST_LIMIT_TAKEN);
    host_limit_release(first);
    host_limit_release(second);
    assert_null(l.hosts);
}

static void a_host_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
    (void)state;
    assert_one_host("192.0.2.1", "192.0.2.1", true);
    assert_one_host("192.0.2.1", "192.0.2.2", false);
    assert_one_host("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true);
    assert_one_host("2001:db8::1", "2001:db8:0:1::1", false);
    assert_one_host("::1", "::2", true);
}

static void ipv4_in_ipv6_is_ipv4(void **state)
{
    (void)state;
    assert_one_host("192.0.2.1", "::ffff:192.0.2.1", true);
    assert_one_host("::ffff:192.0.2.1", "::ffff:192.0.2.2", false);
    assert_one_host("::ffff:0.0.0.0", "::", false);
    assert_one_host("192.0.2.1", "c000:201::1", false);
}

static void a_place_is_free_again_once_it_is_released(void **state)
{
    struct host_limit l = HOST_LIMIT_INIT;
    struct host *a, *b, *c;

    (void)state;
    l.max = 2;
    assert_int_equal(take(&l, "192.0.2.1", &a), HOST_LIMIT_TAKEN);
    assert_int_equal(take(&l, "192.0.2.1", &b), HOST_LIMIT_TAKEN);
    assert_int_equal(take(&l, "192.0.2.1", &c), HOST_LIMIT_REACHED);
    assert_null(c);
    host_limit_release(c);
    host_limit_release(a);
    assert_int_equal(take(&l, "192.0.2.1", &c), HOST_LIMIT_TAKEN);
    assert_int_equal(take(&l, "192.0.2.1", &a), HOST_LIMIT_REACHED);
    host_limit_release(b);
    host_limit_release(c);
    assert_null(l.hosts);
}

static void sockets_without_a_host_are_not_counted(void **state)
{
    struct host_limit l = HOST_LIMIT_INIT;
    struct host *h;

    (void)state;
    l.max = 1;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(&l, i % 2 ? "unix" : "vsock", &h), HOST_LIMIT_TAKEN);
        assert_null(h);
    }
    assert_null(l.hosts);
}

static void many_hosts_are_told_apart(void **state)
{
    enum { HOSTS = 2000 };
    struct host_limit l = HOST_LIMIT_INIT;
    static struct host *hosts[HOSTS];
    struct addr a = address("10.0.0.0");
    struct host *none;

    (void)state;
    l.max = 1;
    for (uint32_t i = 0; i < HOSTS; i++) {
        a.in.sin_addr.s_addr = htonl(0x0a000000 + i);
        assert_int_equal(host_limit_take(&l, &a, &hosts[i]), HOST_LIMIT_TAKEN);
    }
    for (uint32_t i = 0; i < HOSTS; i++) {
        a.in.sin_addr.s_addr = htonl(0x0a000000 + i);
        assert_int_equal(host_limit_take(&l, &a, &none), HOST_LIMIT_REACHED);
    }
    for (uint32_t i = 0; i < HOSTS; i++)
        host_limit_release(hosts[i * 7 % HOSTS]);
    assert_null(l.hosts);
}

struct crowd {
    struct host_limit limit;
    atomic_uint inside, taken, too_many;
};

static void *come_and_go(void *arg)
{
    struct crowd *c = arg;

    for (int i = 0; i < 5000; i++) {
        struct host *h;

        if (take(&c->limit, i % 3 == 0 ? "::ffff:192.0.2.1" : "192.0.2.1", &h) != HOST_LIMIT_TAKEN)
            continue;
        atomic_fetch_add(&c->taken, 1);
        if (atomic_fetch_add(&c->inside, 1) >= c->limit.max)
            atomic_fetch_add(&c->too_many, 1);
        atomic_fetch_sub(&c->inside, 1);
        host_limit_release(h);
    }
    return NULL;
}

static void threads_share_the_limit(void **state)
{
    enum { THREADS = 4 };
    static struct crowd crowd = {.limit = HOST_LIMIT_INIT};
    pthread_t threads[THREADS];

    (void)state;
    crowd.limit.max = 2;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&crowd.too_many), 0);
    assert_true(atomic_load(&crowd.taken) > 0);
    assert_null(crowd.limit.hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_an_ipv4_address_or_an_ipv6_64),
        cmocka_unit_test(ipv4_in_ipv6_is_ipv4),
        cmocka_unit_test(a_place_is_free_again_once_it_is_released),
        cmocka_unit_test(sockets_without_a_host_are_not_counted),
        cmocka_unit_test(many_hosts_are_told_apart),
        cmocka_unit_test(threads_share_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
