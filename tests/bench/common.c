/* Owns what every mode needs: failing, numbers, loopback sockets. */
#include "tests/bench/common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void die(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void die_of(const char *what)
{
    die("%s: %s", what, strerror(errno));
}

int run_mode(const struct mode *modes, size_t count, int argc, char **argv)
{
    for (size_t i = 0; i < count && argc > 1; i++) {
        if (strcmp(argv[1], modes[i].name) != 0)
            continue;
        if (argc - 2 < modes[i].needed)
            die("%s needs %s", modes[i].name, modes[i].arguments);
        raise_descriptor_limit();
        modes[i].run(argc - 2, argv + 2);
        return 0;
    }
    fprintf(stderr, "Usage: %s MODE ARGUMENTS\n", program_invocation_short_name);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "  %s %s\n", modes[i].name, modes[i].arguments);
    return 2;
}

uint64_t parse_number(const char *word)
{
    static const char units[] = "KMG";
    char *rest;
    unsigned long long value;
    const char *unit;

    errno = 0;
    value = strtoull(word, &rest, 10);
    unit = *rest != '\0' ? strchr(units, *rest) : NULL;
    if (unit != NULL) {
        value <<= 10 * (unit - units + 1);
        rest++;
    }
    if (errno != 0 || rest == word || *rest != '\0' || word[0] == '-')
        die("\"%s\" is not a number", word);
    return value;
}

double parse_seconds(const char *word)
{
    char *rest;
    double value = strtod(word, &rest);

    if (rest == word || *rest != '\0' || !(value >= 0))
        die("\"%s\" is not a time in seconds", word);
    return value;
}

unsigned parse_port(const char *word)
{
    uint64_t port = parse_number(word);

    if (port > UINT16_MAX)
        die("\"%s\" is not a port", word);
    return (unsigned)port;
}

double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

int listen_on(unsigned port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0)
        die_of("listening");
    return fd;
}

unsigned port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        die_of("asking for the port");
    return ntohs(address.sin_port);
}

static int open_client(int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd < 0)
        die_of("opening a socket");
    return fd;
}

static bool connect_socket(int fd, unsigned port)
{
    struct sockaddr_in address = loopback(port);

    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EINPROGRESS;
}

int connect_to(unsigned port)
{
    int fd = open_client(0);

    if (!connect_socket(fd, port))
        die_of("connecting");
    return fd;
}

int begin_connect(unsigned port, unsigned from)
{
    struct sockaddr_in local = loopback(0);
    int fd = open_client(SOCK_NONBLOCK), on = 1;

    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK + from % 250);
    /* The port is chosen when the peer is known; ip(7). */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0 || !connect_socket(fd, port))
        die_of("connecting");
    return fd;
}

int accept_one(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    int fd;

    do {
        if (poll(&p, 1, -1) < 0)
            die_of("waiting for a connection");
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && errno == EAGAIN);
    if (fd < 0)
        die_of("accepting");
    return fd;
}

void set_nonblocking(int fd)
{
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        die_of("making a descriptor non-blocking");
}

void set_blocking(int fd)
{
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
        die_of("making a descriptor blocking");
}

void set_nodelay(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);

        if (put <= 0)
            die_of("writing");
        bytes += put;
        n -= (size_t)put;
    }
}

void read_to_end(int fd)
{
    char block[4096];
    ssize_t n;

    while ((n = read(fd, block, sizeof(block))) > 0)
        continue;
    if (n < 0)
        die_of("waiting for the peer to end");
}

int new_epoll(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd < 0)
        die_of("opening epoll");
    return fd;
}

void watch(int epoll_fd, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        die_of("watching a descriptor");
}
