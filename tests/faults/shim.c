/*
 * Fails one system call or allocation of the program that it is preloaded into.
 *
 * FAULT=FUNCTION:N:ERRNO   the Nth call of FUNCTION (from 1) fails with this errno
 * FAULT=FUNCTION:N:short   ... moves at most one byte
 * FAULT=FUNCTION:N:slow    ... begins half a second later
 * FAULT_COUNTS=FILE        at the end, how often each function was called: "FUNCTION N"
 * FAULT_OUTPUT=FILE        the calls of close(2) on this file count as "close_output", too
 * FAULT_CLOSED=FILE        gets a byte when descriptor 0 is closed at the end
 *
 * These files are opened at the start: the program may give up the access to files.
 *
 * "malloc" counts every allocation.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FUNCTIONS_MAX = 64, NAME_MAX_LENGTH = 24 };

static struct {
    char name[NAME_MAX_LENGTH];
    atomic_uint calls;
} functions[FUNCTIONS_MAX];

static atomic_uint function_count;
static char wanted[NAME_MAX_LENGTH];
static unsigned wanted_call;
static int wanted_errno;
static bool wanted_short;
static bool wanted_slow;
static bool ready;
static struct stat output; /* st_ino is 0: there is none */
static int counts_fd = -1, closed_fd = -1;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

/* Returns a descriptor above those of the program, or -1. */
static int create(const char *path)
{
    int fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path,
                                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
                          : -1;
    int high = fd >= 0 ? (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900) : -1;

    if (fd >= 0)
        syscall(SYS_close, fd);
    return high;
}

__attribute__((constructor)) static void begin(void)
{
    const char *fault = getenv("FAULT"), *output_path = getenv("FAULT_OUTPUT");
    char what[16] = "";

    if (fault != NULL && sscanf(fault, "%23[^:]:%u:%15s", wanted, &wanted_call, what) == 3) {
        wanted_short = strcmp(what, "short") == 0;
        wanted_slow = strcmp(what, "slow") == 0;
        wanted_errno = atoi(what);
    }
    if (output_path != NULL && syscall(SYS_newfstatat, AT_FDCWD, output_path, &output, 0) < 0)
        output.st_ino = 0;
    counts_fd = create(getenv("FAULT_COUNTS"));
    closed_fd = create(getenv("FAULT_CLOSED"));
    unsetenv("LD_PRELOAD"); /* programs that it runs are not disturbed */
    ready = true;
}

__attribute__((destructor)) static void end(void)
{
    ready = false;
    if (closed_fd >= 0 && fcntl(STDIN_FILENO, F_GETFD) < 0)
        dprintf(closed_fd, "!");
    for (unsigned i = 0; counts_fd >= 0 && i < atomic_load(&function_count); i++)
        dprintf(counts_fd, "%s %u\n", functions[i].name, atomic_load(&functions[i].calls));
}

/* What glibc itself does without memory is not ours to test: it may crash. */
static _Thread_local bool is_resolving;

/* Counts a call. Returns true when it is the one that is to fail. */
static bool strikes(const char *name)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    unsigned i, count, call;

    if (!ready || is_resolving)
        return false;
    pthread_mutex_lock(&lock);
    count = atomic_load(&function_count);
    for (i = 0; i < count && strcmp(functions[i].name, name) != 0; i++)
        ;
    if (i == count && count < FUNCTIONS_MAX) {
        strncpy(functions[i].name, name, NAME_MAX_LENGTH - 1);
        atomic_store(&function_count, count + 1);
    }
    call = i < FUNCTIONS_MAX ? atomic_fetch_add(&functions[i].calls, 1) + 1 : 0;
    pthread_mutex_unlock(&lock);
    return call == wanted_call && strcmp(name, wanted) == 0;
}

/* Defines a function that calls the next one of its name, or fails. FAILURE is what it
 * returns then; SHORTEN changes its arguments so that it moves one byte. */
#define WRAP(RESULT, NAME, PARAMETERS, ARGUMENTS, SHORTEN)        \
    RESULT NAME PARAMETERS                                        \
    {                                                             \
        static RESULT(*next) PARAMETERS;                          \
        bool struck = strikes(#NAME);                             \
                                                                  \
        if (next == NULL)                                         \
            next = (RESULT(*) PARAMETERS)dlsym(RTLD_NEXT, #NAME); \
        if (struck && !wanted_short) {                            \
            errno = wanted_errno;                                 \
            return -1;                                            \
        }                                                         \
        if (struck) {                                             \
            SHORTEN;                                              \
        }                                                         \
        return next ARGUMENTS;                                    \
    }

#define NOTHING (void)0

WRAP(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), n = n > 0)
WRAP(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), n = n > 0)
WRAP(ssize_t, pread64, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), n = n > 0)
WRAP(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), n = n > 0)
WRAP(ssize_t, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags), n = n > 0)
WRAP(ssize_t, send, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags),
     n = n > 0)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags), NOTHING)
WRAP(ssize_t, sendfile, (int to, int from, off_t *at, size_t n), (to, from, at, n), n = n > 0)
WRAP(ssize_t, sendfile64, (int to, int from, off_t *at, size_t n), (to, from, at, n), n = n > 0)
WRAP(ssize_t, splice, (int from, off_t *a, int to, off_t *b, size_t n, unsigned flags),
     (from, a, to, b, n, flags), n = n > 0)
WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), NOTHING)
WRAP(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), NOTHING)
WRAP(int, listen, (int fd, int backlog), (fd, backlog), NOTHING)
WRAP(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), NOTHING)
WRAP(int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags), (fd, a, n, flags),
     NOTHING)
WRAP(int, shutdown, (int fd, int how), (fd, how), NOTHING)
WRAP(int, getsockname, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n), NOTHING)
WRAP(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *n),
     (fd, level, name, value, n), NOTHING)
WRAP(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t n),
     (fd, level, name, value, n), NOTHING)
WRAP(int, epoll_create1, (int flags), (flags), NOTHING)
WRAP(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout),
     (fd, events, n, timeout), NOTHING)
WRAP(int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout), NOTHING)
WRAP(int, pipe2, (int fds[2], int flags), (fds, flags), NOTHING)
WRAP(int, eventfd, (unsigned value, int flags), (value, flags), NOTHING)
WRAP(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags), NOTHING)
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags), NOTHING)
WRAP(int, dup, (int fd), (fd), NOTHING)
WRAP(int, dup2, (int fd, int other), (fd, other), NOTHING)
WRAP(int, dup3, (int fd, int other, int flags), (fd, other, flags), NOTHING)
WRAP(int, fstat, (int fd, struct stat *status), (fd, status), NOTHING)
WRAP(int, stat, (const char *path, struct stat *status), (path, status), NOTHING)
WRAP(int, fstatat, (int fd, const char *path, struct stat *status, int flags),
     (fd, path, status, flags), NOTHING)
WRAP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags), NOTHING)
WRAP(int, flock, (int fd, int operation), (fd, operation), NOTHING)
WRAP(int, fchownat, (int fd, const char *path, uid_t user, gid_t group, int flags),
     (fd, path, user, group, flags), NOTHING)
WRAP(int, fchmodat, (int fd, const char *path, mode_t mode, int flags), (fd, path, mode, flags),
     NOTHING)
WRAP(int, rename, (const char *from, const char *to), (from, to), NOTHING)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), NOTHING)
WRAP(int, faccessat, (int fd, const char *path, int mode, int flags), (fd, path, mode, flags),
     NOTHING)
WRAP(int, getrlimit, (__rlimit_resource_t what, struct rlimit *limit), (what, limit), NOTHING)
WRAP(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *limit), (what, limit), NOTHING)
WRAP(int, close_range, (unsigned first, unsigned last, int flags), (first, last, flags), NOTHING)
WRAP(int, setpgid, (pid_t process, pid_t group), (process, group), NOTHING)
WRAP(int, execve, (const char *path, char *const *words, char *const *variables),
     (path, words, variables), NOTHING)
WRAP(off_t, lseek, (int fd, off_t at, int whence), (fd, at, whence), NOTHING)

WRAP(int, setgroups, (size_t n, const gid_t *groups), (n, groups), NOTHING)
WRAP(int, setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved), NOTHING)
WRAP(int, setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved), NOTHING)
WRAP(int, chroot, (const char *path), (path), NOTHING)
WRAP(int, chdir, (const char *path), (path), NOTHING)
WRAP(int, fchdir, (int fd), (fd), NOTHING)

/* Of those that have no function of their own, the ones that give up rights. */
long syscall(long number, ...)
{
    static long (*next)(long number, ...);
    bool gives_up =
        number == SYS_capset || number == SYS_seccomp || (number >= 444 && number <= 446);
    long a[6];
    va_list args;

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (next == NULL)
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    if (!gives_up || !strikes("syscall"))
        return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    errno = wanted_errno;
    return -1;
}

/* An eventfd, which takes 8 bytes, cannot fail like this; eventfd(2). */
ssize_t write(int fd, const void *from, size_t n)
{
    static ssize_t (*next)(int fd, const void *from, size_t n);

    if (next == NULL)
        next = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (n == sizeof(uint64_t) || !strikes("write"))
        return next(fd, from, n);
    if (wanted_short)
        return next(fd, from, n > 0);
    errno = wanted_errno;
    return -1;
}

/* Removing a descriptor that is watched cannot fail; epoll_ctl(2). */
int epoll_ctl(int fd, int operation, int other, struct epoll_event *event)
{
    static int (*next)(int fd, int operation, int other, struct epoll_event *event);

    if (next == NULL)
        next = (int (*)(int, int, int, struct epoll_event *))dlsym(RTLD_NEXT, "epoll_ctl");
    if (operation == EPOLL_CTL_DEL || !strikes("epoll_ctl"))
        return next(fd, operation, other, event);
    errno = wanted_errno;
    return -1;
}

static bool is_output(int fd)
{
    struct stat status;

    return output.st_ino != 0 && syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH) == 0 &&
           status.st_ino == output.st_ino && status.st_dev == output.st_dev;
}

/* A failing close has closed all the same; close(2). */
int close(int fd)
{
    static int (*next)(int fd);
    bool struck = strikes("close");
    int result;

    if (is_output(fd) && strikes("close_output"))
        struck = true;

    if (next == NULL)
        next = (int (*)(int))dlsym(RTLD_NEXT, "close");
    result = next(fd);
    if (!struck)
        return result;
    errno = wanted_errno;
    return -1;
}

#define WRAP_VARIADIC(NAME, FIRST_PARAMETERS, ARGUMENTS, LAST)              \
    int NAME(FIRST_PARAMETERS, ...)                                         \
    {                                                                       \
        static int (*next)(FIRST_PARAMETERS, ...);                          \
        bool struck = strikes(#NAME);                                       \
        va_list args;                                                       \
        unsigned long value;                                                \
                                                                            \
        va_start(args, LAST);                                               \
        value = va_arg(args, unsigned long);                                \
        va_end(args);                                                       \
        if (next == NULL)                                                   \
            next = (int (*)(FIRST_PARAMETERS, ...))dlsym(RTLD_NEXT, #NAME); \
        if (struck) {                                                       \
            errno = wanted_errno;                                           \
            return -1;                                                      \
        }                                                                   \
        return next ARGUMENTS;                                              \
    }

#define COMMA ,
WRAP_VARIADIC(open, const char *path COMMA int flags, (path, flags, value), flags)
WRAP_VARIADIC(open64, const char *path COMMA int flags, (path, flags, value), flags)
WRAP_VARIADIC(openat, int fd COMMA const char *path COMMA int flags, (fd, path, flags, value),
              flags)
WRAP_VARIADIC(fcntl, int fd COMMA int command, (fd, command, value), command)
WRAP_VARIADIC(fcntl64, int fd COMMA int command, (fd, command, value), command)

/* Some options require zeros in the arguments that they do not use; prctl(2). */
int prctl(int option, ...)
{
    static int (*next)(int option, ...);
    unsigned long a[4];
    va_list args;

    va_start(args, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(args, unsigned long);
    va_end(args);
    if (next == NULL)
        next = (int (*)(int, ...))dlsym(RTLD_NEXT, "prctl");
    if (!strikes("prctl"))
        return next(option, a[0], a[1], a[2], a[3]);
    errno = wanted_errno;
    return -1;
}

WRAP_VARIADIC(ioctl, int fd COMMA unsigned long request, (fd, request, value), request)

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    int result;

    if (next == NULL)
        next = (int (*)(const char *, const char *, const struct addrinfo *,
                        struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
    if (strikes("getaddrinfo")) {
        if (!wanted_slow)
            return EAI_MEMORY;
        nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
    }
    is_resolving = true;
    result = next(host, service, hints, found);
    is_resolving = false;
    return result;
}

#define WRAP_DATABASE(ENTRY, NAME, KEY)                               \
    struct ENTRY *NAME(KEY key)                                       \
    {                                                                 \
        static struct ENTRY *(*next)(KEY);                            \
        struct ENTRY *found;                                          \
                                                                      \
        if (next == NULL)                                             \
            next = (struct ENTRY * (*)(KEY)) dlsym(RTLD_NEXT, #NAME); \
        is_resolving = true;                                          \
        found = next(key);                                            \
        is_resolving = false;                                         \
        return found;                                                 \
    }

WRAP_DATABASE(group, getgrnam, const char *)
WRAP_DATABASE(passwd, getpwnam, const char *)
WRAP_DATABASE(passwd, getpwuid, uid_t)

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *arg)
{
    static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (next == NULL)
        next = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(
            RTLD_NEXT, "pthread_create");
    return strikes("pthread_create") ? wanted_errno : next(thread, attributes, start, arg);
}

static bool allocation_fails(void)
{
    if (!strikes("malloc"))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return allocation_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __libc_realloc(old, size);
}
