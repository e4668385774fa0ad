/* Limits which files the process may open, and which connections it may make, from now on and
 * for good: landlock(7), by the kernel's own system calls. What is open stays usable. */
#ifndef CORE_LANDLOCK_H
#define CORE_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What a rule permits for all that lies beneath a directory. The values are the kernel's. */
enum landlock_right {
    LANDLOCK_MAY_WRITE = 1 << 1,
    LANDLOCK_MAY_READ = 1 << 2,
    LANDLOCK_MAY_LIST = 1 << 3,
    LANDLOCK_MAY_REMOVE = 1 << 5,
    LANDLOCK_MAY_CREATE = 1 << 8,
};

/* A set of rules that is being made. */
struct landlock {
    int fd;         /* -1: the kernel has no Landlock, and all functions do nothing */
    uint64_t files; /* the rights that this kernel knows */
    uint64_t net;
};

/* Begins with no right at all, but where connects is true, to connect anywhere. An older kernel
 * limits less. Returns 0, or -1 with err filled. */
int landlock_open(struct landlock *l, bool connects, struct error *err);

/* Adds rights beneath an open directory (O_PATH will do), or a path, which need not exist.
 * Return 0, or -1 with err filled. */
int landlock_allow(struct landlock *l, int directory, uint64_t rights, struct error *err);
int landlock_allow_path(struct landlock *l, const char *path, uint64_t rights, struct error *err);

/* Adds TCP connections to a port. Returns 0, or -1 with err filled. */
int landlock_allow_port(struct landlock *l, uint16_t port, struct error *err);

/* Applies the rules to this thread and those that it starts; no_new_privs has to be set. Returns
 * 0, or -1 with err filled. */
int landlock_enforce(const struct landlock *l, struct error *err);

void landlock_close(struct landlock *l);

#endif
