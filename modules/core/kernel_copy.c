/* Owns sendfile and splice, and which end it was that was not ready. */
#include "core/kernel_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* One copy moves at most as much as the pipe holds; unprivileged users may have
 * pipes of this size (fs.pipe-max-size, pipe(7)). */
enum {
    PIPE_SIZE = 1 << 20,
    BULK = 32 << 10, /* as much in one copy means that more will come */
};

void kernel_pipe_init(struct kernel_pipe *p)
{
    *p = (struct kernel_pipe){.read_fd = -1, .write_fd = -1};
}

void kernel_pipe_clear(struct kernel_pipe *p)
{
    if (p->read_fd >= 0) {
        close(p->read_fd);
        close(p->write_fd);
    }
    kernel_pipe_init(p);
}

static int open_pipe(struct kernel_pipe *p)
{
    int ends[2], size;

    if (p->read_fd >= 0)
        return 0;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    p->read_fd = ends[0];
    p->write_fd = ends[1];
    fcntl(p->write_fd, F_SETPIPE_SZ, PIPE_SIZE);
    size = fcntl(p->write_fd, F_GETPIPE_SZ);
    p->size = size > 0 ? (size_t)size : 4096;
    return 0;
}

enum kernel_route kernel_copy_route(const struct transport *from, const struct transport *to)
{
    bool from_any = from->kind == TRANSPORT_SOCKET || from->kind == TRANSPORT_PIPE;

    if (from->kind == TRANSPORT_FILE && to->kind == TRANSPORT_SOCKET)
        return KERNEL_ROUTE_SENDFILE;
    if (from->kind == TRANSPORT_PIPE && to->kind == TRANSPORT_SOCKET)
        return KERNEL_ROUTE_DIRECT;
    if (from_any && to->kind == TRANSPORT_PIPE)
        return KERNEL_ROUTE_DIRECT;
    if (from->kind == TRANSPORT_SOCKET && to->kind == TRANSPORT_SINK)
        return KERNEL_ROUTE_DROP;
    if (from->kind == TRANSPORT_SOCKET && to->kind == TRANSPORT_FILE)
        return KERNEL_ROUTE_VIA_PIPE;
    return KERNEL_ROUTE_NONE;
}

/* What stopped a copy that said EAGAIN: the kernel does not say which end. */
static enum kernel_copy_result why_not_now(struct stream *from, struct stream *to, size_t *moved)
{
    struct pollfd ends[] = {
        {.fd = to->transport.always_ready ? -1 : to->transport.fd, .events = POLLOUT},
        {.fd = from->transport.always_ready ? -1 : from->transport.fd, .events = POLLIN},
    };

    *moved = 0;
    poll(ends, 2, 0);
    if (ends[0].fd >= 0 && ends[0].revents == 0) {
        stream_found_full(to);
        return KERNEL_COPY_BLOCKED;
    }
    if (ends[1].fd >= 0 && ends[1].revents == 0) {
        stream_found_empty(from);
        return KERNEL_COPY_STARVED;
    }
    return KERNEL_COPY_STUCK; /* both are by now, or there is an urgent mark; tcp(7) */
}

/* The errors that mean "not this way" rather than "not at all". */
static bool is_refusal(int number)
{
    return number == EINVAL || number == ENOSYS || number == EOPNOTSUPP;
}

static enum kernel_copy_result failed(struct stream *from, struct stream *to, size_t *moved,
                                      struct error *err)
{
    int number = errno;

    if (number == EAGAIN || number == EINTR)
        return why_not_now(from, to, moved);
    if (is_refusal(number))
        return KERNEL_COPY_REFUSED;
    /* A call that moves between two ends names none: EPIPE can only be about
     * writing, EIO about a file, and the rest is what sockets meet. */
    if (number == EPIPE || (to->transport.kind == TRANSPORT_SOCKET && number != EIO)) {
        to->broken = number;
        stream_is_broken(to, err);
        return KERNEL_COPY_WRITE_FAILED;
    }
    from->in_ended = true;
    from->read_failure = number;
    transport_read_error(&from->transport, number, err);
    return KERNEL_COPY_READ_FAILED;
}

static enum kernel_copy_result moved_or_end(ssize_t n, struct stream *from, size_t *moved)
{
    /* At an urgent mark a socket gives nothing either: only reading tells the end. */
    if (n == 0 && from->transport.kind == TRANSPORT_SOCKET)
        return KERNEL_COPY_STUCK;
    if (n == 0) {
        from->in_ended = true;
        return KERNEL_COPY_END;
    }
    *moved = (size_t)n;
    stream_count_in(from, *moved);
    return KERNEL_COPY_OK;
}

static enum kernel_copy_result copy_file(struct stream *from, struct stream *to, size_t max,
                                         size_t *moved, struct error *err)
{
    off_t *position = from->transport.position >= 0 ? &from->transport.position : NULL;
    ssize_t n = sendfile(to->transport.fd, from->transport.fd, position, max);

    if (n < 0)
        return failed(from, to, moved, err);
    stream_count_out(to, (size_t)n);
    return moved_or_end(n, from, moved);
}

/* Splices to out, which is where to writes or a pipe on the way there. What was not
 * ready may be by the time that is looked at: then it tries once more. */
static enum kernel_copy_result splice_from(struct stream *from, struct stream *to, int out,
                                           size_t max, size_t *moved, struct error *err)
{
    enum kernel_copy_result result = KERNEL_COPY_STUCK;

    for (int tries = 0; tries < 2 && result == KERNEL_COPY_STUCK; tries++) {
        ssize_t n =
            splice(from->transport.fd, NULL, out, NULL, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

        if (n >= 0)
            return moved_or_end(n, from, moved);
        result = failed(from, to, moved, err);
    }
    return result;
}

/* A pipe through which much goes is made to hold more at a time, where that is
 * allowed: fewer copies, and fewer changes between the two processes. */
static void enlarge(struct transport *t)
{
    if (t->kind != TRANSPORT_PIPE || t->enlarged)
        return;
    t->enlarged = true;
    if (fcntl(t->fd, F_GETPIPE_SZ) < PIPE_SIZE)
        fcntl(t->fd, F_SETPIPE_SZ, PIPE_SIZE);
}

static enum kernel_copy_result copy_direct(struct stream *from, struct stream *to, size_t max,
                                           size_t *moved, struct error *err)
{
    enum kernel_copy_result result = splice_from(from, to, to->transport.fd, max, moved, err);

    if (result == KERNEL_COPY_OK)
        stream_count_out(to, *moved);
    if (*moved >= BULK) {
        enlarge(&from->transport);
        enlarge(&to->transport);
    }
    return result;
}

/* Reads back what is in our pipe, for a file that would not take it. */
static int read_back(struct kernel_pipe *p, size_t n, struct buf *rest)
{
    while (n > 0) {
        char *to = buf_reserve(rest, n);
        ssize_t got = to != NULL ? read(p->read_fd, to, n) : -1;

        if (got <= 0)
            return -1;
        buf_added(rest, (size_t)got);
        n -= (size_t)got;
    }
    return 0;
}

static enum kernel_copy_result empty_pipe(struct kernel_pipe *p, struct stream *to, size_t n,
                                          struct buf *rest, struct error *err)
{
    ssize_t put = 0;
    int number;

    while (n > 0) {
        put = splice(p->read_fd, NULL, to->transport.fd, NULL, n, SPLICE_F_MOVE);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            break;
        n -= (size_t)put;
        stream_count_out(to, (size_t)put);
    }
    if (n == 0)
        return KERNEL_COPY_OK;
    number = put < 0 ? errno : EIO;
    if (is_refusal(number) && read_back(p, n, rest) == 0)
        return KERNEL_COPY_REFUSED;
    kernel_pipe_clear(p); /* with what could not be delivered */
    to->broken = number;
    stream_is_broken(to, err);
    return KERNEL_COPY_WRITE_FAILED;
}

static enum kernel_copy_result copy_via_pipe(struct kernel_pipe *p, struct stream *from,
                                             struct stream *to, size_t max, struct buf *rest,
                                             size_t *moved, struct error *err)
{
    enum kernel_copy_result result;

    if (open_pipe(p) < 0)
        return KERNEL_COPY_REFUSED;
    result = splice_from(from, to, p->write_fd, max < p->size ? max : p->size, moved, err);
    if (result != KERNEL_COPY_OK)
        return result;
    result = empty_pipe(p, to, *moved, rest, err);
    if (result == KERNEL_COPY_REFUSED)
        *moved -= buf_length(rest);
    return result;
}

/* What goes to /dev/null need not be fetched. */
static enum kernel_copy_result drop(struct stream *from, struct stream *to, size_t max,
                                    size_t *moved, struct error *err)
{
    switch (stream_discard(from, max, moved, err)) {
    case IO_OK:
        stream_count_out(to, *moved);
        return KERNEL_COPY_OK;
    case IO_AGAIN:
        return KERNEL_COPY_STARVED;
    case IO_END:
        return KERNEL_COPY_END;
    case IO_FAILED:
        break;
    }
    return KERNEL_COPY_READ_FAILED;
}

enum kernel_copy_result kernel_copy(enum kernel_route route, struct kernel_pipe *p,
                                    struct stream *from, struct stream *to, size_t max,
                                    struct buf *rest, size_t *moved, struct error *err)
{
    *moved = 0;
    if (stream_is_broken(to, err))
        return KERNEL_COPY_WRITE_FAILED;
    if (!from->readable)
        return KERNEL_COPY_STARVED;
    if (stream_is_blocked(to))
        return KERNEL_COPY_BLOCKED;
    if (to->transport.kind == TRANSPORT_SOCKET && max > STREAM_SEND_PIECE)
        max = STREAM_SEND_PIECE;
    switch (route) {
    case KERNEL_ROUTE_SENDFILE:
        return copy_file(from, to, max, moved, err);
    case KERNEL_ROUTE_DIRECT:
        return copy_direct(from, to, max, moved, err);
    case KERNEL_ROUTE_VIA_PIPE:
        return copy_via_pipe(p, from, to, max, rest, moved, err);
    case KERNEL_ROUTE_DROP:
        return drop(from, to, max, moved, err);
    case KERNEL_ROUTE_NONE:
        break;
    }
    return KERNEL_COPY_REFUSED;
}
