/* Owns a server that starts a program for each client, and reaps it. */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/lean.h"

/* The program has the only copy of the socket. */
static void start(int fd, char **words)
{
    sigset_t none;
    pid_t pid = vfork();

    if (pid < 0)
        die_of("starting a program");
    if (pid == 0) {
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(fd, STDIN_FILENO);
        dup2(fd, STDOUT_FILENO);
        execv(words[0], words);
        _exit(127);
    }
    close(fd);
}

static int catch_children(void)
{
    sigset_t signals;
    int fd;

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (fd < 0)
        die_of("waiting for programs");
    return fd;
}

void lean_program(int count, char **arguments)
{
    int epoll_fd = new_epoll(), listener = listen_on(parse_port(arguments[0]));
    int signals = catch_children();

    (void)count;
    watch(epoll_fd, listener, EPOLLIN, (uint64_t)listener);
    watch(epoll_fd, signals, EPOLLIN, (uint64_t)signals);
    for (;;) {
        struct signalfd_siginfo info;
        struct epoll_event event;
        int fd;

        if (epoll_wait(epoll_fd, &event, 1, -1) < 1)
            continue;
        if (event.data.u64 == (uint64_t)signals) {
            if (read(signals, &info, sizeof(info)) < 0)
                die_of("waiting for programs");
            while (waitpid(-1, NULL, WNOHANG) > 0)
                ;
            continue;
        }
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            start(fd, arguments + 1);
    }
}
