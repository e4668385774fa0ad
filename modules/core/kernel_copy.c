/* Owns sendfile and splice, and finds out which of two ends was not ready or has failed. */
#include "core/kernel_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/step.h"
#include "core/stream_private.h"

enum {
    BULK = 32 << 10, /* after a copy of this size more will come */
    LARGE_PIPE = 1 << 20,
};

bool kernel_copy_is_possible(const struct stream *from, const struct stream *to)
{
    enum kernel_access sink = to->transport.access;

    switch (from->transport.access) {
    case KERNEL_FILE:
        return sink == KERNEL_SOCKET;
    case KERNEL_PIPE:
        return sink == KERNEL_SOCKET || sink == KERNEL_PIPE;
    case KERNEL_SOCKET:
        return sink != KERNEL_NONE;
    default:
        return false;
    }
}

/* The kernel does not say which end a copy that failed with EAGAIN has to wait for. */
static enum kernel_copy_result find_unready(struct stream *from, struct stream *to)
{
    struct pollfd ends[] = {
        {.fd = to->transport.always_ready ? -1 : to->transport.fd, .events = POLLOUT},
        {.fd = from->transport.always_ready ? -1 : from->transport.fd, .events = POLLIN},
    };

    if (poll(ends, 2, 0) < 0)
        return KERNEL_COPY_BY_HAND;
    if (ends[0].fd >= 0 && ends[0].revents == 0) {
        stream_met_write(to, IO_AGAIN, 0, NULL);
        return KERNEL_COPY_BLOCKED;
    }
    if (ends[1].fd < 0 || ends[1].revents != 0)
        return KERNEL_COPY_BY_HAND; /* ready by now, or there is an urgent mark; tcp(7) */
    return stream_met_read(from, IO_AGAIN, 0, 0, NULL) == IO_FAILED ? KERNEL_COPY_READ_FAILED
                                                                    : KERNEL_COPY_STARVED;
}

static void report(const struct stream *from, const struct stream *to, size_t n, int failure)
{
    struct step step = {
        .kind = STEP_SPLICE_FROM, .fd = from->transport.fd, .size = n, .failure = failure};

    if (from->transport.access == KERNEL_SOCKET)
        step_report(&step);
    if (to->transport.access != KERNEL_SOCKET)
        return;
    step.kind = from->transport.access == KERNEL_FILE ? STEP_SENDFILE : STEP_SPLICE_TO;
    step.fd = to->transport.fd;
    step_report(&step);
}

/* A call between two ends does not say which one has failed, except where only sockets
 * fail like this. Reading and writing by hand finds out the rest. */
static enum kernel_copy_result find_failed(struct stream *from, struct stream *to, int number)
{
    struct error why = {0};

    switch (number) {
    case EAGAIN:
    case EINTR:
        return find_unready(from, to);
    case ECONNRESET:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ECONNABORTED:
        report(from, to, 0, number);
        error_cause(&why, number);
        if (from->transport.access != KERNEL_SOCKET) {
            stream_met_write(to, IO_FAILED, 0, &why);
            return KERNEL_COPY_WRITE_FAILED;
        }
        stream_met_read(from, IO_FAILED, 0, 0, &why);
        return KERNEL_COPY_READ_FAILED;
    default:
        return KERNEL_COPY_REFUSED;
    }
}

/* Writes what the pipe holds into a file. What the file does not take this way is read back:
 * writing it by hand finds out what is wrong. */
static enum kernel_copy_result write_pipe(struct workspace_pipe *p, struct stream *to,
                                          struct buf *rest)
{
    struct error why = {0};
    ssize_t n = 1;
    char *room;

    while (p->held_bytes > 0 && n > 0) {
        n = TEMP_FAILURE_RETRY(
            splice(p->ends[0], NULL, to->transport.fd, NULL, p->held_bytes, SPLICE_F_MOVE));
        if (n > 0) {
            p->held_bytes -= (size_t)n;
            stream_met_write(to, IO_OK, (size_t)n, NULL);
        }
    }
    if (p->held_bytes == 0)
        return KERNEL_COPY_OK;
    for (n = 1; p->held_bytes > 0 && n > 0; p->held_bytes -= (size_t)n) {
        room = buf_reserve(rest, p->held_bytes);
        n = room != NULL ? TEMP_FAILURE_RETRY(read(p->ends[0], room, p->held_bytes)) : 0;
        if (n > 0)
            buf_added(rest, (size_t)n);
        else
            n = 0;
    }
    if (p->held_bytes == 0)
        return KERNEL_COPY_REFUSED;
    error_cause(&why, ENOMEM);
    stream_met_write(to, IO_FAILED, 0, &why);
    return KERNEL_COPY_WRITE_FAILED;
}

/* A pipe through which much goes is made to hold more at a time, where that is allowed:
 * fewer copies, and fewer changes between the two processes. */
static void enlarge(struct stream *s)
{
    if (s->transport.access != KERNEL_PIPE || s->enlarged)
        return;
    s->enlarged = true;
    if (fcntl(s->transport.fd, F_GETPIPE_SZ) < LARGE_PIPE)
        fcntl(s->transport.fd, F_SETPIPE_SZ, LARGE_PIPE);
}

/* Makes the call that moves at most max bytes from from to out. */
static ssize_t move(struct stream *from, int out, size_t max)
{
    struct transport *t = &from->transport;

    if (t->access == KERNEL_FILE)
        return sendfile(out, t->fd, t->ops->position != NULL ? t->ops->position(t) : NULL, max);
    return splice(t->fd, NULL, out, NULL, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

/* What goes to /dev/null need not be fetched. */
static enum kernel_copy_result discard(struct stream *from, struct stream *to, size_t max)
{
    static const enum kernel_copy_result results[] = {
        [IO_OK] = KERNEL_COPY_OK,
        [IO_AGAIN] = KERNEL_COPY_STARVED,
        [IO_END] = KERNEL_COPY_END,
        [IO_FAILED] = KERNEL_COPY_READ_FAILED,
    };
    size_t n;
    enum io result = stream_read(from, NULL, max, &n);

    if (result == IO_OK)
        stream_met_write(to, IO_OK, n, NULL);
    return results[result];
}

/* From a socket through a pipe of the workspace, since splice(2) needs a pipe on one side. To a
 * socket, small pieces are faster by hand: two calls for one copy less cost more than the copy. */
static enum kernel_copy_result through_pipe(struct workspace *w, struct stream *from,
                                            struct stream *to, size_t max, struct buf *rest)
{
    bool into_socket = to->transport.access == KERNEL_SOCKET;
    enum kernel_copy_result result;
    struct workspace_pipe pipe;
    ssize_t n;

    if (into_socket && !from->bulk)
        return KERNEL_COPY_BY_HAND;
    if (workspace_take_pipe(w, &pipe) < 0)
        return into_socket ? KERNEL_COPY_BY_HAND : KERNEL_COPY_REFUSED;
    max = max < pipe.size_bytes ? max : pipe.size_bytes;
    n = move(from, pipe.ends[1], max);
    if (n <= 0) {
        result = n == 0 ? KERNEL_COPY_BY_HAND : find_failed(from, to, errno);
        workspace_give_pipe(w, &pipe);
        return result;
    }
    pipe.held_bytes = (size_t)n;
    step_report(&(struct step){
        .kind = STEP_SPLICE_FROM, .fd = from->transport.fd, .size = pipe.held_bytes});
    stream_met_read(from, IO_OK, max, (size_t)n, NULL);
    if (into_socket)
        return stream_send_pipe(to, w, &pipe) == IO_OK ? KERNEL_COPY_OK : KERNEL_COPY_WRITE_FAILED;
    result = write_pipe(&pipe, to, rest);
    workspace_give_pipe(w, &pipe);
    return result;
}

enum kernel_copy_result kernel_copy(struct workspace *w, struct stream *from, struct stream *to,
                                    size_t max, struct buf *rest)
{
    enum kernel_access source = from->transport.access, sink = to->transport.access;
    ssize_t n;

    if (sink == KERNEL_NULL)
        return discard(from, to, max);
    if (sink == KERNEL_FILE || (sink == KERNEL_SOCKET && source == KERNEL_SOCKET))
        return through_pipe(w, from, to, max, rest);
    if (sink == KERNEL_SOCKET && max > STREAM_SEND_PIECE)
        max = STREAM_SEND_PIECE;
    n = move(from, to->transport.fd, max);
    if (n < 0)
        return find_failed(from, to, errno);
    if (n == 0 && from->transport.access == KERNEL_SOCKET)
        return KERNEL_COPY_BY_HAND; /* an urgent mark stops it like the end of data */
    if (n == 0)
        return stream_met_read(from, IO_END, 0, 0, NULL) == IO_FAILED ? KERNEL_COPY_READ_FAILED
                                                                      : KERNEL_COPY_END;
    report(from, to, (size_t)n, 0);
    stream_met_read(from, IO_OK, max, (size_t)n, NULL);
    stream_met_write(to, IO_OK, (size_t)n, NULL);
    if (n >= BULK) {
        enlarge(from);
        enlarge(to);
    }
    return KERNEL_COPY_OK;
}
