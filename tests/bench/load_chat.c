/*
 * Owns the load of a room: many members, of whom some speak. They speak in
 * rounds: the next begins when every line of the last has reached everyone, so
 * that a server that loses a line stalls and is found out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/bench/common.h"
#include "tests/bench/load.h"

enum {
    BATCH = 256,
    BLOCK = 64 << 10,
    LINE = 64,
    JOIN_BATCH = 8,
    PAUSE_MS = 20,
    QUIET_MS = 300,
    STALLED_MS = 10000
};

struct room {
    int epoll_fd;
    int *fds;
    size_t members;
    size_t senders;
    size_t burst_lines;
    char *burst;
    char block[BLOCK];
    uint64_t delivered;
};

static size_t count_lines(const char *bytes, size_t n)
{
    const char *end = bytes + n, *line = bytes;
    size_t lines = 0;

    while ((line = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        lines++;
        line++;
    }
    return lines;
}

/* Takes what one member is sent; counts its lines. */
static size_t hear(struct room *r, size_t member)
{
    ssize_t n = recv(r->fds[member], r->block, sizeof(r->block), MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        die("member %zu was thrown out", member);
    return count_lines(r->block, (size_t)n);
}

/* Hears everyone once; false when nothing came for so long. */
static bool hear_some(struct room *r, int timeout_ms, uint64_t *lines)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(r->epoll_fd, events, BATCH, timeout_ms);

    if (n < 0 && errno != EINTR)
        die_of("waiting for events");
    for (int i = 0; i < n; i++)
        *lines += hear(r, events[i].data.u64);
    return n != 0;
}

static void speak(struct room *r, size_t member)
{
    size_t length = r->burst_lines * LINE;

    if (send(r->fds[member], r->burst, length, MSG_NOSIGNAL) != (ssize_t)length)
        die_of("speaking");
}

/* Every sender says its lines, which everyone else hears. */
static void speak_round(struct room *r, size_t first)
{
    uint64_t expected = (uint64_t)r->senders * r->burst_lines * (r->members - 1), heard = 0;

    for (size_t i = 0; i < r->senders; i++)
        speak(r, (first + i) % r->members);
    while (heard < expected)
        if (!hear_some(r, STALLED_MS, &heard))
            die("%" PRIu64 " of %" PRIu64 " lines were delivered", heard, expected);
    if (heard > expected)
        die("%" PRIu64 " lines came where %" PRIu64 " were said", heard, expected);
    r->delivered += heard;
}

static void join(struct room *r, unsigned port)
{
    uint64_t greeting = 0;

    for (size_t i = 0; i < r->members; i++) {
        r->fds[i] = connect_to(port);
        set_nodelay(r->fds[i]);
        watch(r->epoll_fd, r->fds[i], EPOLLIN, i);
        /* Some servers let only ten wait to be accepted, and a greeting takes its time. */
        while (i % JOIN_BATCH == 0 && hear_some(r, PAUSE_MS, &greeting))
            continue;
    }
    while (hear_some(r, QUIET_MS, &greeting))
        continue;
}

void load_chat(int count, char **arguments)
{
    struct room r = {.epoll_fd = new_epoll(),
                     .members = parse_number(arguments[1]),
                     .senders = parse_number(arguments[2]),
                     .burst_lines = parse_number(arguments[3])};
    double seconds = parse_seconds(arguments[4]), start;

    (void)count;
    r.fds = calloc(r.members, sizeof(*r.fds));
    r.burst = malloc(r.burst_lines * LINE);
    if (r.fds == NULL || r.burst == NULL)
        die("no memory for %zu members", r.members);
    memset(r.burst, 'x', r.burst_lines * LINE);
    for (size_t i = 0; i < r.burst_lines; i++)
        r.burst[(i + 1) * LINE - 1] = '\n';
    join(&r, parse_port(arguments[0]));
    wait_for_go();
    start = now_s();
    for (size_t first = 0; now_s() - start < seconds; first += r.senders)
        speak_round(&r, first);
    printf("{\"count\": %" PRIu64 ", \"seconds\": %.6f}\n", r.delivered, now_s() - start);
    hold_until_end();
    free(r.fds);
    free(r.burst);
}
