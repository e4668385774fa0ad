/*
 * Sockets on the loopback interface, for tests of what the system does: resets, hang-ups,
 * refused connections. The tests' own ends are blocking descriptors.
 */
#ifndef TESTS_UNIT_LOOPBACK_H
#define TESTS_UNIT_LOOPBACK_H

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/addr.h"
#include "core/loop.h"

enum { PATIENCE_MS = 10000 }; /* for what has to happen */

/* Returns 127.0.0.N with a port. */
static inline struct addr loopback(unsigned n, unsigned port)
{
    struct addr a = {.length = sizeof(a.in)};

    a.in.sin_family = AF_INET;
    a.in.sin_addr.s_addr = htonl(0x7f000000 + n);
    addr_set_port(&a, port);
    return a;
}

/* Listens at 127.0.0.N; *port: 0 becomes the port that the kernel picked. */
static inline int loopback_listen(unsigned n, unsigned *port, int backlog)
{
    struct addr a = loopback(n, *port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &a.sa, a.length), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, &a.sa, &a.length), 0);
    *port = addr_port(&a);
    return fd;
}

/* Binds a port at 127.0.0.N without listening there: connections to it are refused. */
static inline int loopback_refuse(unsigned n, unsigned *port)
{
    struct addr a = loopback(n, *port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &a.sa, a.length), 0);
    assert_int_equal(getsockname(fd, &a.sa, &a.length), 0);
    *port = addr_port(&a);
    return fd;
}

static inline int loopback_connect(unsigned n, unsigned port)
{
    struct addr a = loopback(n, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &a.sa, a.length), 0);
    return fd;
}

/* Makes a connection: fds[0] is for a stream, fds[1] is the test's end. */
static inline void loopback_pair(int fds[2])
{
    unsigned port = 0;
    int listener = loopback_listen(1, &port, 1);

    fds[1] = loopback_connect(1, port);
    fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fds[0] >= 0);
    close(listener);
}

/* Closes fd with a reset. */
static inline void loopback_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(fd);
}

/* Waits until poll(2) reports one of the events. */
static inline void await_events(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_true(p.revents & events);
}

static inline int64_t real_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Runs rounds of the loop until *done. */
static inline void go_until(struct loop *l, const bool *done)
{
    int64_t until_ms = real_ms() + PATIENCE_MS;

    while (!*done) {
        assert_true(real_ms() < until_ms);
        assert_int_equal(loop_round(l, false, NULL), 0);
        if (!*done)
            poll(NULL, 0, 1);
    }
}

#endif
