/* Owns the copying of one direction, inside the kernel where it can be. */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/lean.h"

static bool is_pipe(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

static bool is_regular(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static void copy(int from, int to)
{
    static char block[COPY_CHUNK];
    ssize_t n;

    while ((n = read(from, block, sizeof(block))) > 0)
        write_all(to, block, (size_t)n);
    if (n < 0)
        die_of("reading");
}

static void splice_all(int from, int to, size_t most)
{
    ssize_t n;

    while ((n = splice(from, NULL, to, NULL, most, SPLICE_F_MOVE)) > 0)
        continue;
    if (n < 0)
        die_of("copying");
}

static void splice_through(int from, int to)
{
    int ends[2];
    ssize_t n;

    if (pipe(ends) < 0)
        die_of("opening a pipe");
    fcntl(ends[1], F_SETPIPE_SZ, KERNEL_CHUNK);
    while ((n = splice(from, NULL, ends[1], NULL, KERNEL_CHUNK, SPLICE_F_MOVE)) > 0) {
        while (n > 0) {
            ssize_t put = splice(ends[0], NULL, to, NULL, (size_t)n, SPLICE_F_MOVE);

            if (put <= 0)
                die_of("writing");
            n -= put;
        }
    }
    if (n < 0)
        die_of("receiving");
}

static void drop(int from)
{
    ssize_t n;

    while ((n = recv(from, NULL, 16 * KERNEL_CHUNK, MSG_TRUNC)) > 0)
        continue;
    if (n < 0)
        die_of("receiving");
}

void lean_receive(int count, char **arguments)
{
    int listener = listen_on(parse_port(arguments[0])), fd = accept_one(listener);
    const char *how = count > 1 ? arguments[1] : "splice";

    close(listener);
    if (strcmp(how, "drop") == 0) {
        drop(fd);
    } else if (strcmp(how, "copy") == 0) {
        copy(fd, STDOUT_FILENO);
    } else if (is_pipe(STDOUT_FILENO)) {
        fcntl(STDOUT_FILENO, F_SETPIPE_SZ, KERNEL_CHUNK);
        splice_all(fd, STDOUT_FILENO, KERNEL_CHUNK);
    } else {
        splice_through(fd, STDOUT_FILENO);
    }
    close(STDOUT_FILENO);
    close(fd);
}

void lean_send(int count, char **arguments)
{
    int fd = connect_to(parse_port(arguments[0]));
    ssize_t n;

    (void)count;
    if (is_pipe(STDIN_FILENO)) {
        fcntl(STDIN_FILENO, F_SETPIPE_SZ, KERNEL_CHUNK);
        splice_all(STDIN_FILENO, fd, SEND_CHUNK);
    } else if (is_regular(STDIN_FILENO)) {
        while ((n = sendfile(fd, STDIN_FILENO, NULL, SEND_CHUNK)) > 0)
            continue;
        if (n < 0)
            die_of("sending");
    } else {
        copy(STDIN_FILENO, fd);
    }
    if (shutdown(fd, SHUT_WR) < 0)
        die_of("ending the connection");
    read_to_end(fd);
}
