/* Owns the state of the standard descriptors. Copies nothing. */
#include "core/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

struct stdio stdio_init(void)
{
    struct stdio io = {0};
    struct sigaction before, ignore = {.sa_handler = SIG_IGN};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (fd == STDIN_FILENO)
            io.input_closed = true;
        /* The lowest free number is this one; the wrong direction fails with EBADF. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            break;
    }
    sigaction(SIGPIPE, &ignore, &before);
    io.pipe_kills = before.sa_handler != SIG_IGN;
    sigaction(SIGTTIN, &ignore, NULL);
    return io;
}

static int open_local(struct stream *s, struct loop *l, int fd, bool for_writing, const char *name,
                      struct error *err)
{
    struct transport t;

    transport_init_local(&t, fd, for_writing, name);
    return stream_open(s, l, &t, err);
}

int stdio_open_input(struct stream *s, struct loop *l, struct error *err)
{
    return open_local(s, l, STDIN_FILENO, false, "standard input", err);
}

int stdio_open_output(struct stream *s, struct loop *l, struct error *err)
{
    return open_local(s, l, STDOUT_FILENO, true, "standard output", err);
}

int stdio_open_output_again(struct stream *s, struct loop *l, struct error *err)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (fd < 0) {
        error_errno(err, errno, "writing standard output");
        return -1;
    }
    return open_local(s, l, fd, true, "standard output", err);
}

int stdio_open_file(struct stream *s, struct loop *l, const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        error_errno(err, errno, "opening %s", path);
        return -1;
    }
    return open_local(s, l, fd, false, path, err);
}

void stdio_die_of_pipe(const struct stdio *io)
{
    if (!io->pipe_kills)
        return;
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}
