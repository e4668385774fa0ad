/* Owns the system calls of Landlock, and what each version of them knows. Headers of the C
 * library may be older than the kernel: structures and values are those of linux/landlock.h. */
#include "core/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
    CREATE_RULESET_VERSION = 1,
    RULE_PATH_BENEATH = 1,
    RULE_NET_PORT = 2,
    NET_BIND = 1,
    NET_CONNECT = 2,
    SCOPE_ABSTRACT_UNIX = 1,
    SCOPE_SIGNAL = 2,
    FILES_MAX_VERSION = 5, /* the last that added rights for files */
};

/* Bits of rights for files, by version: 13 at first, then REFER, TRUNCATE, none, IOCTL_DEV. */
static const int file_bits[FILES_MAX_VERSION] = {13, 14, 15, 15, 16};

struct ruleset {
    uint64_t files;
    uint64_t net;    /* from version 4 on */
    uint64_t scoped; /* from version 6 on */
};

struct path_rule {
    uint64_t rights;
    int32_t parent;
} __attribute__((packed));

struct port_rule {
    uint64_t rights;
    uint64_t port;
};

static int fail(struct error *err)
{
    error_errno(err, errno, "cannot limit the access to files");
    return -1;
}

/* Signals go to this process alone, and connections, if it makes none, to no abstract socket
 * elsewhere. */
static struct ruleset rules_of(long version, bool connects)
{
    long files = version < FILES_MAX_VERSION ? version : FILES_MAX_VERSION;

    return (struct ruleset){
        .files = (UINT64_C(1) << file_bits[files - 1]) - 1,
        .net = version >= 4 && !connects ? NET_BIND | NET_CONNECT : 0,
        .scoped = version < 6 ? 0
                  : connects  ? SCOPE_SIGNAL
                              : SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL,
    };
}

/* Containers may forbid the system call rather than lack it. */
static bool is_missing(int number)
{
    return number == ENOSYS || number == EOPNOTSUPP || number == EPERM;
}

int landlock_open(struct landlock *l, bool connects, struct error *err)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    struct ruleset rules;
    size_t size;

    *l = (struct landlock){.fd = -1};
    if (version < 1)
        return is_missing(errno) ? 0 : fail(err);
    rules = rules_of(version, connects);
    size = version >= 6   ? sizeof(rules)
           : version >= 4 ? offsetof(struct ruleset, scoped)
                          : offsetof(struct ruleset, net);
    l->files = rules.files;
    l->net = rules.net;
    l->fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    return l->fd < 0 ? fail(err) : 0;
}

int landlock_allow(struct landlock *l, int directory, uint64_t rights, struct error *err)
{
    struct path_rule rule = {.rights = rights & l->files, .parent = directory};

    if (l->fd < 0 || syscall(SYS_landlock_add_rule, l->fd, RULE_PATH_BENEATH, &rule, 0) == 0)
        return 0;
    return fail(err);
}

int landlock_allow_path(struct landlock *l, const char *path, uint64_t rights, struct error *err)
{
    int directory = l->fd >= 0 ? open(path, O_PATH | O_CLOEXEC) : -1, result;

    if (directory < 0)
        return 0;
    result = landlock_allow(l, directory, rights, err);
    close(directory);
    return result;
}

int landlock_allow_port(struct landlock *l, uint16_t port, struct error *err)
{
    struct port_rule rule = {.rights = NET_CONNECT, .port = port};

    if (l->fd < 0 || l->net == 0 ||
        syscall(SYS_landlock_add_rule, l->fd, RULE_NET_PORT, &rule, 0) == 0)
        return 0;
    return fail(err);
}

int landlock_enforce(const struct landlock *l, struct error *err)
{
    return l->fd < 0 || syscall(SYS_landlock_restrict_self, l->fd, 0) == 0 ? 0 : fail(err);
}

void landlock_close(struct landlock *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
