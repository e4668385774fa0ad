/* Owns the load of a broadcast: many readers, who discard what they are sent; of a broker also
 * one client that sends. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/load.h"

enum { BATCH = 256, READ_MAX = 1 << 20, SETTLE_MS = 300, STALLED_MS = 10000 };

struct readers {
    int epoll_fd;
    uint64_t bytes;
    bool may_go;
};

/* Without copying: the kernel drops the bytes; tcp(7). */
static void read_one(struct readers *r, int fd)
{
    ssize_t got = recv(fd, NULL, READ_MAX, MSG_DONTWAIT | MSG_TRUNC);

    if (got == 0 || (got < 0 && errno != EAGAIN))
        die("a reader was disconnected");
    if (got > 0)
        r->bytes += (uint64_t)got;
}

static void read_ready(struct readers *r, int timeout_ms)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(r->epoll_fd, events, BATCH, timeout_ms);

    if (n == 0 && timeout_ms > 0)
        die("nothing was sent");
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 == STDIN_FILENO)
            r->may_go = true;
        else
            read_one(r, (int)events[i].data.u64);
    }
}

static void read_for(struct readers *r, double seconds)
{
    double start = now_s();

    while (now_s() - start < seconds)
        read_ready(r, STALLED_MS);
}

/* A reader that pauses for a second may be disconnected: so all read until then. */
static void read_until_go(struct readers *r)
{
    puts("ready");
    fflush(stdout);
    watch(r->epoll_fd, STDIN_FILENO, EPOLLIN, STDIN_FILENO);
    while (!r->may_go)
        read_ready(r, STALLED_MS);
    epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    if (getchar() == EOF)
        die("nobody said go");
}

/* In a process of its own, which ends with its parent. */
static void publish(unsigned port)
{
    static const char zeros[COPY_CHUNK];
    pid_t pid = fork();

    if (pid < 0)
        die_of("forking");
    if (pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = connect_to(port);;)
        write_all(fd, zeros, sizeof(zeros));
}

void load_readers(int count, char **arguments)
{
    unsigned port = parse_port(arguments[0]);
    size_t readers = parse_number(arguments[1]);
    double seconds = parse_seconds(arguments[2]), start;
    struct readers r = {.epoll_fd = new_epoll()};

    raise_descriptor_limit();
    for (size_t i = 0; i < readers; i++) {
        int fd = connect_to(port);

        watch(r.epoll_fd, fd, EPOLLIN, (uint64_t)fd);
        read_ready(&r, 0);
    }
    if (count > 3)
        publish(port);
    read_for(&r, SETTLE_MS / 1e3);
    read_until_go(&r);
    r.bytes = 0;
    start = now_s();
    read_for(&r, seconds);
    printf("{\"count\": %" PRIu64 ", \"seconds\": %.6f}\n", r.bytes, now_s() - start);
    hold_until_end();
}
