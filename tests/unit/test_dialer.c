/* net/dialer: the race between the addresses of a name, on loopback sockets and on a clock
 * that stands still. */
#include <netdb.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "net/dialer.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

enum { ADDRESSES_MAX = 4, PORT = 7 };

/* What the name stands for. */
static struct addr found[ADDRESSES_MAX];
static int found_result;

/* How many addresses were tried. */
static int tried;

/* These stand before those of the C library. */

int socket(int domain, int type, int protocol)
{
    tried++; /* each try has a socket of its own */
    return (int)syscall(SYS_socket, domain, type, protocol);
}

int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    static struct addrinfo infos[ADDRESSES_MAX];

    (void)service;
    (void)hints;
    assert_string_equal(host, "name");
    for (size_t i = 0; i < ADDRESSES_MAX && found[i].length > 0; i++) {
        if (i > 0)
            infos[i - 1].ai_next = &infos[i];
        infos[i] = (struct addrinfo){.ai_addr = &found[i].sa, .ai_addrlen = found[i].length};
    }
    *list = infos;
    return found_result;
}

void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

struct scene {
    struct loop *loop;
    struct dialer *dialer;
    int fds[2 * ADDRESSES_MAX]; /* that stay open */
    size_t fd_count;
    size_t count;
    bool done;
    struct stream *stream;
    struct error why;
};

static void on_connected(void *arg, struct stream *stream)
{
    struct scene *s = arg;

    assert_false(s->done);
    s->done = true;
    s->stream = stream;
}

static void on_failed(void *arg, struct error *why)
{
    struct scene *s = arg;

    assert_false(s->done);
    s->done = true;
    error_move(&s->why, why);
}

static const struct dialer_events events = {.on_connected = on_connected, .on_failed = on_failed};

static void begin(struct scene *s)
{
    *s = (struct scene){.loop = still_loop()};
    memset(found, 0, sizeof(found));
    found_result = 0;
}

static void dial(struct scene *s, int64_t timeout_ms, const struct addr *local)
{
    struct dialer_target target = {
        .host = "name", .port = PORT, .local = local, .timeout_ms = timeout_ms};

    s->dialer = dialer_start(s->loop, &target, &events, s, NULL);
    assert_non_null(s->dialer);
    assert_false(s->done);
    tried = 0;
}

static void end(struct scene *s)
{
    stream_close(s->stream, STREAM_AT_ONCE);
    while (s->fd_count > 0)
        close(s->fds[--s->fd_count]);
    error_clear(&s->why);
    loop_free(s->loop);
}

/* Each adds 127.0.0.N, where N counts from 1, to the addresses of the name, and returns the
 * socket that is bound there: one that refuses, one that listens, one that does not answer. */

static int add(struct scene *s, int fd, unsigned port)
{
    s->fds[s->fd_count++] = fd;
    found[s->count] = loopback((unsigned)s->count + 1, port);
    s->count++;
    return fd;
}

static int add_refusing(struct scene *s)
{
    unsigned port = 0;
    int fd = loopback_refuse((unsigned)s->count + 1, &port);

    return add(s, fd, port);
}

static int add_listening(struct scene *s)
{
    unsigned port = 0;
    int fd = loopback_listen((unsigned)s->count + 1, &port, 8);

    return add(s, fd, port);
}

/* A full queue of connections to be accepted drops what else comes; listen(2). */
static int add_silent(struct scene *s)
{
    unsigned port = 0, n = (unsigned)s->count + 1;
    int fd = loopback_listen(n, &port, 0);

    s->fds[s->fd_count++] = loopback_connect(n, port);
    await_events(fd, POLLIN);
    return add(s, fd, port);
}

static void await_tries(struct scene *s, int count)
{
    int64_t until_ms = real_ms() + PATIENCE_MS;

    while (tried < count) {
        assert_true(real_ms() < until_ms);
        go(s->loop, 1);
    }
}

static void assert_connected_to(const struct scene *s, size_t which)
{
    assert_true(s->done);
    assert_non_null(s->stream);
    assert_true(addr_equals(stream_peer(s->stream), &found[which]));
}

/* Asserts a failure with these causes, in which %1 to %4 stand for the addresses. */
static void assert_failed(const struct scene *s, enum exitcode status, const char *causes)
{
    char wanted[1000] = "cannot connect to name:7: ", address[ADDR_TEXT_SIZE];

    for (const char *c = causes; *c != '\0'; c++) {
        if (*c == '%')
            strcat(wanted, addr_format(&found[*++c - '1'], address));
        else
            strncat(wanted, c, 1);
    }
    assert_true(s->done);
    assert_null(s->stream);
    assert_string_equal(s->why.text, wanted);
    assert_int_equal(s->why.status, status);
}

static void connects_to_the_first_address(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    add_listening(&s);
    add_listening(&s);
    dial(&s, 0, NULL);
    go_until(s.loop, &s.done);
    assert_connected_to(&s, 0);
    pass(s.loop, 1000);
    assert_int_equal(tried, 1);
    end(&s);
}

/* The clock stands still: no timer brings this on. */
static void after_a_refusal_the_next_address_is_tried_at_once(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    add_refusing(&s);
    add_refusing(&s);
    add_listening(&s);
    dial(&s, 0, NULL);
    go_until(s.loop, &s.done);
    assert_connected_to(&s, 2);
    assert_int_equal(loop_now_ms(s.loop), START_MS);
    end(&s);
}

static void an_address_that_is_silent_is_given_a_quarter_of_a_second(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    add_silent(&s);
    add_listening(&s);
    dial(&s, 0, NULL);
    go(s.loop, 3);
    pass(s.loop, 249);
    assert_int_equal(tried, 1);
    pass(s.loop, 1);
    go_until(s.loop, &s.done);
    assert_connected_to(&s, 1);
    end(&s);
}

/* The first one still has its chance. */
static void a_refusal_of_the_second_does_not_end_the_race(void **state)
{
    struct scene s;
    int first, accepted;

    (void)state;
    begin(&s);
    first = add_silent(&s);
    add_refusing(&s);
    dial(&s, 60000, NULL);
    go(s.loop, 3);
    pass(s.loop, 250);
    go(s.loop, 20);
    assert_false(s.done);
    accepted = accept(first, NULL, NULL);
    assert_true(accepted >= 0);
    go_until(s.loop, &s.done);
    assert_connected_to(&s, 0);
    close(accepted);
    end(&s);
}

static void a_failure_names_every_address_and_its_cause(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    add_refusing(&s);
    add_refusing(&s);
    add_refusing(&s);
    dial(&s, 1000, NULL);
    go_until(s.loop, &s.done);
    assert_failed(&s, EXITCODE_FAILED,
                  "%1: Connection refused; %2: Connection refused; %3: Connection refused");
    end(&s);
}

static void a_time_limit_names_only_what_was_tried(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    add_refusing(&s);
    add_silent(&s);
    add_listening(&s);
    dial(&s, 200, NULL);
    await_tries(&s, 2);
    pass(s.loop, 200);
    assert_failed(&s, EXITCODE_TIMEOUT,
                  "%1: Connection refused; %2: timed out after 200ms (--connect-timeout)");
    assert_int_equal(tried, 2);
    end(&s);
}

static void a_single_address_of_a_named_host_is_not_named_again(void **state)
{
    struct dialer_target target = {.host = "name", .port = PORT, .is_named = true};
    struct scene s;

    (void)state;
    begin(&s);
    add_refusing(&s);
    s.dialer = dialer_start(s.loop, &target, &events, &s, NULL);
    go_until(s.loop, &s.done);
    assert_string_equal(s.why.text, "Connection refused");
    assert_int_equal(s.why.number, ECONNREFUSED);
    end(&s);
}

static void known_addresses_are_not_looked_up(void **state)
{
    struct addr_list known = {found, 2};
    struct dialer_target target = {.host = "other", .known = &known};
    struct scene s;

    (void)state;
    begin(&s);
    add_listening(&s);
    target.port = addr_port(&found[0]);
    addr_set_port(&found[0], 0);
    found[1] = loopback(2, 0);
    s.dialer = dialer_start(s.loop, &target, &events, &s, NULL);
    assert_false(s.done);
    go_until(s.loop, &s.done);
    addr_set_port(&found[0], target.port);
    assert_connected_to(&s, 0);
    end(&s);
}

static void families_take_turns(void **state)
{
    struct scene s;
    const char *at[3];

    (void)state;
    begin(&s);
    add_refusing(&s);
    add_refusing(&s);
    found[2] = (struct addr){.in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT},
                             .length = sizeof(struct sockaddr_in6)};
    dial(&s, 0, NULL);
    go_until(s.loop, &s.done);
    assert_non_null(s.why.text);
    at[0] = strstr(s.why.text, "127.0.0.1:");
    at[1] = strstr(s.why.text, "[::1]:");
    at[2] = strstr(s.why.text, "127.0.0.2:");
    assert_true(at[0] != NULL && at[0] < at[1] && at[1] < at[2]);
    end(&s);
}

static void a_local_address_that_is_not_here_is_named(void **state)
{
    struct addr local = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201)},
                         .length = sizeof(local.in)};
    struct scene s;

    (void)state;
    begin(&s);
    add_listening(&s);
    dial(&s, 0, &local);
    go_until(s.loop, &s.done);
    assert_failed(&s, EXITCODE_FAILED,
                  "%1: cannot bind 192.0.2.1:0: Cannot assign requested address");
    assert_int_equal(s.why.number, EADDRNOTAVAIL);
    assert_int_equal(tried, 1);
    end(&s);
}

static void a_name_that_is_not_known_is_a_failure(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    found_result = EAI_FAIL;
    dial(&s, 0, NULL);
    go_until(s.loop, &s.done);
    assert_non_null(strstr(s.why.text, "cannot look up \"name\": "));
    end(&s);
}

static void who_gives_up_hears_nothing(void **state)
{
    (void)state;
    for (int rounds = 0; rounds < 2; rounds++) {
        struct scene s;

        begin(&s);
        add_silent(&s);
        add_listening(&s);
        dial(&s, 1000, NULL);
        go(s.loop, 3 * rounds);
        dialer_cancel(s.dialer);
        pass(s.loop, 5000);
        assert_false(s.done);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_to_the_first_address),
        cmocka_unit_test(after_a_refusal_the_next_address_is_tried_at_once),
        cmocka_unit_test(an_address_that_is_silent_is_given_a_quarter_of_a_second),
        cmocka_unit_test(a_refusal_of_the_second_does_not_end_the_race),
        cmocka_unit_test(a_failure_names_every_address_and_its_cause),
        cmocka_unit_test(a_time_limit_names_only_what_was_tried),
        cmocka_unit_test(a_single_address_of_a_named_host_is_not_named_again),
        cmocka_unit_test(known_addresses_are_not_looked_up),
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(a_local_address_that_is_not_here_is_named),
        cmocka_unit_test(a_name_that_is_not_known_is_a_failure),
        cmocka_unit_test(who_gives_up_hears_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
