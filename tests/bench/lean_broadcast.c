/* Owns the copies to many connections. Each block is sent to all before the next is read: so a
 * connection that takes nothing stops all. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/lean.h"

struct listeners {
    int *fds;
    size_t count;
};

static void add(struct listeners *l, int fd)
{
    int *fds = reallocarray(l->fds, l->count + 1, sizeof(*fds));

    if (fds == NULL)
        die("no memory for a connection");
    l->fds = fds;
    l->fds[l->count++] = fd;
}

static void send_to_all(struct listeners *l, const char *bytes, size_t n)
{
    for (size_t i = 0; i < l->count;) {
        if (send(l->fds[i], bytes, n, MSG_NOSIGNAL) == (ssize_t)n) {
            i++;
            continue;
        }
        close(l->fds[i]);
        l->fds[i] = l->fds[--l->count];
    }
}

void lean_broadcast(int count, char **arguments)
{
    static char block[COPY_CHUNK];
    struct listeners l = {0};
    int listener = listen_on(parse_port(arguments[0]));
    ssize_t n;

    (void)count;
    add(&l, accept_one(listener));
    while ((n = read(STDIN_FILENO, block, sizeof(block))) > 0) {
        int fd;

        while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
            add(&l, fd);
        send_to_all(&l, block, (size_t)n);
    }
}
