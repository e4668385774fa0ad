/* Owns the finding of inherited sockets. Opens, accepts and closes none. */
#include "net/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"

enum { FIRST = STDERR_FILENO + 1 }; /* SD_LISTEN_FDS_START */

int inherited_count(const char *pid, const char *count, pid_t own, struct error *err)
{
    uint64_t number;

    if (pid == NULL || count == NULL)
        return 0;
    if (num_parse(pid, 1, INT32_MAX, &number) < 0) {
        error_set(err, EXITCODE_FAILED, "invalid LISTEN_PID \"%s\": expected a process ID", pid);
        return -1;
    }
    if (number != (uint64_t)own)
        return 0;
    if (num_parse(count, 0, INT32_MAX - FIRST, &number) == 0)
        return (int)number;
    error_set(err, EXITCODE_FAILED, "invalid LISTEN_FDS \"%s\": expected a number of sockets",
              count);
    return -1;
}

/* Returns the value of an integer option, or -1 with errno set. */
static int get_option(int fd, int name)
{
    int value;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

static bool has_peer(int fd)
{
    struct addr peer;

    peer.length = sizeof(peer.un);
    return getpeername(fd, &peer.sa, &peer.length) == 0;
}

static bool is_family(int family)
{
    return family == AF_INET || family == AF_INET6 || family == AF_UNIX || family == AF_VSOCK;
}

/* Whether the sockets that were passed are of use. alone: it may be a connection. */
static int check_socket(int fd, bool alone, bool *is_connection, struct error *err)
{
    int type = get_option(fd, SO_TYPE), family = get_option(fd, SO_DOMAIN);
    const char *why = NULL;

    *is_connection = false;
    if (type < 0) {
        error_errno(err, errno, "cannot use descriptor %d (LISTEN_FDS)", fd);
        return -1;
    }
    if (type != SOCK_STREAM || !is_family(family))
        why = "not a TCP, unix or vsock stream socket";
    else if (get_option(fd, SO_ACCEPTCONN) > 0)
        return 0;
    else if (!has_peer(fd))
        why = "neither listening nor still connected";
    else if (!alone)
        why = "connected, but only one connection can be served";
    *is_connection = why == NULL;
    if (*is_connection)
        return 0;
    error_set(err, EXITCODE_FAILED, "cannot use descriptor %d (LISTEN_FDS): %s", fd, why);
    return -1;
}

static int find_passed(struct inherited *i, struct error *err)
{
    static const char *const names[] = {"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS",
                                        "LISTEN_FDNAMES"};
    int count = inherited_count(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getpid(), err);

    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
        unsetenv(names[n]);
    if (count < 0)
        return -1;
    for (int fd = FIRST; fd < FIRST + count; fd++) {
        if (check_socket(fd, count == 1, &i->is_connection, err) < 0)
            return -1;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    i->first = FIRST;
    i->count = (size_t)count;
    return 0;
}

/* Returns whether fd is this file, or -1 with errno set. */
static int is_file(int fd, const struct stat *status)
{
    struct stat other;

    if (fstat(fd, &other) < 0)
        return -1;
    return other.st_dev == status->st_dev && other.st_ino == status->st_ino;
}

static int find_standard(struct inherited *i, struct error *err)
{
    int type = get_option(STDIN_FILENO, SO_TYPE), family, listens, is_output;
    struct stat status;

    if (type < 0 ? errno == ENOTSOCK : type != SOCK_STREAM)
        return 0;
    if (type < 0 || (family = get_option(STDIN_FILENO, SO_DOMAIN)) < 0 ||
        (listens = get_option(STDIN_FILENO, SO_ACCEPTCONN)) < 0 ||
        fstat(STDIN_FILENO, &status) < 0 || (is_output = is_file(STDOUT_FILENO, &status)) < 0) {
        error_errno(err, errno, "cannot serve standard input");
        return -1;
    }
    if (is_output && is_family(family) && !listens)
        *i = (struct inherited){
            .first = STDIN_FILENO, .count = 1, .is_connection = true, .is_standard = true};
    return 0;
}

int inherited_find(struct inherited *i, bool may_be_standard, struct error *err)
{
    *i = (struct inherited){0};
    if (find_passed(i, err) < 0)
        return -1;
    return i->count == 0 && may_be_standard ? find_standard(i, err) : 0;
}

int inherited_detach(struct inherited *i, struct error *err)
{
    struct stat status;
    int null;

    if (!i->is_standard)
        return 0;
    i->first = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST);
    null = i->first >= 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (null < 0 || fstat(i->first, &status) < 0)
        goto fail;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int is_client = is_file(fd, &status);

        if (is_client < 0 || (is_client && dup2(null, fd) < 0))
            goto fail;
    }
    close(null);
    return 0;
fail:
    error_errno(err, errno, "cannot serve standard input");
    if (null >= 0)
        close(null);
    return -1;
}

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int inherited_listen(int fd, const struct socket_options *o, struct addr *actual, struct error *err)
{
    actual->length = sizeof(actual->un);
    actual->pid = 0;
    if (set_nonblocking(fd) == 0 && getsockname(fd, &actual->sa, &actual->length) == 0)
        return socket_configure(fd, actual, o, err);
    error_errno(err, errno, "cannot listen on descriptor %d (LISTEN_FDS)", fd);
    return -1;
}

int inherited_connect(int fd, const struct socket_options *o, struct addr *peer, struct error *err)
{
    if (set_nonblocking(fd) == 0 && socket_find_peer(fd, peer) == 0)
        return socket_configure(fd, peer, o, err);
    error_errno(err, errno, "cannot serve the connection that was passed");
    return -1;
}
