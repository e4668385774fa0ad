/* Owns the way through PATH. Starts no process. */
#include "base/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Returns 0, or the errno of the first file of this name that cannot be executed. */
static int look_in_path(const char *name)
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
            return ENOMEM;
        number = check_file(path);
        free(path);
        if (number == 0)
            return 0;
        if (number != ENOENT && number != ENOTDIR && result == ENOENT)
            result = number;
        if (directory[length] == '\0')
            return result;
        directory += length + 1;
    }
}

int executable_check(const char *word, struct error *err)
{
    int number = strchr(word, '/') != NULL ? check_file(word)
                 : *word != '\0'           ? look_in_path(word)
                                           : ENOENT;

    if (number == 0)
        return 0;
    explain(word, number, err);
    return -1;
}

void executable_become(char *const *argv, struct error *err)
{
    execvp(argv[0], argv);
    explain(argv[0], errno, err);
}
