/* Owns the way through PATH. Starts no process. */
#include "base/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRIPT_LINE_MAX = 256 }; /* what execve(2) reads of a script */

/* Where execvp(3) looks without PATH. */
static const char default_path[] = "/bin:/usr/bin";

/* As a shell reports it. */
static void explain(const char *word, int number, struct error *err)
{
    error_errno(err, number, "cannot run \"%s\"", word);
    err->status =
        number == ENOENT || number == ENOTDIR ? EXITCODE_NOT_FOUND : EXITCODE_NOT_EXECUTABLE;
}

/* Returns 0, or the errno that executing the file would fail with. */
static int check_file(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* Returns the first file of this name that can be executed, or NULL with errno set: that of the
 * first one that cannot. */
static char *look_in_path(const char *name)
{
    const char *directory = getenv("PATH");
    int result = ENOENT;

    if (directory == NULL)
        directory = default_path;
    for (;;) {
        size_t length = strcspn(directory, ":");
        char *path;
        int number;

        if (asprintf(&path, "%.*s%s%s", (int)length, directory, length > 0 ? "/" : "", name) < 0)
            return NULL;
        number = check_file(path);
        if (number == 0)
            return path;
        free(path);
        if (number != ENOENT && number != ENOTDIR && result == ENOENT)
            result = number;
        if (directory[length] == '\0')
            break;
        directory += length + 1;
    }
    errno = result;
    return NULL;
}

char *executable_find(const char *word, struct error *err)
{
    char *path = strchr(word, '/') != NULL ? strdup(word) : look_in_path(word);
    int number = *word == '\0' ? ENOENT : path != NULL ? check_file(path) : errno;

    if (number == 0)
        return path;
    free(path);
    explain(word, number, err);
    return NULL;
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

int executable_check_script(const char *path, const char *word, struct error *err)
{
    char interpreter[SCRIPT_LINE_MAX];
    int number = find_interpreter(path, interpreter);

    if (number != 0) {
        explain(word, number, err);
        return -1;
    }
    if (interpreter[0] == '\0' || (number = check_file(interpreter)) == 0)
        return 0;
    explain(interpreter, number, err);
    error_prefix(err, "cannot run \"%s\"", word);
    return -1;
}

void executable_become(char *const *argv, struct error *err)
{
    execvp(argv[0], argv);
    explain(argv[0], errno, err);
}
