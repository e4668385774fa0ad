/* Owns the system calls of sockets. Keeps no state. */
#include "net/socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

static int local_address(int fd, struct addr *a)
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
        local_address(fd, actual) < 0) {
        error_errno(err, errno, "cannot listen on %s", addr_format(a, text));
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

bool socket_accept_can_go_on(int number)
{
    switch (number) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
        return true;
    default:
        return false;
    }
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

bool socket_is_self_connected(int fd, const struct addr *peer)
{
    struct addr local;

    return local_address(fd, &local) == 0 && addr_equals(&local, peer);
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

/* The transport. */

static enum io read_result(ssize_t n, size_t *got, struct error *err)
{
    if (n > 0) {
        *got = (size_t)n;
        return IO_OK;
    }
    if (n == 0)
        return IO_END;
    if (errno == EAGAIN)
        return IO_AGAIN;
    error_cause(err, errno);
    return IO_FAILED;
}

/* Once it has reported a reset, a socket fails with EPIPE, and shutdown(2) with ENOTCONN. */
static enum io write_failed(int number, struct error *err)
{
    if (number == EAGAIN)
        return IO_AGAIN;
    error_cause(err, number == EPIPE || number == ENOTCONN ? ECONNRESET : number);
    return IO_FAILED;
}

/* With MSG_TRUNC, TCP discards what it would have copied; tcp(7). */
static enum io read_socket(struct transport *t, void *to, size_t max, size_t *got,
                           struct error *err)
{
    int flags = MSG_DONTWAIT | (to == NULL ? MSG_TRUNC : 0);

    return read_result(TEMP_FAILURE_RETRY(recv(t->fd, to, max, flags)), got, err);
}

static enum io peek(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    return read_result(TEMP_FAILURE_RETRY(recv(t->fd, to, max, MSG_DONTWAIT | MSG_PEEK)), got, err);
}

static enum io write_socket(struct transport *t, const struct iovec *iov, int count, size_t *put,
                            struct error *err)
{
    struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    ssize_t n = count == 1 ? TEMP_FAILURE_RETRY(send(t->fd, iov->iov_base, iov->iov_len, flags))
                           : TEMP_FAILURE_RETRY(sendmsg(t->fd, &message, flags));

    if (n < 0)
        return write_failed(errno, err);
    *put = (size_t)n;
    return IO_OK;
}

static enum io shut(struct transport *t, struct error *err)
{
    return shutdown(t->fd, SHUT_WR) == 0 ? IO_OK : write_failed(errno, err);
}

static void close_socket(struct transport *t, bool abort)
{
    struct linger at_once = {.l_onoff = 1};

    if (abort)
        setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(t->fd);
}

static size_t unacknowledged(const struct transport *t)
{
    int count = 0;

    return ioctl(t->fd, SIOCOUTQ, &count) < 0 || count < 0 ? 0 : (size_t)count;
}

static bool failure(struct transport *t, struct error *err)
{
    int number = socket_error(t->fd);

    if (number != 0)
        write_failed(number, err);
    return number != 0;
}

static const struct transport_ops socket_ops = {
    .read = read_socket,
    .peek = peek,
    .write = write_socket,
    .shut = shut,
    .close = close_socket,
    .unacknowledged = unacknowledged,
    .failure = failure,
};

struct stream *socket_open(struct loop *l, int fd, const struct addr *peer, struct error *err)
{
    struct transport t = {.ops = &socket_ops, .fd = fd, .access = KERNEL_SOCKET};

    return stream_new(l, &t, NULL, peer, err);
}
