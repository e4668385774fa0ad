/* Owns the bulk loads. They touch no byte: what is sent lies in the page cache, what comes is
 * dropped in the kernel, so that the load is never the slower side for want of a copy. Nor do
 * they sleep: to wake them would count as the other side's work, and takes longer than it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/load.h"

/* What is sent, over and over. */
struct content {
    int fd;
    off_t size;
    off_t position;
};

static int make_content(void)
{
    static const char line[] = "The quick brown fox jumps over the lazy dog; 0123456789 again.\n";
    int fd = memfd_create("content", MFD_CLOEXEC);

    for (size_t put = 0; fd >= 0 && put < KERNEL_CHUNK; put += sizeof(line) - 1)
        if (write(fd, line, sizeof(line) - 1) < 0)
            die_of("making something to send");
    return fd;
}

static struct content open_content(const char *path)
{
    struct content c = {.fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : make_content()};
    struct stat status;

    if (c.fd < 0 || fstat(c.fd, &status) < 0)
        die_of(path != NULL ? path : "making something to send");
    if (status.st_size == 0)
        die("%s is empty", path);
    c.size = status.st_size;
    return c;
}

/* Sends at most left bytes of the content; -1 with errno set on failure. */
static ssize_t send_some(int fd, struct content *c, uint64_t left)
{
    uint64_t here = (uint64_t)(c->size - c->position);

    if (c->position == c->size) {
        c->position = 0;
        here = (uint64_t)c->size;
    }
    if (here > left)
        here = left;
    return sendfile(fd, c->fd, &c->position, here < SEND_CHUNK ? here : SEND_CHUNK);
}

/* True when it is to be tried again, once others on this core have had their turn. */
static bool is_to_be_repeated(ssize_t result)
{
    if (result >= 0 || errno != EAGAIN)
        return false;
    sched_yield();
    return true;
}

static void tell_bulk(uint64_t bytes, double seconds)
{
    printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f}\n", bytes, seconds);
    fflush(stdout);
}

void load_blast(int count, char **arguments)
{
    unsigned port = parse_port(arguments[0]);
    uint64_t bytes = parse_number(arguments[1]), left = bytes;
    struct content c = open_content(count > 2 ? arguments[2] : NULL);
    double start = now_s();
    int fd = connect_to(port);

    set_nonblocking(fd);
    while (left > 0) {
        ssize_t n = send_some(fd, &c, left);

        if (is_to_be_repeated(n))
            continue;
        if (n <= 0)
            die_of("sending");
        left -= (uint64_t)n;
    }
    if (shutdown(fd, SHUT_WR) < 0)
        die_of("ending the connection");
    set_blocking(fd);
    read_to_end(fd);
    tell_bulk(bytes, now_s() - start);
}

/* Drops what comes, to the end; with MSG_TRUNC, TCP copies nothing (tcp(7)). */
static uint64_t drop_all(int fd)
{
    uint64_t bytes = 0;
    ssize_t n;

    do {
        n = recv(fd, NULL, 16 * KERNEL_CHUNK, MSG_TRUNC | MSG_DONTWAIT);
        bytes += n > 0 ? (uint64_t)n : 0;
    } while (n > 0 || is_to_be_repeated(n));
    if (n < 0)
        die_of("receiving");
    return bytes;
}

void load_sink(int count, char **arguments)
{
    uint64_t connections = parse_number(arguments[0]), bytes = 0;
    int listener = listen_on(0);
    double start = 0;

    (void)count;
    printf("%u\n", port_of(listener));
    fflush(stdout);
    for (uint64_t i = 0; connections == 0 || i < connections; i++) {
        int fd = accept_one(listener);

        if (i == 0)
            start = now_s();
        bytes += drop_all(fd);
        close(fd);
    }
    tell_bulk(bytes, now_s() - start);
}

/* One turn of sending; true when all is sent. */
static bool stream_out(int fd, struct content *c, uint64_t *left)
{
    ssize_t n = send_some(fd, c, *left);

    if (n < 0 && errno != EAGAIN)
        die_of("sending");
    if (n > 0)
        *left -= (uint64_t)n;
    if (*left > 0)
        return false;
    if (shutdown(fd, SHUT_WR) < 0)
        die_of("ending the connection");
    return true;
}

/* Sends and receives at once; as much has to come as went. */
void load_stream(int count, char **arguments)
{
    unsigned port = parse_port(arguments[0]);
    uint64_t bytes = parse_number(arguments[1]), left = bytes, got = 0;
    struct content c = open_content(count > 2 ? arguments[2] : NULL);
    double start = now_s();
    struct pollfd p = {.fd = connect_to(port), .events = POLLIN | POLLOUT};

    set_nonblocking(p.fd);
    for (;;) {
        ssize_t n;

        if (poll(&p, 1, -1) < 0)
            die_of("waiting");
        if ((p.revents & POLLOUT) && (p.events & POLLOUT) && stream_out(p.fd, &c, &left))
            p.events = POLLIN;
        n = recv(p.fd, NULL, 16 * KERNEL_CHUNK, MSG_TRUNC);
        if (n == 0)
            break;
        if (n < 0 && errno != EAGAIN)
            die_of("receiving");
        got += n > 0 ? (uint64_t)n : 0;
    }
    if (got != bytes || left > 0)
        die("%" PRIu64 " bytes went, %" PRIu64 " came back", bytes - left, got);
    tell_bulk(bytes, now_s() - start);
}

/* The cheapest reader of a pipe. */
void load_drain(int count, char **arguments)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    uint64_t bytes = 0;
    double start = now_s();
    ssize_t n;

    (void)count;
    (void)arguments;
    while ((n = splice(STDIN_FILENO, NULL, null, NULL, KERNEL_CHUNK, SPLICE_F_MOVE)) > 0)
        bytes += (uint64_t)n;
    if (n < 0)
        die_of("reading the pipe");
    tell_bulk(bytes, now_s() - start);
}
