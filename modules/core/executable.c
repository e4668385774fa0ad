/* Owns the search for a program. Executes none. */
#include "core/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRIPT_LINE_MAX = 256 }; /* what execve(2) reads of a script */

/* Returns 0, or the errno that executing the file would end with. */
static int try(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* Fills interpreter with that of a script ("#!/bin/sh"), or leaves it empty for other files.
 * Returns 0, or the errno for text that does not name one. */
static int find_interpreter(const char *path, char interpreter[SCRIPT_LINE_MAX])
{
    char line[SCRIPT_LINE_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, line, sizeof(line) - 1) : -1;
    size_t from, length;

    if (fd >= 0)
        close(fd);
    interpreter[0] = '\0';
    if (n < 2 || line[0] != '#' || line[1] != '!')
        return n >= 0 && memchr(line, '\0', (size_t)n) == NULL ? ENOEXEC : 0;
    line[n] = '\0';
    from = 2 + strspn(line + 2, " \t");
    length = strcspn(line + from, " \t\n");
    memcpy(interpreter, line + from, length);
    interpreter[length] = '\0';
    return 0;
}

/* Returns the first path in PATH that can be executed, or NULL with errno set: EACCES where
 * there was one that cannot. */
static char *search(const char *word)
{
    const char *directory = getenv("PATH");
    int number = ENOENT;

    if (directory == NULL)
        directory = "/bin:/usr/bin";
    for (;; directory++) {
        int length = (int)strcspn(directory, ":"), result;
        char *path;

        if (asprintf(&path, "%.*s%s%s", length, directory, length > 0 ? "/" : "./", word) < 0)
            return NULL;
        result = try(path);
        if (result == 0)
            return path;
        free(path);
        if (result != ENOENT && result != ENOTDIR)
            number = result;
        directory += length;
        if (*directory == '\0')
            break;
    }
    errno = number;
    return NULL;
}

static char *refuse(char *path, int number, const char *word, struct error *err)
{
    free(path);
    error_errno(err, number, "cannot run \"%s\"", word);
    if (number != ENOMEM)
        err->status = EXITCODE_USAGE;
    return NULL;
}

char *executable_find(const char *word, struct error *err)
{
    char interpreter[SCRIPT_LINE_MAX];
    char *path = strchr(word, '/') != NULL ? strdup(word) : search(word);
    int number = word[0] == '\0' ? ENOENT : path != NULL ? try(path) : errno;

    if (number != 0)
        return refuse(path, number, word, err);
    number = find_interpreter(path, interpreter);
    if (number != 0)
        return refuse(path, number, word, err);
    if (interpreter[0] == '\0' || (number = try(interpreter)) == 0)
        return path;
    refuse(path, number, interpreter, err);
    error_prefix(err, "cannot run \"%s\"", word);
    return NULL;
}
