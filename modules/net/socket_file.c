/* Owns the files of listening unix sockets. Knows no connections. */
#include "net/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "net/socket.h"

enum {
    OWNER_ONLY = 0600,
    BIND_TRIES = 8, /* another process may bind as soon as a path is free */
    LOCK_TRIES = 200,
    LOCK_DELAY_MS = 10,
};

/* Splits the path into the directory, which it opens, and the name. Returns 0 or an errno. */
static int open_directory(struct socket_file *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    char directory[sizeof(f->name)] = ".";

    strcpy(f->name, slash != NULL ? slash + 1 : path);
    if (slash != NULL) {
        size_t length = slash == path ? 1 : (size_t)(slash - path);

        memcpy(directory, path, length);
        directory[length] = '\0';
    }
    f->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return f->directory < 0 ? errno : 0;
}

/* Returns true when a process has the socket at the path. A connect with another type finds
 * the socket and goes no further: the server does not notice; unix(7), EPROTOTYPE. */
static int find_owner(const struct addr *a, bool *is_owned)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), result, number;

    if (fd < 0)
        return errno;
    result = connect(fd, &a->sa, a->length);
    number = errno;
    close(fd);
    *is_owned = result == 0 || number == EPROTOTYPE;
    return result == 0 || number == EPROTOTYPE || number == ECONNREFUSED ? 0 : number;
}

/* Locks the directory, which leaves no file behind. Nobody holds that lock for long, but a
 * process that does must not block the start for ever. Returns a descriptor, to be closed, or
 * -1 with errno set. */
static int lock_directory(const struct socket_file *f)
{
    const struct timespec delay = {.tv_nsec = LOCK_DELAY_MS * 1000000};
    int fd = openat(f->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), number = 0;

    for (int tries = 0; fd >= 0 && tries < LOCK_TRIES; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        number = errno;
        if (number != EWOULDBLOCK && number != EINTR)
            break;
        nanosleep(&delay, NULL);
    }
    if (fd >= 0) {
        close(fd);
        errno = number;
    }
    return -1;
}

/* Removes a socket that no process has. Returns 0 when the path may be free, or -1 with err
 * filled, a cause. The caller has the lock. */
static int remove_stale(const struct socket_file *f, const struct addr *a, struct error *err)
{
    struct stat status;
    bool is_owned = false;
    int number;

    if (fstatat(f->directory, f->name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            return 0;
        error_cause(err, errno);
        return -1;
    }
    if (!S_ISSOCK(status.st_mode)) {
        error_set(err, EXITCODE_FAILED, "the file exists and is not a socket");
        return -1;
    }
    number = find_owner(a, &is_owned);
    if (number == 0 && !is_owned && unlinkat(f->directory, f->name, 0) < 0)
        number = errno;
    if (is_owned)
        error_set(err, EXITCODE_FAILED, "a server already listens there");
    else if (number != 0 && number != ENOENT)
        error_errno(err, number, "cannot take over the socket that exists there");
    return error_is_set(err) ? -1 : 0;
}

static int take_over(const struct socket_file *f, const struct addr *a, struct error *err)
{
    int lock = lock_directory(f), result;

    if (lock < 0) {
        error_errno(err, errno, "the file exists, and its directory cannot be locked");
        return -1;
    }
    result = remove_stale(f, a, err);
    close(lock);
    return result;
}

/* The file gets the mode of the socket, less the umask. Both steps that give more rights come
 * after it has its owner and group. */
static int set_rights(const struct socket_file *f, const struct socket_file_options *o,
                      struct error *err)
{
    if (o->has_group &&
        fchownat(f->directory, f->name, (uid_t)-1, o->group, AT_SYMLINK_NOFOLLOW) < 0)
        error_errno(err, errno, "--socket-group");
    else if (o->has_mode && fchmodat(f->directory, f->name, o->mode, 0) < 0)
        error_errno(err, errno, "--socket-mode");
    return error_is_set(err) ? -1 : 0;
}

static int bind_path(struct socket_file *f, int fd, const struct addr *a, struct error *err)
{
    struct stat status;
    int tries = BIND_TRIES, number;

    if (fchmod(fd, OWNER_ONLY) < 0) {
        error_cause(err, errno);
        return -1;
    }
    while (socket_bind(fd, a) < 0) {
        number = errno;
        if (number != EADDRINUSE || tries-- == 0) {
            error_cause(err, number);
            return -1;
        }
        if (take_over(f, a, err) < 0)
            return -1;
    }
    if (fstatat(f->directory, f->name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        error_cause(err, errno);
        unlinkat(f->directory, f->name, 0);
        return -1;
    }
    f->exists = true;
    f->device = status.st_dev;
    f->inode = status.st_ino;
    return 0;
}

int socket_file_bind(struct socket_file *f, int fd, const struct addr *a,
                     const struct socket_file_options *o, struct error *err)
{
    struct error why = {0};
    int number;

    *f = (struct socket_file){0};
    number = open_directory(f, a->un.sun_path);
    if (number != 0) {
        error_cause(err, number);
        return -1;
    }
    if (bind_path(f, fd, a, &why) == 0 && set_rights(f, o, &why) == 0)
        return 0;
    if (f->exists)
        socket_file_remove(f);
    else
        close(f->directory);
    error_move(err, &why);
    return -1;
}

void socket_file_remove(struct socket_file *f)
{
    struct stat status;

    if (!f->exists)
        return;
    if (fstatat(f->directory, f->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_dev == f->device && status.st_ino == f->inode)
        unlinkat(f->directory, f->name, 0);
    close(f->directory);
    f->exists = false;
}
