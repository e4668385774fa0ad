/* Owns the system calls on streams' descriptors, one set per type of descriptor. */
#include "core/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const char *transport_name(const struct transport *t, char *text)
{
    return t->name != NULL ? t->name : addr_format(&t->peer, text);
}

void transport_read_error(const struct transport *t, int number, struct error *err)
{
    char text[ADDR_TEXT_SIZE];
    bool is_peer = t->name == NULL;

    error_errno(err, number, "%s %s", is_peer ? "receiving from" : "reading",
                transport_name(t, text));
    errno = number;
}

void transport_write_error(const struct transport *t, int number, struct error *err)
{
    char text[ADDR_TEXT_SIZE];
    bool is_peer = t->name == NULL;

    /* A socket that the peer has reset says EPIPE once it has told the reset. */
    if (is_peer && number == EPIPE)
        number = ECONNRESET;
    error_errno(err, number, "%s %s", is_peer ? "sending to" : "writing", transport_name(t, text));
    if (!is_peer && number == EPIPE && err != NULL)
        err->status = EXITCODE_PIPE;
    errno = number;
}

/* The terminal is somebody else's now, and SIGTTIN is ignored. */
static bool is_in_background(const struct transport *t)
{
    pid_t foreground = t->name != NULL ? tcgetpgrp(t->fd) : -1;

    return foreground >= 0 && foreground != getpgrp();
}

static enum io read_result(const struct transport *t, ssize_t n, size_t *got, struct error *err)
{
    if (n > 0) {
        *got = (size_t)n;
        return IO_OK;
    }
    if (n == 0)
        return IO_END;
    if (errno == EAGAIN)
        return IO_AGAIN;
    if (errno == EIO && is_in_background(t))
        return IO_END;
    transport_read_error(t, errno, err);
    return IO_FAILED;
}

static enum io write_result(const struct transport *t, ssize_t n, size_t *put, struct error *err)
{
    if (n >= 0) {
        *put = (size_t)n;
        return IO_OK;
    }
    if (errno == EAGAIN)
        return IO_AGAIN;
    transport_write_error(t, errno, err);
    return IO_FAILED;
}

/* Sockets, connected or inherited. */

static enum io socket_read(struct transport *t, void *to, size_t max, size_t *got,
                           struct error *err)
{
    return read_result(t, TEMP_FAILURE_RETRY(recv(t->fd, to, max, MSG_DONTWAIT)), got, err);
}

static enum io socket_write(struct transport *t, const struct iovec *from, int count, size_t *put,
                            struct error *err)
{
    struct msghdr message = {.msg_iov = (struct iovec *)from, .msg_iovlen = (size_t)count};

    if (count == 1)
        return write_result(t,
                            TEMP_FAILURE_RETRY(send(t->fd, from->iov_base, from->iov_len,
                                                    MSG_DONTWAIT | MSG_NOSIGNAL)),
                            put, err);
    return write_result(
        t, TEMP_FAILURE_RETRY(sendmsg(t->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL)), put, err);
}

/* With MSG_TRUNC, TCP drops what it would have copied; tcp(7). */
static enum io socket_discard(struct transport *t, size_t max, size_t *got, struct error *err)
{
    return read_result(t, TEMP_FAILURE_RETRY(recv(t->fd, NULL, max, MSG_DONTWAIT | MSG_TRUNC)), got,
                       err);
}

static int socket_shut(struct transport *t, struct error *err)
{
    if (shutdown(t->fd, SHUT_WR) == 0)
        return 0;
    /* A connection that the peer has reset is no longer one. */
    transport_write_error(t, errno == ENOTCONN ? ECONNRESET : errno, err);
    return -1;
}

static void plain_close(struct transport *t)
{
    close(t->fd);
    t->fd = -1;
}

static const struct transport_ops socket_ops = {
    .read = socket_read,
    .write = socket_write,
    .discard = socket_discard,
    .shut = socket_shut,
    .close = plain_close,
};

void transport_init_socket(struct transport *t, int fd, const struct addr *peer)
{
    *t = (struct transport){.ops = &socket_ops, .fd = fd, .kind = TRANSPORT_SOCKET, .peer = *peer};
}

/* Pipes, terminals, files and devices. */

static bool is_ready(const struct transport *t, short events)
{
    struct pollfd p = {.fd = t->fd, .events = events};

    return poll(&p, 1, 0) > 0;
}

static enum io local_read(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    ssize_t n;

    if (t->may_block && !is_ready(t, POLLIN))
        return IO_AGAIN;
    if (t->kind != TRANSPORT_FILE || t->position < 0)
        return read_result(t, TEMP_FAILURE_RETRY(read(t->fd, to, max)), got, err);
    n = TEMP_FAILURE_RETRY(pread(t->fd, to, max, t->position));
    if (n > 0)
        t->position += n;
    return read_result(t, n, got, err);
}

static enum io local_write(struct transport *t, const struct iovec *from, int count, size_t *put,
                           struct error *err)
{
    size_t max = SIZE_MAX;

    if (t->may_block) {
        if (!is_ready(t, POLLOUT))
            return IO_AGAIN;
        max = PIPE_BUF; /* a ready pipe takes that much without blocking; pipe(7) */
    }
    if (count == 1 || t->may_block)
        return write_result(t,
                            TEMP_FAILURE_RETRY(write(t->fd, from->iov_base,
                                                     from->iov_len < max ? from->iov_len : max)),
                            put, err);
    return write_result(t, TEMP_FAILURE_RETRY(writev(t->fd, from, count)), put, err);
}

static enum io local_discard(struct transport *t, size_t max, size_t *got, struct error *err)
{
    char dropped[4096];

    return t->ops->read(t, dropped, max < sizeof(dropped) ? max : sizeof(dropped), got, err);
}

/* The standard descriptors stay occupied: what is opened later must not become one. */
static int close_local(struct transport *t)
{
    int fd = t->fd, null, result;

    t->fd = -1;
    if (fd > STDERR_FILENO)
        return close(fd);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return close(fd);
    /* dup2 does not tell what closing found out: a full disk on a network file
     * system. A copy that is closed first does. */
    result = dup(fd);
    result = result < 0 ? 0 : close(result);
    dup2(null, fd);
    close(null);
    return result;
}

static int local_shut(struct transport *t, struct error *err)
{
    if (t->fd < 0 || close_local(t) == 0)
        return 0;
    transport_write_error(t, errno, err);
    return -1;
}

static void local_close(struct transport *t)
{
    if (t->fd >= 0)
        close_local(t);
}

static const struct transport_ops local_ops = {
    .read = local_read,
    .write = local_write,
    .discard = local_discard,
    .shut = local_shut,
    .close = local_close,
};

static void leave_open(struct transport *t)
{
    t->fd = -1;
}

static const struct transport_ops shared_file_ops = {
    .read = local_read,
    .discard = local_discard,
    .close = leave_open,
};

void transport_init_file(struct transport *t, int fd, const char *name)
{
    *t = (struct transport){.ops = &shared_file_ops,
                            .fd = fd,
                            .kind = TRANSPORT_FILE,
                            .always_ready = true,
                            .name = name};
}

static int local_socket_shut(struct transport *t, struct error *err)
{
    if (t->fd >= 0)
        shutdown(t->fd, SHUT_WR); /* copies of it may be open elsewhere */
    return local_shut(t, err);
}

static const struct transport_ops local_socket_ops = {
    .read = socket_read,
    .write = socket_write,
    .discard = local_discard,
    .shut = local_socket_shut,
    .close = local_close,
};

/*
 * Puts a non-blocking description of the same pipe or terminal in fd's place.
 * O_NONBLOCK belongs to the description, which is shared with whoever started
 * us; open(2), fcntl(2). Returns false where that cannot be.
 */
static bool reopen(int fd, bool for_writing)
{
    char path[32];
    int own, mode = for_writing ? O_WRONLY : O_RDONLY;

    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
        mode = O_RDWR; /* a pipe that its reader keeps open for writers to come */

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own < 0)
        return false;
    dup3(own, fd, O_CLOEXEC);
    close(own);
    return true;
}

/* Opening one again would make a new terminal; pts(4). */
static bool is_terminal_master(int fd)
{
    unsigned number;

    return ioctl(fd, TIOCGPTN, &number) == 0;
}

static bool is_null_device(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

void transport_init_local(struct transport *t, int fd, bool for_writing, const char *name)
{
    struct stat status = {0};
    int flags = fcntl(fd, F_GETFL);

    *t = (struct transport){.ops = &local_ops, .fd = fd, .name = name, .position = -1};
    if (fstat(fd, &status) < 0)
        status.st_mode = S_IFREG; /* its first read or write will tell */
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode)) {
        t->always_ready = true;
        if (S_ISREG(status.st_mode) && (!for_writing || !(flags & O_APPEND)))
            t->kind = TRANSPORT_FILE; /* splice(2) refuses append mode */
    } else if (is_null_device(&status)) {
        t->always_ready = true;
        /* One that was put where a descriptor was closed has to fail when it is written. */
        t->kind =
            for_writing && (flags & O_ACCMODE) != O_RDONLY ? TRANSPORT_SINK : TRANSPORT_OPAQUE;
    } else if (S_ISSOCK(status.st_mode)) {
        t->ops = &local_socket_ops;
    } else {
        t->may_block = is_terminal_master(fd) || !reopen(fd, for_writing);
        if (S_ISFIFO(status.st_mode))
            t->kind = TRANSPORT_PIPE;
    }
}

/* Bytes in memory. */

static enum io memory_read(struct transport *t, void *to, size_t max, size_t *got,
                           struct error *err)
{
    size_t n = t->memory.length < max ? t->memory.length : max;

    (void)err;
    if (n == 0)
        return IO_END;
    memcpy(to, t->memory.bytes, n);
    t->memory.bytes += n;
    t->memory.length -= n;
    *got = n;
    return IO_OK;
}

static void memory_close(struct transport *t)
{
    t->memory.length = 0;
}

static const struct transport_ops memory_ops = {
    .read = memory_read,
    .discard = local_discard,
    .close = memory_close,
};

void transport_init_memory(struct transport *t, const char *bytes, size_t length, const char *name)
{
    *t = (struct transport){.ops = &memory_ops,
                            .fd = -1,
                            .always_ready = true,
                            .name = name,
                            .memory = {bytes, length}};
}
