/* Owns the writing of one file. */
#include "commands/port_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/kept_path.h"

static int list_ports(const struct listeners *l, struct buf *text)
{
    for (size_t i = 0; i < l->count; i++) {
        unsigned port = addr_port(&l->items[i].address);
        char line[16];
        size_t first = 0;

        if (port == 0)
            continue;
        while (addr_port(&l->items[first].address) != port)
            first++;
        if (first == i &&
            buf_add(text, line, (size_t)snprintf(line, sizeof(line), "%u\n", port)) < 0)
            return -1;
    }
    return 0;
}

/* Returns 0 or an errno; closes fd. */
static int write_and_close(int fd, const struct buf *text)
{
    ssize_t n = TEMP_FAILURE_RETRY(write(fd, buf_head(text), buf_length(text)));
    int failure = n < 0 ? errno : (size_t)n < buf_length(text) ? ENOSPC : 0;

    if (close(fd) < 0 && failure == 0)
        failure = errno;
    return failure;
}

/* A program that waits for the file to appear reads a whole number. */
static int replace_file(const char *path, const struct buf *text)
{
    char *draft;
    int fd, failure = 0;

    if (asprintf(&draft, "%s.XXXXXX", path) < 0)
        return ENOMEM;
    fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0)
        failure = errno;
    else if (fchmod(fd, 0644) < 0) {
        failure = errno;
        close(fd);
    } else {
        failure = write_and_close(fd, text);
    }
    if (failure == 0 && rename(draft, path) < 0)
        failure = errno;
    if (fd >= 0 && failure != 0)
        unlink(draft);
    free(draft);
    return failure;
}

enum port_file_result port_file_write(const char *path, const struct listeners *l, bool again,
                                      struct error *err)
{
    struct buf text = {0};
    struct stat status = {0};
    int fd, failure = 0;

    if (list_ports(l, &text) < 0) {
        failure = ENOMEM;
    } else if (!again && (stat(path, &status) < 0 || S_ISREG(status.st_mode))) {
        failure = replace_file(path, &text);
    } else {
        fd = kept_path_open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
        failure = fd >= 0 ? write_and_close(fd, &text) : errno;
    }
    buf_free(&text);
    if (failure == 0)
        return PORT_FILE_WRITTEN;
    if (failure == ENXIO && (again || S_ISFIFO(status.st_mode)))
        return PORT_FILE_NO_READER;
    error_errno(err, failure, "cannot write %s", path);
    return PORT_FILE_FAILED;
}
