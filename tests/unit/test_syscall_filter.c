/* core/syscall_filter: each call is made in a process of its own under the filter. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rights.h"
#include "core/syscall_filter.h"

enum {
    OTHER_STATUS = 255, /* the filter could not be loaded */
    NO_CALL = 5000,     /* no system call of any machine has this number */
};

/* What became of a process: a status, or the signal that ended it, negative. */
static int outcome(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(int (*act)(void))
{
    pid_t child = fork();
    bool is_active;

    if (child == 0)
        _exit(rights_gain_none(NULL) == 0 && syscall_filter_load(&is_active, NULL) == 0 && is_active
                  ? act()
                  : OTHER_STATUS);
    return outcome(child);
}

static int load(void)
{
    return 0;
}

/* The status is the errno of a system call, 0 without one. */
#define CALL(NAME, CALLED)                        \
    __attribute__((unused)) static int NAME(void) \
    {                                             \
        return (CALLED) == -1 ? errno : 0;        \
    }

static char program[] = "/bin/true";
static char *words[] = {program, NULL};

CALL(call_execve, execve(program, words, NULL))
CALL(call_execveat, syscall(SYS_execveat, -1, program, words, NULL, 0))
CALL(call_fork, fork())
CALL(call_vfork, syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL))
CALL(call_ptrace, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
CALL(call_mount, syscall(SYS_mount, NULL, "/", NULL, 0, NULL))
CALL(call_bpf, syscall(SYS_bpf, 0, NULL, 0))
CALL(call_keyctl, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
CALL(call_init_module, syscall(SYS_init_module, NULL, 0, ""))
CALL(call_kexec_load, syscall(SYS_kexec_load, 0, 0, NULL, 0))
CALL(call_process_vm_readv, syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0))
CALL(call_userfaultfd, syscall(SYS_userfaultfd, 0))
CALL(call_io_uring, syscall(SYS_io_uring_setup, 1, NULL))
CALL(call_perf_event_open, syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0))
CALL(call_setuid, syscall(SYS_setuid, 0))
CALL(call_chroot, chroot("."))
CALL(call_unshare, syscall(SYS_unshare, 0))

CALL(call_unknown, syscall(NO_CALL))
CALL(call_clone3, syscall(SYS_clone3, NULL, 0))
CALL(call_chmod, syscall(SYS_chmod, "/nowhere", 0))
CALL(call_packet_socket, socket(AF_PACKET, SOCK_RAW, 0))
CALL(call_type_into_terminal, ioctl(0, TIOCSTI, "x"))
CALL(call_map_writable_code,
     syscall(SYS_mmap, NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
CALL(call_prctl, prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))

CALL(call_getpid, syscall(SYS_getpid))
CALL(call_socket, socket(AF_INET6, SOCK_STREAM, 0))
CALL(call_count, ioctl(0, FIONREAD, &(int){0}) == -1 && errno != ENOSYS ? 0 : errno)
CALL(call_map, syscall(SYS_mmap, NULL, 4096, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))

static void *work(void *arg)
{
    return arg;
}

static int call_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, work, NULL) == 0 ? pthread_join(thread, NULL) : EAGAIN;
}

/* A thread from before the filter is under it, too. */
static pthread_barrier_t barrier;

static void *try_later(void *arg)
{
    pthread_barrier_wait(&barrier);
    execve(program, words, NULL);
    return arg;
}

static int act_beside_thread(void)
{
    pthread_t thread;
    bool is_active;

    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&thread, NULL, try_later, NULL) != 0 || rights_gain_none(NULL) < 0 ||
        syscall_filter_load(&is_active, NULL) < 0)
        return OTHER_STATUS;
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    return 0;
}

static void other_threads_are_under_it(void **state)
{
    pid_t child;

    (void)state;
    child = fork();
    if (child == 0)
        _exit(act_beside_thread());
    assert_int_equal(outcome(child), -SIGSYS);
}

struct example {
    const char *name;
    int (*call)(void);
};

#define EXAMPLE(NAME)      \
    {                      \
#NAME, call_##NAME \
    }

static void expect_all(const struct example *examples, size_t count, int wanted)
{
    for (size_t i = 0; i < count; i++) {
        int is = run(examples[i].call);

        if (is != wanted)
            fail_msg("%s: %d instead of %d", examples[i].name, is, wanted);
    }
}

static void dangerous_calls_kill(void **state)
{
    static const struct example examples[] = {
        EXAMPLE(execve),
        EXAMPLE(execveat),
        EXAMPLE(mount),
        EXAMPLE(bpf),
        EXAMPLE(keyctl),
        EXAMPLE(init_module),
        EXAMPLE(kexec_load),
        EXAMPLE(userfaultfd),
        EXAMPLE(io_uring),
        EXAMPLE(setuid),
        EXAMPLE(chroot),
        EXAMPLE(perf_event_open),
        EXAMPLE(process_vm_readv),
        EXAMPLE(unshare),
#ifndef SANITIZED
        EXAMPLE(ptrace),
        EXAMPLE(fork),
        EXAMPLE(vfork),
#endif
    };

    (void)state;
    expect_all(examples, sizeof(examples) / sizeof(examples[0]), -SIGSYS);
}

static void unknown_and_unneeded_calls_are_missing(void **state)
{
    static const struct example examples[] = {
        EXAMPLE(unknown),
        EXAMPLE(clone3),
        EXAMPLE(chmod),
        EXAMPLE(packet_socket),
        EXAMPLE(type_into_terminal),
#ifndef SANITIZED
        EXAMPLE(map_writable_code),
        EXAMPLE(prctl),
#endif
    };

    (void)state;
    expect_all(examples, sizeof(examples) / sizeof(examples[0]), ENOSYS);
}

static void needed_calls_work(void **state)
{
    static const struct example examples[] = {
        {"nothing", load}, EXAMPLE(getpid), EXAMPLE(socket),
        EXAMPLE(map),      EXAMPLE(count),  EXAMPLE(thread),
    };

    (void)state;
    expect_all(examples, sizeof(examples) / sizeof(examples[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dangerous_calls_kill),
        cmocka_unit_test(unknown_and_unneeded_calls_are_missing),
        cmocka_unit_test(needed_calls_work),
        cmocka_unit_test(other_threads_are_under_it),
    };

    /* .ci/setup installs the library; whoever leaves it out knows. */
    if (run(load) != 0 && getenv("CI") == NULL) {
        puts("1..1\nok 1 - a filter # skip no filter in this build, or in this kernel");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
