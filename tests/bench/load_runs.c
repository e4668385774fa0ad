/* Owns the measuring of start-up: a program, run again and again, each time to its end. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/load.h"

extern char **environ;

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void run_once(const char *input, char **command)
{
    posix_spawn_file_actions_t actions;
    int status;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    errno = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno != 0)
        die_of(command[0]);
    if (waitpid(pid, &status, 0) < 0)
        die_of("waiting for a program");
    if (status != 0)
        die("%s did not end with 0", command[0]);
}

void load_runs(int count, char **arguments)
{
    uint64_t runs = parse_number(arguments[0]);
    struct rusage used;
    double start;

    (void)count;
    start = now_s();
    for (uint64_t i = 0; i < runs; i++)
        run_once(arguments[1], arguments + 2);
    start = now_s() - start;
    getrusage(RUSAGE_CHILDREN, &used);
    printf("{\"runs\": %llu, \"seconds\": %.6f, \"processor\": %.6f}\n", (unsigned long long)runs,
           start, seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
}
