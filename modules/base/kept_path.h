/*
 * Paths that are opened again, or removed, after the process may have given up its root
 * directory and its rights. A part adds each such path while it prepares, and later opens it
 * with kept_path_open() instead of open(2).
 *
 * There is one table in the process, as there is one root directory. It is filled before
 * threads exist, and only read by them.
 */
#ifndef BASE_KEPT_PATH_H
#define BASE_KEPT_PATH_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

enum kept_path_use {
    KEPT_PATH_READ,      /* a file to be read again on SIGHUP */
    KEPT_PATH_READ_TREE, /* a directory whose files are to be read again on SIGHUP */
    KEPT_PATH_APPEND,    /* a file to be opened for writing again, which may have to be created */
    KEPT_PATH_WRITE,     /* an existing file that is still to be opened for writing */
    KEPT_PATH_REMOVE,    /* a file to be removed at the end */
};

/* directories[0] is where the path lies, others are where symbolic links lead. O_PATH. */
struct kept_path {
    const char *path;
    enum kept_path_use use;
    int *directories;
    size_t directory_count;
};

/* Opens the directory of the path; the path has to stay. Files that are replaced later are
 * found there. Returns 0, or -1 with err filled. */
int kept_path_add(const char *path, enum kept_path_use use, struct error *err);

/* The paths that were added, from 0 on; NULL: there are no more. */
const struct kept_path *kept_path_get(size_t i);

/* From now on, added paths are opened from their directories rather than from the root or the
 * working directory: for use with chroot(2). An absolute symbolic link leads into the new root
 * all the same. */
void kept_path_use_directories(void);

/* Opens a path, which may be one that was never added. As open(2). */
int kept_path_open(const char *path, int flags, mode_t mode);

/* Returns 0, or the errno with which the use of the path would fail now. */
int kept_path_try(const struct kept_path *k);

/* Closes the directories and forgets all paths. */
void kept_path_clear(void);

#endif
