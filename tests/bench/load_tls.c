/* Owns the loads over TLS. Encrypting takes the load as long as the measured program, so the
 * processor time of that one says more here than the rate. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/load.h"
#include "tests/bench/tls.h"

enum { BATCH = 256, IN_FLIGHT = 16, STALLED_MS = 10000 };

static char block[COPY_CHUNK];

static uint64_t read_all(SSL *ssl)
{
    uint64_t bytes = 0;
    size_t n;

    while (SSL_read_ex(ssl, block, sizeof(block), &n))
        bytes += n;
    return bytes;
}

void load_tls_blast(int count, char **arguments)
{
    uint64_t bytes = parse_number(arguments[1]), left = bytes;
    double start = now_s();
    int fd = connect_to(parse_port(arguments[0]));
    SSL *ssl = open_tls(new_tls(NULL), fd, false);

    (void)count;
    memset(block, 'x', sizeof(block));
    while (left > 0) {
        int n = SSL_write(ssl, block, (int)(left < sizeof(block) ? left : sizeof(block)));

        if (n <= 0)
            die_of_tls("sending");
        left -= (uint64_t)n;
    }
    SSL_shutdown(ssl);
    shutdown(fd, SHUT_WR);
    read_all(ssl);
    printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f}\n", bytes, now_s() - start);
}

void load_tls_sink(int count, char **arguments)
{
    SSL_CTX *ctx = new_tls(arguments[0]);
    int listener = listen_on(0), fd;
    uint64_t bytes;
    double start;
    SSL *ssl;

    (void)count;
    printf("%u\n", port_of(listener));
    fflush(stdout);
    fd = accept_one(listener);
    start = now_s();
    ssl = open_tls(ctx, fd, true);
    bytes = read_all(ssl);
    SSL_shutdown(ssl);
    close(fd);
    printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f}\n", bytes, now_s() - start);
}

static void ask(SSL *ssl, size_t size)
{
    if (SSL_write(ssl, block, (int)size) != (int)size)
        die_of_tls("sending a request");
}

/* Reads an answer, which comes whole; returns 0 when it has not come yet. */
static size_t take_answer(SSL *ssl, size_t size)
{
    int n = SSL_read(ssl, block, (int)size);

    if (n > 0)
        return (size_t)n;
    if (SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ)
        die_of_tls("receiving an answer");
    return 0;
}

/* Connects, and asks once, so that tickets have come. */
static SSL *connect_tls(SSL_CTX *ctx, unsigned port, size_t size)
{
    int fd = connect_to(port);
    SSL *ssl = open_tls(ctx, fd, false);

    set_nodelay(fd);
    ask(ssl, size);
    for (size_t got = 0; got < size;)
        got += take_answer(ssl, size - got);
    return ssl;
}

void load_tls_echo(int count, char **arguments)
{
    unsigned port = parse_port(arguments[0]);
    size_t connections = parse_number(arguments[1]), size = parse_number(arguments[3]);
    double seconds = parse_seconds(arguments[2]), start;
    SSL **ssls = calloc(connections, sizeof(SSL *));
    size_t *missing = calloc(connections, sizeof(size_t));
    SSL_CTX *ctx = new_tls(NULL);
    int epoll_fd = new_epoll();
    uint64_t answered = 0;

    (void)count;
    for (size_t i = 0; i < connections; i++) {
        ssls[i] = connect_tls(ctx, port, size);
        set_nonblocking(SSL_get_fd(ssls[i]));
        watch(epoll_fd, SSL_get_fd(ssls[i]), EPOLLIN, i);
    }
    wait_for_go();
    start = now_s();
    for (size_t i = 0; i < connections; i++, missing[i - 1] = size)
        ask(ssls[i], size);
    while (now_s() - start < seconds) {
        struct epoll_event events[BATCH];
        int n = epoll_wait(epoll_fd, events, BATCH, STALLED_MS);

        if (n == 0)
            die("the server answers no more");
        for (int j = 0; j < n; j++) {
            size_t i = events[j].data.u64;

            missing[i] -= take_answer(ssls[i], missing[i]);
            if (missing[i] > 0)
                continue;
            answered++;
            missing[i] = size;
            ask(ssls[i], size);
        }
    }
    printf("{\"count\": %" PRIu64 ", \"seconds\": %.6f}\n", answered, now_s() - start);
    hold_until_end();
}

struct shaking {
    SSL_CTX *ctx;
    SSL_SESSION *session; /* to resume, or NULL */
    unsigned port;
    int epoll_fd;
    uint64_t begun;
    uint64_t done;
};

static void begin_handshake(struct shaking *s)
{
    int fd = begin_connect(s->port, (unsigned)s->begun++ % 250);
    SSL *ssl = open_tls(s->ctx, fd, false);
    struct epoll_event event = {.events = EPOLLOUT | EPOLLIN | EPOLLET, .data.ptr = ssl};

    if (s->session != NULL)
        SSL_set_session(ssl, s->session);
    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        die_of("watching a connection");
}

/* Then both sides end. */
static void go_on(struct shaking *s, SSL *ssl)
{
    int n = SSL_do_handshake(ssl), why = SSL_get_error(ssl, n);

    if (n != 1 && (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ||
                   why == SSL_ERROR_WANT_CONNECT))
        return;
    if (n != 1)
        die_of_tls("a handshake");
    if (s->session != NULL && !SSL_session_reused(ssl))
        die("a session was not resumed");
    s->done++;
    SSL_shutdown(ssl);
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
    begin_handshake(s);
}

void load_tls_handshakes(int count, char **arguments)
{
    struct shaking s = {
        .ctx = new_tls(NULL), .port = parse_port(arguments[0]), .epoll_fd = new_epoll()};
    double seconds = parse_seconds(arguments[1]), start;
    SSL *first = connect_tls(s.ctx, s.port, 1);

    if (count > 2)
        s.session = SSL_get1_session(first);
    wait_for_go();
    start = now_s();
    for (int i = 0; i < IN_FLIGHT; i++)
        begin_handshake(&s);
    while (now_s() - start < seconds) {
        struct epoll_event events[BATCH];
        int n = epoll_wait(s.epoll_fd, events, BATCH, STALLED_MS);

        if (n == 0)
            die("the server answers no more");
        for (int i = 0; i < n; i++)
            go_on(&s, events[i].data.ptr);
    }
    printf("{\"count\": %" PRIu64 ", \"seconds\": %.6f}\n", s.done, now_s() - start);
    hold_until_end();
}
