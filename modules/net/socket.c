/* Owns the calls that make, connect and close sockets. Keeps no state. */
#include "net/socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/step.h"

static int open_socket(const struct addr *a)
{
    int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    addr_is_tcp(a) ? IPPROTO_TCP : 0);

    step_report(
        &(struct step){.kind = STEP_SOCKET, .fd = fd, .failure = fd < 0 ? errno : 0, .address = a});
    return fd;
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

int socket_bind(int fd, const struct addr *a)
{
    int result = bind(fd, &a->sa, a->length);

    step_report(&(struct step){
        .kind = STEP_BIND, .fd = fd, .failure = result < 0 ? errno : 0, .address = a});
    return result;
}

static int bind_to(int fd, const struct addr *a, const struct socket_listen_plan *p,
                   struct socket_file *file, struct error *err)
{
    *file = (struct socket_file){0};
    if (addr_is_file(a))
        return socket_file_bind(file, fd, a, &p->file, err);
    if ((addr_is_tcp(a) && set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0) ||
        (a->sa.sa_family == AF_INET6 && set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) ||
        socket_bind(fd, a) < 0) {
        error_cause(err, errno);
        return -1;
    }
    return 0;
}

/* *actual becomes the address with the port that the kernel picked. */
static int start_listening(int fd, int backlog, struct addr *actual)
{
    int result = listen(fd, backlog);

    if (result == 0)
        result = local_address(fd, actual);
    step_report(&(struct step){.kind = STEP_LISTEN,
                               .fd = fd,
                               .failure = result < 0 ? errno : 0,
                               .address = actual,
                               .size = (size_t)backlog});
    return result;
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
        if (start_listening(fd, p->backlog, actual) == 0 &&
            socket_configure(fd, a, &p->socket, &why) == 0)
            return fd;
        if (!error_is_set(&why))
            error_cause(&why, errno);
        socket_file_remove(file);
    }
    error_prefix(&why, "cannot listen on %s", addr_format(a, text));
    error_move(err, &why);
    socket_close(fd, false);
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
    if (fd < 0)
        return -1;
    addr_unmap(peer);
    step_report(
        &(struct step){.kind = STEP_ACCEPT, .fd = fd, .listener = listener, .address = peer});
    return fd;
}

int socket_find_peer(int fd, struct addr *peer)
{
    *peer = (struct addr){.length = sizeof(peer->un)};
    if (getpeername(fd, &peer->sa, &peer->length) < 0 ||
        (peer->sa.sa_family == AF_UNIX && local_address(fd, peer) < 0))
        return -1;
    addr_unmap(peer);
    socket_find_process(fd, peer);
    return 0;
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

/* TCP allows a connection to itself where no server listens. */
static bool is_self_connected(int fd, const struct addr *peer)
{
    struct addr local;

    return local_address(fd, &local) == 0 && addr_equals(&local, peer);
}

/* Reports the step. Returns how far it is, with errno set where it failed. */
static enum socket_progress begin_to_connect(int fd, const struct addr *peer)
{
    struct step step = {.kind = STEP_CONNECT, .fd = fd, .address = peer, .began_ns = step_now_ns()};
    int result = connect(fd, &peer->sa, peer->length);

    /* The reply of a local peer has come by the second call, which costs less than epoll. */
    if (result < 0 && errno == EINPROGRESS)
        result = connect(fd, &peer->sa, peer->length);
    if (result < 0)
        step.failure = errno == EALREADY ? EINPROGRESS : errno;
    else if (is_self_connected(fd, peer))
        step.failure = ECONNREFUSED;
    step_report(&step);
    errno = step.failure;
    return step.failure == 0             ? SOCKET_CONNECTED
           : step.failure == EINPROGRESS ? SOCKET_CONNECTING
                                         : SOCKET_FAILED;
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

        if ((addr_is_tcp(local) &&
             (wait_for_peer ? set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                            : set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1)) < 0) ||
            socket_bind(fd, local) < 0) {
            *how = SOCKET_LOCAL_FAILED;
            goto fail;
        }
    }
    *how = begin_to_connect(fd, peer);
    if (*how != SOCKET_FAILED)
        return fd;
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
    step_report(&(struct step){.kind = STEP_CLOSE, .fd = fd, .is_abort = abort});
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

int socket_connect_outcome(int fd, const struct addr *peer)
{
    int number = socket_error(fd);

    if (number == 0 && is_self_connected(fd, peer))
        number = ECONNREFUSED;
    step_report(&(struct step){.kind = STEP_CONNECT, .fd = fd, .address = peer, .failure = number});
    return number;
}

int socket_configure(int fd, const struct addr *a, const struct socket_options *o,
                     struct error *err)
{
    int idle_s = (int)((o->keepalive_ms + 999) / 1000);
    const char *what = NULL;

    if (!addr_is_tcp(a))
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
    m->congestion_window = info.tcpi_snd_cwnd;
    m->state = info.tcpi_state;
    return 0;
}
