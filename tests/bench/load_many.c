/* Owns the loads of many connections: requests that are echoed, short conversations, idleness. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/load.h"

enum { BATCH = 256, CONNECT_BATCH = 8, ANSWER_MAX = 4096, STALLED_MS = 10000 };

static int wait_for(int epoll_fd, struct epoll_event *events, int timeout_ms)
{
    int n = epoll_wait(epoll_fd, events, BATCH, timeout_ms);

    if (n < 0 && errno != EINTR)
        die_of("waiting for events");
    return n < 0 ? 0 : n;
}

/* Requests that are echoed: each connection has one on its way at any time. */
struct echo {
    int epoll_fd;
    int *fds;
    size_t connections;
    size_t size;
    char *request;
    char *answer;
    size_t *missing; /* of each connection's answer */
    uint64_t answered;
};

static void ask(struct echo *e, size_t i)
{
    if (send(e->fds[i], e->request, e->size, MSG_NOSIGNAL) != (ssize_t)e->size)
        die_of("sending a request");
    e->missing[i] = e->size;
}

/* Takes what has come; true when the answer is complete. */
static bool take_answer(struct echo *e, size_t i)
{
    ssize_t n = recv(e->fds[i], e->answer, e->size, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        die("connection %zu was ended by the server", i);
    if (memcmp(e->answer, e->request + e->size - e->missing[i], (size_t)n) != 0)
        die("connection %zu was answered something else", i);
    e->missing[i] -= (size_t)n;
    return e->missing[i] == 0;
}

/* These connections ask once, so that each is known to be accepted. */
static void ask_once(struct echo *e, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        ask(e, i);
    for (size_t left = end - first; left > 0;) {
        struct epoll_event events[BATCH];
        int n = wait_for(e->epoll_fd, events, STALLED_MS);

        if (n == 0)
            die("%zu of %zu connections got no answer", left, e->connections);
        for (int i = 0; i < n; i++)
            left -= take_answer(e, events[i].data.u64);
    }
}

/* A few at a time: some servers let only ten wait to be accepted. */
static void connect_and_ask(struct echo *e, unsigned port)
{
    for (size_t first = 0; first < e->connections; first += CONNECT_BATCH) {
        size_t end =
            first + CONNECT_BATCH < e->connections ? first + CONNECT_BATCH : e->connections;

        for (size_t i = first; i < end; i++) {
            e->fds[i] = connect_to(port);
            set_nodelay(e->fds[i]);
            watch(e->epoll_fd, e->fds[i], EPOLLIN, i);
        }
        ask_once(e, first, end);
    }
}

static double exchange(struct echo *e, double seconds)
{
    double start = now_s();

    for (size_t i = 0; i < e->connections; i++)
        ask(e, i);
    while (now_s() - start < seconds) {
        struct epoll_event events[BATCH];
        int n = wait_for(e->epoll_fd, events, STALLED_MS);

        if (n == 0)
            die("the server answers no more");
        for (int i = 0; i < n; i++) {
            if (take_answer(e, events[i].data.u64)) {
                e->answered++;
                ask(e, events[i].data.u64);
            }
        }
    }
    return now_s() - start;
}

void load_echo(int count, char **arguments)
{
    struct echo e = {.epoll_fd = new_epoll(),
                     .connections = parse_number(arguments[1]),
                     .size = parse_number(arguments[3])};
    double seconds = parse_seconds(arguments[2]);

    (void)count;
    e.request = malloc(e.size);
    e.answer = malloc(e.size);
    e.missing = calloc(e.connections, sizeof(*e.missing));
    e.fds = calloc(e.connections, sizeof(*e.fds));
    if (e.request == NULL || e.answer == NULL || e.missing == NULL || e.fds == NULL)
        die("no memory for %zu connections", e.connections);
    for (size_t i = 0; i < e.size; i++)
        e.request[i] = (char)('a' + i % 26);
    connect_and_ask(&e, parse_port(arguments[0]));
    wait_for_go();
    seconds = exchange(&e, seconds);
    printf("{\"count\": %" PRIu64 ", \"seconds\": %.6f}\n", e.answered, seconds);
    hold_until_end();
    free(e.request);
    free(e.answer);
    free(e.missing);
    free(e.fds);
}

void load_idle(int count, char **arguments)
{
    unsigned port = parse_port(arguments[0]);
    uint64_t connections = parse_number(arguments[1]);

    (void)count;
    for (uint64_t i = 0; i < connections; i++)
        connect_to(port); /* the end of the process closes it */
    printf("{\"count\": %" PRIu64 "}\n", connections);
    hold_until_end();
}

/* Short conversations: connect, send a line, read to the end, close; and again. */
struct conversation {
    int fd;
    bool asked;
    size_t answered_bytes;
};

struct short_load {
    int epoll_fd;
    unsigned port;
    bool shuts; /* the client ends its side after its line */
    char line[ANSWER_MAX];
    size_t length;
    struct conversation *conversations;
    unsigned begun;
    uint64_t finished;
};

static void say_line(struct short_load *s, struct conversation *c)
{
    ssize_t n = send(c->fd, s->line, s->length, MSG_NOSIGNAL);

    if (n < 0 && errno == EAGAIN)
        return; /* not connected yet */
    if (n != (ssize_t)s->length || (s->shuts && shutdown(c->fd, SHUT_WR) < 0))
        die_of("sending a line");
    c->asked = true;
}

static void begin_conversation(struct short_load *s, size_t i)
{
    struct conversation *c = &s->conversations[i];

    *c = (struct conversation){.fd = begin_connect(s->port, s->begun++)};
    say_line(s, c);
    watch(s->epoll_fd, c->fd, EPOLLIN | EPOLLET | (c->asked ? 0 : EPOLLOUT), i);
}

/* Reads what has come; true when the server has ended. */
static bool hear_answer(struct conversation *c)
{
    char answer[ANSWER_MAX];

    for (;;) {
        ssize_t n = recv(c->fd, answer, sizeof(answer), MSG_DONTWAIT);

        if (n == 0)
            return true;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0)
            die_of("reading an answer");
        c->answered_bytes += (size_t)n;
    }
}

static void on_conversation(struct short_load *s, size_t i)
{
    struct conversation *c = &s->conversations[i];

    if (!c->asked)
        say_line(s, c);
    if (!c->asked || !hear_answer(c))
        return;
    if (c->answered_bytes != s->length)
        die("a line of %zu bytes was answered with %zu", s->length, c->answered_bytes);
    close(c->fd);
    s->finished++;
    begin_conversation(s, i);
}

static double converse(struct short_load *s, size_t concurrent, double seconds)
{
    double start = now_s();

    for (size_t i = 0; i < concurrent; i++)
        begin_conversation(s, i);
    while (now_s() - start < seconds) {
        struct epoll_event events[BATCH];
        int n = wait_for(s->epoll_fd, events, STALLED_MS);

        if (n == 0)
            die("the server answers no more");
        for (int i = 0; i < n; i++)
            on_conversation(s, events[i].data.u64);
    }
    return now_s() - start;
}

/* Those on their way end in good order, so that no server sees a reset. */
static void end_conversations(struct short_load *s, size_t concurrent)
{
    for (size_t i = 0; i < concurrent; i++) {
        shutdown(s->conversations[i].fd, SHUT_WR);
        close(s->conversations[i].fd);
    }
}

void load_short(int count, char **arguments)
{
    struct short_load s = {.epoll_fd = new_epoll(), .port = parse_port(arguments[0])};
    size_t concurrent = parse_number(arguments[1]);
    double seconds = parse_seconds(arguments[2]);

    s.shuts = count > 4 && strcmp(arguments[4], "shut") == 0;
    if (arguments[3][0] != '\0') /* else nothing is sent, and nothing comes */
        s.length = (size_t)snprintf(s.line, sizeof(s.line), "%s\n", arguments[3]);
    s.conversations = calloc(concurrent, sizeof(*s.conversations));
    if (s.length >= sizeof(s.line) || s.conversations == NULL)
        die("no memory for %zu conversations", concurrent);
    wait_for_go();
    seconds = converse(&s, concurrent, seconds);
    printf("{\"count\": %" PRIu64 ", \"seconds\": %.6f}\n", s.finished, seconds);
    hold_until_end();
    end_conversations(&s, concurrent);
    free(s.conversations);
}
