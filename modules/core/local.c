/* Owns the system calls on pipes, terminals, files and devices, and the state of the
 * standard descriptors. */
#include "core/local.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void end_by(int number)
{
    _exit(128 + number);
}

/* The kernel spares process 1 of a PID namespace the default effect of a signal
 * (pid_namespaces(7)), and leaves it the zombies of others, which are of no use to it. */
static void act_as_first_process(void)
{
    static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    struct sigaction end = {.sa_handler = end_by}, reap = {.sa_handler = SIG_IGN}, old;

    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(ending[i], &end, NULL);
    sigaction(SIGCHLD, &reap, NULL);
}

struct local_startup local_start(void)
{
    struct local_startup s = {0};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, act = {.sa_handler = SIG_DFL};
    sigset_t blocked;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        if (fd == STDIN_FILENO)
            s.input_closed = true;
        else
            s.output_closed[fd - STDOUT_FILENO] = true;
        /* The lowest free number is fd; the wrong direction fails with EBADF. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            break;
    }
    sigprocmask(SIG_SETMASK, NULL, &s.blocked);
    sigaction(SIGPIPE, &ignore, &s.on_pipe);
    sigaction(SIGTTIN, &ignore, &s.on_background_read);
    sigaction(SIGCHLD, &act, &s.on_child_end);
    if (getpid() == 1)
        act_as_first_process();
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    return s;
}

void local_expect_children(void)
{
    struct sigaction act = {.sa_handler = SIG_DFL};

    sigaction(SIGCHLD, &act, NULL);
}

void local_restore_signals(const struct local_startup *s)
{
    sigaction(SIGPIPE, &s->on_pipe, NULL);
    sigaction(SIGTTIN, &s->on_background_read, NULL);
    sigaction(SIGCHLD, &s->on_child_end, NULL);
    sigprocmask(SIG_SETMASK, &s->blocked, NULL);
}

void local_restore_descriptors(const struct local_startup *s)
{
    if (s->input_closed)
        close(STDIN_FILENO);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (s->output_closed[fd - STDOUT_FILENO])
            close(fd);
}

static bool is_ready(const struct transport *t, short events)
{
    struct pollfd p = {.fd = t->fd, .events = events};

    return poll(&p, 1, 0) > 0;
}

/* The terminal belongs to another process group now, and SIGTTIN is ignored. */
static bool is_in_background(const struct transport *t)
{
    pid_t foreground = tcgetpgrp(t->fd);

    return foreground >= 0 && foreground != getpgrp();
}

static enum io read_result(const struct transport *t, ssize_t n, size_t *got, struct error *err)
{
    int number = errno;

    if (n > 0) {
        *got = (size_t)n;
        return IO_OK;
    }
    if (n < 0 && number == EAGAIN && !t->always_ready)
        return IO_AGAIN;
    if (n == 0 || (number == EIO && is_in_background(t)))
        return IO_END;
    error_cause(err, number);
    return IO_FAILED;
}

static enum io write_failed(int number, struct error *err)
{
    error_cause(err, number);
    if (number == EPIPE) /* a filter's reader is gone */
        err->status = EXITCODE_PIPE;
    return IO_FAILED;
}

static enum io local_read(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    char discarded[4096];

    if (to == NULL) {
        to = discarded;
        max = max < sizeof(discarded) ? max : sizeof(discarded);
    }
    if (t->may_block && !is_ready(t, POLLIN))
        return IO_AGAIN;
    return read_result(t, TEMP_FAILURE_RETRY(read(t->fd, to, max)), got, err);
}

static enum io local_write(struct transport *t, const struct iovec *iov, int count, size_t *put,
                           struct error *err)
{
    size_t n = iov->iov_len;
    ssize_t result;

    if (t->may_block) {
        if (!is_ready(t, POLLOUT))
            return IO_AGAIN;
        if (n > PIPE_BUF) /* a ready pipe takes that much without blocking; pipe(7) */
            n = PIPE_BUF;
    }
    result = count == 1 || t->may_block ? TEMP_FAILURE_RETRY(write(t->fd, iov->iov_base, n))
                                        : TEMP_FAILURE_RETRY(writev(t->fd, iov, count));
    if (result < 0)
        return errno == EAGAIN && !t->always_ready ? IO_AGAIN : write_failed(errno, err);
    *put = (size_t)result;
    return IO_OK;
}

/* Closes fd, and keeps a standard descriptor occupied, by what can neither be read nor written
 * and is there after chroot(2) as well. dup2(2) does not report what closing
 * finds out, such as a full disk of a network file system; closing a duplicate first does. */
static int close_local(struct transport *t)
{
    int fd = t->fd, null, copy, result = 0;

    t->fd = -1;
    if (fd > STDERR_FILENO)
        return close(fd);
    null = open("/", O_PATH | O_CLOEXEC);
    copy = null >= 0 ? dup(fd) : -1;
    if (copy >= 0)
        result = close(copy);
    if (null < 0 || dup2(null, fd) < 0)
        result = close(fd);
    if (null >= 0)
        close(null);
    return result;
}

static enum io local_shut(struct transport *t, struct error *err)
{
    if (t->fd < 0 || close_local(t) == 0)
        return IO_OK;
    write_failed(errno, err);
    return IO_FAILED;
}

static void local_close(struct transport *t, bool abort)
{
    (void)abort;
    if (t->fd >= 0)
        close_local(t);
}

static bool local_failure(struct transport *t, struct error *err)
{
    struct pollfd p = {.fd = t->fd};

    if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLERR | POLLHUP)))
        return false;
    write_failed(EPIPE, err);
    return true;
}

static const struct transport_ops input_ops = {
    .read = local_read,
    .close = local_close,
};

static const struct transport_ops output_ops = {
    .write = local_write,
    .shut = local_shut,
    .close = local_close,
    .failure = local_failure,
};

/* Inherited sockets. */

static enum io socket_shut(struct transport *t, struct error *err)
{
    if (t->fd >= 0)
        shutdown(t->fd, SHUT_WR); /* duplicates may be open elsewhere */
    return local_shut(t, err);
}

static const struct transport_ops socket_output_ops = {
    .write = local_write,
    .shut = socket_shut,
    .close = local_close,
    .failure = local_failure,
};

/* Puts a non-blocking description of the same pipe or terminal in the place of fd. Returns
 * false where that cannot be. */
static bool reopen(int fd, bool for_writing)
{
    char path[32];
    int own, mode = for_writing ? O_WRONLY : O_RDONLY;
    bool replaced;

    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
        mode = O_RDWR; /* a FIFO that its reader keeps open for later writers */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own < 0)
        return false;
    replaced = dup3(own, fd, O_CLOEXEC) >= 0;
    close(own);
    return replaced;
}

/* Opening a terminal's controlling side again would make a new terminal; pts(4). */
static bool is_terminal_master(int fd)
{
    unsigned number;

    return ioctl(fd, TIOCGPTN, &number) == 0;
}

static void init_by_type(struct transport *t, const struct stat *status, bool for_writing)
{
    int flags = fcntl(t->fd, F_GETFL);
    bool is_null = S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);

    if (S_ISSOCK(status->st_mode) && for_writing)
        t->ops = &socket_output_ops;
    t->always_ready =
        S_ISREG(status->st_mode) || S_ISDIR(status->st_mode) || S_ISBLK(status->st_mode) || is_null;
    /* splice(2) refuses append mode, and takes a shared position without its lock. */
    if (S_ISREG(status->st_mode) && (!for_writing || !(flags & O_APPEND)) && !t->is_shared)
        t->access = KERNEL_FILE;
    /* One that was put where a descriptor was closed has to fail when it is written. */
    if (is_null && for_writing && (flags & O_ACCMODE) != O_RDONLY)
        t->access = KERNEL_NULL;
    if (S_ISFIFO(status->st_mode))
        t->access = KERNEL_PIPE;
    if (t->always_ready || (flags >= 0 && (flags & O_NONBLOCK) && !t->inherited))
        return;
    t->untried = S_ISFIFO(status->st_mode) && !for_writing;
    /* A socket cannot be opened again. */
    t->may_block = is_terminal_master(t->fd) || !reopen(t->fd, for_writing);
}

static struct stream *open_local(struct loop *l, struct transport *t, bool for_writing,
                                 const char *name, struct error *err)
{
    struct stat status;

    if (fstat(t->fd, &status) < 0) {
        error_errno(err, errno, "cannot open %s", name);
        if (t->fd > STDERR_FILENO)
            close(t->fd);
        return NULL;
    }
    init_by_type(t, &status, for_writing);
    t->inherited = true; /* epoll has to be told before it is closed */
    return stream_new(l, t, name, NULL, err);
}

struct stream *local_open_input(struct loop *l, struct error *err)
{
    struct transport t = {.ops = &input_ops, .fd = STDIN_FILENO, .inherited = true};

    return open_local(l, &t, false, "standard input", err);
}

static struct stream *open_output(struct loop *l, int fd, bool is_shared, struct error *err)
{
    struct transport t = {.ops = &output_ops, .fd = fd, .inherited = true, .is_shared = is_shared};

    return open_local(l, &t, true, "standard output", err);
}

struct stream *local_open_output(struct loop *l, struct error *err)
{
    return open_output(l, STDOUT_FILENO, false, err);
}

struct stream *local_open_output_shared(struct loop *l, bool again, struct error *err)
{
    int fd = STDOUT_FILENO;

    if (again && (fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) < 0) {
        error_errno(err, errno, "cannot open standard output");
        return NULL;
    }
    return open_output(l, fd, true, err);
}

struct stream *local_open_file(struct loop *l, const char *path, struct error *err)
{
    struct transport t = {.ops = &input_ops};

    t.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (t.fd >= 0)
        return open_local(l, &t, false, path, err);
    error_errno(err, errno, "cannot open %s", path);
    return NULL;
}

struct stream *local_append_file(struct loop *l, const char *path, struct error *err)
{
    struct transport t = {.ops = &output_ops};

    t.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0666);
    if (t.fd >= 0)
        return open_local(l, &t, true, path, err);
    error_errno(err, errno, "cannot open %s", path);
    return NULL;
}

struct stream *local_open_error_output(struct loop *l, struct error *err)
{
    struct transport t = {.ops = &output_ops};

    t.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (t.fd >= 0)
        return open_local(l, &t, true, "standard error", err);
    error_errno(err, errno, "cannot open standard error");
    return NULL;
}

struct stream *local_open_pipe(struct loop *l, int fd, bool for_writing, const char *name,
                               struct error *err)
{
    struct transport t = {.ops = for_writing ? &output_ops : &input_ops, .fd = fd};

    fcntl(fd, F_SETFL, O_NONBLOCK);
    return open_local(l, &t, for_writing, name, err);
}

void local_init_error_output(struct transport *t)
{
    struct stat status = {0};

    *t = (struct transport){.ops = &output_ops, .fd = STDERR_FILENO, .inherited = true};
    if (fstat(STDERR_FILENO, &status) == 0)
        init_by_type(t, &status, true);
}

/* A file that many read at a time. */

static enum io shared_read(struct transport *t, void *to, size_t max, size_t *got,
                           struct error *err)
{
    off_t *position = t->state;
    ssize_t n = TEMP_FAILURE_RETRY(pread(t->fd, to, max, *position));

    if (n > 0)
        *position += n;
    return read_result(t, n, got, err);
}

static off_t *shared_position(struct transport *t)
{
    return t->state;
}

static void shared_close(struct transport *t, bool abort)
{
    (void)abort;
    free(t->state);
}

static const struct transport_ops shared_ops = {
    .read = shared_read,
    .close = shared_close,
    .position = shared_position,
};

struct stream *local_share_file(struct loop *l, int fd, const char *name, struct error *err)
{
    struct transport t = {
        .ops = &shared_ops, .fd = fd, .access = KERNEL_FILE, .always_ready = true};

    t.state = calloc(1, sizeof(off_t));
    if (t.state == NULL) {
        error_errno(err, ENOMEM, "cannot read %s", name);
        return NULL;
    }
    return stream_new(l, &t, name, NULL, err);
}
