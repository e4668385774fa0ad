/* Giving up rights: the root directory, the user and the groups of the process. */
#ifndef CORE_RIGHTS_H
#define CORE_RIGHTS_H

#include <sys/types.h>

#include "base/error.h"

struct rights {
    const char *user_word; /* NAME[:GROUP]; NULL: the user stays */
    uid_t user;
    gid_t group;
    const char *root_path; /* NULL: the root stays */
    int root;              /* open, O_PATH; -1 otherwise */
};

/* Looks the user and the group up, names or numbers, and opens the directory, either of which
 * may be NULL. The words have to stay. Returns 0, or -1 with err filled: a usage error for a
 * user or a group that does not exist. rights_clear() in both cases. */
int rights_prepare(struct rights *r, const char *user, const char *root, struct error *err);

/* Changes root and working directory, then drops all supplementary groups and capabilities,
 * and becomes the user, in every thread; checks that there is no way back. Returns 0, or -1
 * with err filled, and the process is not to go on then. */
int rights_give_up(struct rights *r, struct error *err);

/* From now on, no program that is executed has more rights than this process: no_new_privs,
 * prctl(2). Returns 0, or -1 with err filled. */
int rights_gain_none(struct error *err);

void rights_clear(struct rights *r);

#endif
