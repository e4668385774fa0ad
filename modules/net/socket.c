/* Owns the system calls of sockets. Knows no loop and keeps no state. */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int copy_list(const struct addrinfo *found, struct addr_list *list)
{
    size_t count = 0;

    for (const struct addrinfo *i = found; i != NULL; i = i->ai_next)
        count++;
    list->items = calloc(count, sizeof(*list->items));
    if (list->items == NULL)
        return -1;
    for (; found != NULL; found = found->ai_next) {
        struct addr *a = &list->items[list->count];

        if (found->ai_addrlen > sizeof(a->in6))
            continue;
        memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
        a->length = found->ai_addrlen;
        list->count++;
    }
    return 0;
}

static int lookup(const char *host, unsigned port, int family, int flags, struct addr_list *list,
                  struct error *err)
{
    char service[8];
    struct addrinfo *found, hints = {
                                .ai_flags = flags | AI_NUMERICSERV,
                                .ai_family = family,
                                .ai_socktype = SOCK_STREAM,
                            };
    int result;

    *list = (struct addr_list){0};
    snprintf(service, sizeof(service), "%u", port);
    result = getaddrinfo(host, service, &hints, &found);
    if (result == EAI_SYSTEM)
        error_errno(err, errno, "looking up \"%s\"", host);
    else if (result != 0)
        error_set(err, EXITCODE_FAILED, "looking up \"%s\": %s", host, gai_strerror(result));
    if (result != 0)
        return result;
    result = copy_list(found, list);
    freeaddrinfo(found);
    if (result < 0)
        error_errno(err, ENOMEM, "looking up \"%s\"", host);
    return result;
}

int socket_resolve(const char *host, unsigned port, int family, bool listening,
                   struct addr_list *list, struct error *err)
{
    return lookup(host, port, family, listening ? AI_PASSIVE : 0, list, err) == 0 ? 0 : -1;
}

int socket_resolve_number(const char *host, unsigned port, int family, struct addr_list *list,
                          struct error *err)
{
    struct error why = {0};
    int result = lookup(host, port, family, AI_NUMERICHOST, list, &why);

    if (result == 0)
        return 1;
    if (result == EAI_NONAME || result == EAI_ADDRFAMILY) {
        error_clear(&why);
        return 0;
    }
    error_move(err, &why);
    return -1;
}

void addr_list_clear(struct addr_list *list)
{
    free(list->items);
    *list = (struct addr_list){0};
}

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

int socket_local_addr(int fd, struct addr *a)
{
    a->length = sizeof(a->in6);
    return getsockname(fd, &a->sa, &a->length);
}

int socket_listen(const struct addr *a, int backlog, struct addr *actual, struct error *err)
{
    char text[ADDR_TEXT_SIZE];
    int fd = open_socket(a->sa.sa_family);

    if (fd < 0 || set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
        (a->sa.sa_family == AF_INET6 && set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) ||
        bind(fd, &a->sa, a->length) < 0 || listen(fd, backlog) < 0 ||
        socket_local_addr(fd, actual) < 0) {
        error_errno(err, errno, "listening on %s", addr_format(a, text));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

int socket_backlog_limit(void)
{
    FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
    int limit = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%d", &limit) != 1)
        limit = -1;
    fclose(file);
    return limit;
}

int socket_accept(int listener, struct addr *peer)
{
    peer->length = sizeof(peer->in6);
    return accept4(listener, &peer->sa, &peer->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int socket_connect(const struct addr *peer, const struct addr *local, bool *local_failed)
{
    int fd = open_socket(peer->sa.sa_family), failure;

    *local_failed = false;
    if (fd < 0)
        return -1;
    if (local != NULL) {
        /* With port 0 the choice of a port waits until the peer is known, so
         * that a port in use towards another peer does not count; ip(7). */
        int wait_for_peer = addr_port(local) == 0;

        if ((wait_for_peer && set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1) < 0) ||
            (!wait_for_peer && set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0) ||
            bind(fd, &local->sa, local->length) < 0) {
            *local_failed = true;
            goto fail;
        }
    }
    if (connect(fd, &peer->sa, peer->length) == 0 || errno == EINPROGRESS)
        return fd;
fail:
    failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

int socket_error(int fd)
{
    int pending = 0;
    socklen_t length = sizeof(pending);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &length) < 0)
        return errno;
    return pending;
}

int socket_configure(int fd, const struct socket_options *o, struct error *err)
{
    int idle_s = (int)((o->keepalive_ms + 999) / 1000);
    const char *what = NULL;

    if (o->nodelay && set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0)
        what = "--nodelay";
    else if (o->keepalive && set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1) < 0)
        what = "--keepalive";
    else if (idle_s > 0 && set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s) < 0)
        what = "--keepalive";
    else if (o->user_timeout_ms > 0 &&
             set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)o->user_timeout_ms) < 0)
        what = "--user-timeout";
    if (what == NULL)
        return 0;
    error_errno(err, errno, "%s", what);
    return -1;
}

static size_t queued(int fd, unsigned long queue)
{
    int count = 0;

    if (ioctl(fd, queue, &count) < 0 || count < 0)
        return 0;
    return (size_t)count;
}

size_t socket_unacknowledged(int fd)
{
    return queued(fd, SIOCOUTQ);
}

size_t socket_unread(int fd)
{
    return queued(fd, SIOCINQ);
}

void socket_set_low_water(int fd, int bytes)
{
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

int socket_measure(int fd, struct socket_measures *m)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
        return -1;
    m->round_trip_us = info.tcpi_rtt;
    m->retransmitted = info.tcpi_total_retrans;
    return 0;
}
