/* Owns the directories of paths that are needed later. Knows no one who needs them. */
#include "base/kept_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kept_path *table;
static size_t count;
static bool by_directory;

/* Opens a directory, unless it is among those of k. Returns 0 or an errno. */
static int hold(struct kept_path *k, const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), *fds;
    struct stat new, old;

    if (fd < 0)
        return errno;
    for (size_t i = 0; i < k->directory_count; i++)
        if (fstat(fd, &new) == 0 && fstat(k->directories[i], &old) == 0 &&
            new.st_dev == old.st_dev &&new.st_ino == old.st_ino) {
            close(fd);
            return 0;
        }
    fds = reallocarray(k->directories, k->directory_count + 1, sizeof(*fds));
    if (fds == NULL) {
        close(fd);
        return ENOMEM;
    }
    k->directories = fds;
    k->directories[k->directory_count++] = fd;
    return 0;
}

/* Opens the directory that a path lies in. */
static int hold_parent(struct kept_path *k, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    int result = parent != NULL ? hold(k, parent) : ENOMEM;

    free(parent);
    return result;
}

/* Opens the directory that symbolic links lead to. A dangling link leads nowhere yet. */
static int hold_target(struct kept_path *k, const char *path)
{
    char *target = realpath(path, NULL);
    int result = target != NULL ? hold_parent(k, target) : errno == ENOMEM ? ENOMEM : 0;

    free(target);
    return result;
}

/* Directories of authorities are full of links to files elsewhere. */
static int hold_tree(struct kept_path *k, const char *path)
{
    int result = hold(k, path);
    DIR *directory = result == 0 ? opendir(path) : NULL;
    struct dirent *entry;

    if (directory == NULL)
        return result != 0 ? result : errno;
    while (result == 0 && (entry = readdir(directory)) != NULL) {
        char *file = NULL;

        if (entry->d_type != DT_LNK)
            continue;
        result = asprintf(&file, "%s/%s", path, entry->d_name) < 0 ? ENOMEM : hold_target(k, file);
        free(file);
    }
    closedir(directory);
    return result;
}

static void release(struct kept_path *k)
{
    for (size_t i = 0; i < k->directory_count; i++)
        close(k->directories[i]);
    free(k->directories);
}

int kept_path_add(const char *path, enum kept_path_use use, struct error *err)
{
    struct kept_path k = {.path = path, .use = use}, *bigger;
    int failure = use == KEPT_PATH_READ_TREE ? hold_tree(&k, path) : hold_parent(&k, path);

    if (failure == 0 && use != KEPT_PATH_READ_TREE && use != KEPT_PATH_REMOVE)
        failure = hold_target(&k, path);
    bigger = failure == 0 ? reallocarray(table, count + 1, sizeof(*table)) : NULL;
    if (bigger == NULL) {
        error_errno(err, failure != 0 ? failure : ENOMEM, "cannot keep the directory of %s", path);
        release(&k);
        return -1;
    }
    table = bigger;
    table[count++] = k;
    return 0;
}

const struct kept_path *kept_path_get(size_t i)
{
    return i < count ? &table[i] : NULL;
}

void kept_path_use_directories(void)
{
    by_directory = true;
}

/* The name within the first directory. */
static const char *name_of(const struct kept_path *k)
{
    const char *slash = strrchr(k->path, '/');

    return k->use == KEPT_PATH_READ_TREE ? "." : slash != NULL ? slash + 1 : k->path;
}

int kept_path_open(const char *path, int flags, mode_t mode)
{
    for (size_t i = 0; i < count && by_directory; i++)
        if (strcmp(table[i].path, path) == 0)
            return openat(table[i].directories[0], name_of(&table[i]), flags, mode);
    return open(path, flags, mode);
}

/* Others' files in a directory with the sticky bit stay; inode(7). */
static int try_to_remove(const struct kept_path *k)
{
    struct stat directory, file;
    int fd = k->directories[0];

    if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0 || fstat(fd, &directory) < 0 ||
        fstatat(fd, name_of(k), &file, AT_SYMLINK_NOFOLLOW) < 0)
        return errno;
    return (directory.st_mode & S_ISVTX) && geteuid() != 0 && directory.st_uid != geteuid() &&
                   file.st_uid != geteuid()
               ? EPERM
               : 0;
}

int kept_path_try(const struct kept_path *k)
{
    bool writes = k->use == KEPT_PATH_APPEND;
    int fd;

    if (k->use == KEPT_PATH_REMOVE)
        return try_to_remove(k);
    if (k->use == KEPT_PATH_WRITE)
        return 0; /* it fails soon enough */
    fd = kept_path_open(
        k->path, (writes ? O_WRONLY | O_APPEND : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

void kept_path_clear(void)
{
    while (count > 0)
        release(&table[--count]);
    free(table);
    table = NULL;
    by_directory = false;
}
