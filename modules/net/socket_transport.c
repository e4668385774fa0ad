/* Owns the transport over a connected socket: the calls that move data. */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/step.h"
#include "net/socket.h"

enum {
    DISCARD_SIZE = 16 << 10, /* read at a time where nothing can be discarded without it */
    KEPT_BYTES = 1,
};

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

static enum io receive(struct transport *t, void *to, size_t max, bool discarded, int flags,
                       size_t *got, struct error *err)
{
    ssize_t n = TEMP_FAILURE_RETRY(recv(t->fd, to, max, flags | MSG_DONTWAIT));

    if (step_is_heard() && (n >= 0 || errno != EAGAIN))
        step_report(&(struct step){.kind = discarded && n > 0 ? STEP_DISCARD : STEP_RECV,
                                   .fd = t->fd,
                                   .failure = n < 0 ? errno : 0,
                                   .count = 1,
                                   .pieces = &(struct iovec){to, n > 0 ? (size_t)n : 0},
                                   .size = n > 0 ? (size_t)n : 0});
    return read_result(n, got, err);
}

/* Only TCP discards without copying. */
static enum io read_local(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    char room[DISCARD_SIZE];

    if (to != NULL)
        return receive(t, to, max, false, 0, got, err);
    return receive(t, room, max < sizeof(room) ? max : sizeof(room), true, 0, got, err);
}

/* With MSG_TRUNC, TCP discards what it would have copied; tcp(7). */
static enum io read_socket(struct transport *t, void *to, size_t max, size_t *got,
                           struct error *err)
{
    return receive(t, to, max, to == NULL, to == NULL ? MSG_TRUNC : 0, got, err);
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

    step_report(&(struct step){.kind = STEP_SEND,
                               .fd = t->fd,
                               .failure = n < 0 ? errno : 0,
                               .count = count,
                               .pieces = iov,
                               .size = n > 0 ? (size_t)n : 0});
    if (n < 0)
        return write_failed(errno, err);
    *put = (size_t)n;
    return IO_OK;
}

static enum io shut(struct transport *t, struct error *err)
{
    int result;

    step_report(&(struct step){.kind = STEP_SHUTTING, .fd = t->fd});
    result = shutdown(t->fd, SHUT_WR);
    step_report(
        &(struct step){.kind = STEP_SHUTDOWN, .fd = t->fd, .failure = result < 0 ? errno : 0});
    return result == 0 ? IO_OK : write_failed(errno, err);
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

    if (number == 0)
        return false;
    step_report(&(struct step){.kind = STEP_FAILURE, .fd = t->fd, .failure = number});
    write_failed(number, err);
    return true;
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
