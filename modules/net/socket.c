/* Owns the system calls of sockets. Keeps no state. */
#include "net/socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    DISCARD_SIZE = 16 << 10, /* read at a time where nothing can be discarded without it */
    KEPT_BYTES = 1,
};

static bool is_tcp(const struct addr *a)
{
    return a->sa.sa_family == AF_INET || a->sa.sa_family == AF_INET6;
}

static int open_socket(const struct addr *a)
{
    return socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                  is_tcp(a) ? IPPROTO_TCP : 0);
}

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

static int local_address(int fd, struct addr *a)
{
    *a = (struct addr){.length = sizeof(a->un)};
    return getsockname(fd, &a->sa, &a->length);
}

static int bind_to(int fd, const struct addr *a, const struct socket_listen_plan *p,
                   struct socket_file *file, struct error *err)
{
    *file = (struct socket_file){0};
    if (addr_is_file(a))
        return socket_file_bind(file, fd, a, &p->file, err);
    if ((is_tcp(a) && set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0) ||
        (a->sa.sa_family == AF_INET6 && set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) ||
        bind(fd, &a->sa, a->length) < 0) {
        error_cause(err, errno);
        return -1;
    }
    return 0;
}

int socket_listen(const struct addr *a, const struct socket_listen_plan *p, struct addr *actual,
                  struct socket_file *file, struct error *err)
{
    struct error why = {0};
    char text[ADDR_TEXT_SIZE];
    int fd = open_socket(a);

    if (fd < 0) {
        error_errno(err, errno, "cannot listen on %s", addr_format(a, text));
        return -1;
    }
    if (bind_to(fd, a, p, file, &why) == 0) {
        if (listen(fd, p->backlog) == 0 && local_address(fd, actual) == 0 &&
            socket_configure(fd, a, &p->socket, &why) == 0)
            return fd;
        if (!error_is_set(&why))
            error_cause(&why, errno);
        socket_file_remove(file);
    }
    error_prefix(&why, "cannot listen on %s", addr_format(a, text));
    error_move(err, &why);
    close(fd);
    return -1;
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

void socket_find_process(int fd, struct addr *peer)
{
    struct ucred process;
    socklen_t length = sizeof(process);

    if (peer->sa.sa_family == AF_UNIX &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &process, &length) == 0)
        peer->pid = process.pid;
}

int socket_accept(int listener, const struct addr *address, struct addr *peer)
{
    int fd;

    peer->length = sizeof(peer->un);
    peer->pid = 0;
    fd = accept4(listener, &peer->sa, &peer->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0 && address->sa.sa_family == AF_UNIX) {
        *peer = *address;
        socket_find_process(fd, peer);
    }
    return fd;
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

int socket_connect(const struct addr *peer, const struct addr *local, enum socket_progress *how)
{
    int fd = open_socket(peer), failure;

    *how = SOCKET_FAILED;
    if (fd < 0)
        return -1;
    if (local != NULL) {
        /* With port 0 the choice of a port waits until the peer is known, so
         * that a port in use towards another peer does not count; ip(7). */
        bool wait_for_peer = addr_port(local) == 0;

        if ((is_tcp(local) && (wait_for_peer ? set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                                             : set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1)) < 0) ||
            bind(fd, &local->sa, local->length) < 0) {
            *how = SOCKET_LOCAL_FAILED;
            goto fail;
        }
    }
    /* The reply of a local peer has come by the second call, which costs less than epoll. */
    if (connect(fd, &peer->sa, peer->length) == 0 ||
        (errno == EINPROGRESS && connect(fd, &peer->sa, peer->length) == 0)) {
        *how = SOCKET_CONNECTED;
        return fd;
    }
    if (errno == EALREADY) {
        *how = SOCKET_CONNECTING;
        return fd;
    }
fail:
    failure = errno;
    socket_close(fd, true); /* the first call may have connected it */
    errno = failure;
    return -1;
}

void socket_close(int fd, bool abort)
{
    struct linger at_once = {.l_onoff = 1};

    if (abort)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

int socket_error(int fd)
{
    int pending = 0;
    socklen_t length = sizeof(pending);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &length) < 0)
        return errno;
    return pending;
}

bool socket_is_own_failure(int number)
{
    static const int own[] = {EACCES, EADDRINUSE, EADDRNOTAVAIL,  EAFNOSUPPORT, EAGAIN,
                              EINTR,  EMFILE,     ENFILE,         ENOMEM,       ENOBUFS,
                              ENOSPC, EPERM,      EPROTONOSUPPORT};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (number == own[i])
            return true;
    return false;
}

bool socket_is_self_connected(int fd, const struct addr *peer)
{
    struct addr local;

    return local_address(fd, &local) == 0 && addr_equals(&local, peer);
}

int socket_configure(int fd, const struct addr *a, const struct socket_options *o,
                     struct error *err)
{
    int idle_s = (int)((o->keepalive_ms + 999) / 1000);
    const char *what = NULL;

    if (!is_tcp(a))
        return 0;
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

/* Only TCP discards without copying. */
static enum io read_local(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    char discarded[DISCARD_SIZE];

    if (to == NULL) {
        to = discarded;
        max = max < sizeof(discarded) ? max : sizeof(discarded);
    }
    return read_result(TEMP_FAILURE_RETRY(recv(t->fd, to, max, MSG_DONTWAIT)), got, err);
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
    socket_close(t->fd, abort);
}

static size_t unacknowledged(const struct transport *t)
{
    int count = 0;

    return ioctl(t->fd, SIOCOUTQ, &count) < 0 || count < 0 ? 0 : (size_t)count;
}

/* Counts memory, which is free once the peer has read all of it, but for a byte that is kept
 * until the wake-up is over (sock_wfree()). A peer that closes instead of reading frees the
 * memory, too, and leaves an error. */
static size_t unread_by_peer(const struct transport *t)
{
    struct pollfd end = {.fd = t->fd};
    size_t count = unacknowledged(t);

    if (count > KEPT_BYTES)
        return count;
    return poll(&end, 1, 0) > 0 && (end.revents & POLLERR) ? 1 : 0;
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

/* A unix socket has no reset: closing is all that an abort can do. */
static const struct transport_ops unix_ops = {
    .read = read_local,
    .peek = peek,
    .write = write_socket,
    .shut = shut,
    .close = close_socket,
    .unacknowledged = unread_by_peer,
    .failure = failure,
};

/* vsock does not know what the peer has read, and wakes nobody when its count of what is unsent
 * falls (vsock(7), SIOCOUTQ): delivered is what the kernel took. */
static const struct transport_ops vsock_ops = {
    .read = read_local,
    .peek = peek,
    .write = write_socket,
    .shut = shut,
    .close = close_socket,
    .failure = failure,
};

struct stream *socket_open(struct loop *l, int fd, const struct addr *peer, struct error *err)
{
    struct transport t = {
        .ops = peer->sa.sa_family == AF_UNIX    ? &unix_ops
               : peer->sa.sa_family == AF_VSOCK ? &vsock_ops
                                                : &socket_ops,
        .fd = fd,
        .access = KERNEL_SOCKET,
    };

    return stream_new(l, &t, NULL, peer, err);
}
