/* Owns the relay: one thread, one epoll loop, and for each descriptor the number of the other
 * one. Bulk goes through one pipe. A side that takes no more is waited for, by blocking. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/lean.h"

enum { EVENTS = 256, ACCEPTS = 64, BLOCK_BYTES = 128 << 10, BULK_BYTES = 16 << 10 };
enum { DESCRIPTORS = 1 << 16 };

struct side {
    int other; /* -1: closed */
    bool ended;
    bool bulk; /* the last read was large */
};

static struct side sides[DESCRIPTORS];
static char block[BLOCK_BYTES];
static int pipe_ends[2];

static ssize_t splice_some(int from, int to)
{
    ssize_t n =
        splice(from, NULL, pipe_ends[1], NULL, KERNEL_CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

    for (ssize_t left = n; left > 0;) {
        ssize_t put = splice(pipe_ends[0], NULL, to, NULL, (size_t)left, SPLICE_F_MOVE);

        if (put < 0)
            die_of("relaying");
        left -= put;
    }
    return n;
}

static ssize_t copy_some(int from, int to)
{
    ssize_t n = recv(from, block, sizeof(block), MSG_DONTWAIT);

    for (ssize_t left = n; left > 0;) {
        ssize_t put = send(to, block + (n - left), (size_t)left, MSG_NOSIGNAL);

        if (put < 0)
            return -1;
        left -= put;
    }
    return n;
}

static void close_pair(int fd)
{
    int other = sides[fd].other;

    sides[fd].other = sides[other].other = -1;
    close(fd);
    close(other);
}

static void relay_data(int epoll_fd, int fd)
{
    struct side *side = &sides[fd];
    ssize_t n = side->bulk ? splice_some(fd, side->other) : copy_some(fd, side->other);

    if (n < 0 && errno == EAGAIN)
        return;
    side->bulk = n >= BULK_BYTES;
    if (n > 0)
        return;
    side->ended = true;
    if (n < 0 || sides[side->other].ended) {
        close_pair(fd);
        return;
    }
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* its end stays readable */
    shutdown(side->other, SHUT_WR);
}

static void join(int epoll_fd, int client, unsigned target)
{
    int server = connect_to(target);

    if (server >= DESCRIPTORS || client >= DESCRIPTORS)
        die("too many connections");
    sides[client] = (struct side){.other = server};
    sides[server] = (struct side){.other = client};
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? client : server;

        set_nodelay(fd);
        watch(epoll_fd, fd, EPOLLIN, (uint64_t)fd);
    }
}

void lean_relay(int count, char **arguments)
{
    int epoll_fd = new_epoll(), listener = listen_on(parse_port(arguments[0]));
    unsigned target = parse_port(arguments[1]);

    (void)count;
    if (pipe2(pipe_ends, O_CLOEXEC) < 0 || fcntl(pipe_ends[1], F_SETPIPE_SZ, KERNEL_CHUNK) < 0)
        die_of("opening a pipe");
    watch(epoll_fd, listener, EPOLLIN, (uint64_t)listener);
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll_fd, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            int fd = (int)events[i].data.u64, client;

            /* The other side may have closed it within this round. */
            if (fd != listener && sides[fd].other >= 0)
                relay_data(epoll_fd, fd);
            if (fd != listener)
                continue;
            for (int k = 0; k < ACCEPTS && (client = accept4(listener, NULL, NULL, 0)) >= 0; k++)
                join(epoll_fd, client, target);
        }
    }
}
