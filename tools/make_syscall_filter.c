/*
 * Prints the C source of the filter of system calls that commands use once they listen
 * (modules/core/syscall_filter.h), made by libseccomp when tcptool is built: loading and running
 * the library at each start would take longer than everything else does.
 *
 * A call that only an intruder makes kills the process. A call that nobody here needs fails with
 * ENOSYS, so that a C library that is newer than this list takes an older call instead.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* libseccomp knows the names of all machines, and leaves out those that this one lacks. */
static const char *const needed[] = {
    /* Data. */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "lseek", "_llseek", "splice", "tee", "vmsplice", "sendfile", "sendfile64",
    "copy_file_range", "ftruncate", "ftruncate64", "fallocate", "fadvise64", "fadvise64_64",
    "arm_fadvise64_64", "fsync", "fdatasync", "memfd_create", "getrandom",
    /* Descriptors. */
    "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fcntl64", "pipe", "pipe2", "flock",
    "eventfd", "eventfd2", "signalfd", "signalfd4", "timerfd_create", "timerfd_settime",
    "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "epoll_create", "epoll_create1",
    "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "ppoll_time64",
    "select", "_newselect", "pselect6", "pselect6_time64",
    /* Files; Landlock says which. */
    "open", "openat", "access", "faccessat", "faccessat2", "stat", "stat64", "fstat", "fstat64",
    "lstat", "lstat64", "newfstatat", "fstatat64", "statx", "statfs", "statfs64", "fstatfs",
    "fstatfs64", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "unlink", "unlinkat",
    /* Sockets. */
    "socketpair", "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername",
    "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg", "recvmmsg",
    "recvmmsg_time64", "shutdown", "setsockopt", "getsockopt",
    /* Memory. */
    "brk", "munmap", "mremap", "madvise", "membarrier", "mincore", "mlock", "munlock",
    /* Threads and signals. */
    "futex", "futex_time64", "set_robust_list", "get_robust_list", "set_tid_address", "rseq",
    "gettid", "getpid", "getppid", "getpgrp", "getpgid", "getsid", "sched_yield",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "getcpu", "tgkill", "tkill", "kill", "rt_sigaction", "sigaction",
    "rt_sigprocmask", "sigprocmask", "rt_sigreturn", "sigreturn", "rt_sigtimedwait",
    "rt_sigtimedwait_time64", "rt_sigpending", "rt_sigsuspend", "sigaltstack", "restart_syscall",
    "exit", "exit_group",
    /* Time. */
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday",
    "time", "times", "nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "getitimer",
    "setitimer", "alarm",
    /* Knowing oneself. */
    "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32",
    "getresuid", "getresuid32", "getresgid", "getresgid32", "getgroups", "getgroups32", "capget",
    "getrlimit", "ugetrlimit", "prlimit64", "getrusage", "getpriority", "uname", "sysinfo",
    "arch_prctl", "set_thread_area", "set_tls", "cacheflush", "riscv_flush_icache", "riscv_hwprobe",
    NULL};

static const char *const deadly[] = {
    /* Other programs, and other processes. */
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "pidfd_getfd", "kcmp", "personality", "modify_ldt",
    /* Other users and roots. */
    "setuid", "setuid32", "setgid", "setgid32", "setreuid", "setreuid32", "setregid", "setregid32",
    "setresuid", "setresuid32", "setresgid", "setresgid32", "setgroups", "setgroups32", "setfsuid",
    "setfsuid32", "setfsgid", "setfsgid32", "capset", "chroot", "pivot_root", "setns", "unshare",
    /* The file system as a whole. */
    "mount", "umount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "open_by_handle_at", "name_to_handle_at", "mknod", "mknodat",
    "swapon", "swapoff", "quotactl", "quotactl_fd", "fanotify_init",
    /* The kernel. */
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "add_key", "request_key", "keyctl", "syslog", "acct", "iopl", "ioperm",
    "lookup_dcookie", "settimeofday", "stime", "clock_settime", "clock_settime64", "clock_adjtime",
    "clock_adjtime64", "adjtimex", "sethostname", "setdomainname", "vhangup", "uselib",
    "nfsservctl", NULL};

/* Sanitizers look for leaks by tracing the process from another one. */
static const char *const sanitizer[] = {
#ifdef SANITIZED
    "clone", "mmap", "mmap2", "mprotect", "personality", "prctl", "ptrace", "wait4",
#endif
    NULL};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_VSOCK};

/* Terminals, counts of bytes, and names of network interfaces. What types into a terminal
 * (TIOCSTI) is not among them. */
static const unsigned long requests[] = {TCGETS,     TCSETS,     TCSETSW,     TCSETSF,     TCSBRK,
                                         TCXONC,     TCFLSH,
#ifdef TCGETS2
                                         TCGETS2,    TCSETS2,    TCSETSW2,    TCSETSF2,
#endif
                                         TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP,   TIOCGPTN,    TIOCOUTQ,
                                         FIONREAD,   FIONBIO,    SIOCGIFNAME, SIOCGIFINDEX};

static scmp_filter_ctx filter;

static void check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "cannot make the filter of system calls: %s: %s\n", what, strerror(-result));
    exit(1);
}

/* Names that this version of the library does not know are not called either. */
static void add(uint32_t action, const char *name, unsigned count, struct scmp_arg_cmp condition)
{
    int number = seccomp_syscall_resolve_name(name);

    if (number == __NR_SCMP_ERROR)
        return;
    check(count == 0 ? seccomp_rule_add(filter, action, number, 0)
                     : seccomp_rule_add(filter, action, number, 1, condition),
          name);
}

static bool is_for_sanitizer(const char *name)
{
    const char *const *i = sanitizer;

    while (*i != NULL && strcmp(*i, name) != 0)
        i++;
    return *i != NULL;
}

static void add_all(uint32_t action, const char *const *names)
{
    for (; *names != NULL; names++)
        if (action == SCMP_ACT_ALLOW || !is_for_sanitizer(*names))
            add(action, *names, 0, (struct scmp_arg_cmp){0});
}

/* Where only some uses of a call are needed. */
static void add_parts(void)
{
#ifdef __s390__
    enum { CLONE_FLAGS = 1 };
#else
    enum { CLONE_FLAGS = 0 };
#endif
    static const char *const maps[] = {"mmap", "mmap2"};
    static const scmp_datum_t protections[] = {PROT_NONE, PROT_WRITE, PROT_EXEC};

    /* Threads only. clone3(2), whose flags a filter cannot see, fails with ENOSYS. */
    add(SCMP_ACT_ALLOW, "clone", 1,
        SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    add(SCMP_ACT_KILL_PROCESS, "clone", 1,
        SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    /* Nothing that was written is executed. */
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++)
            add(SCMP_ACT_ALLOW, maps[i], 1,
                SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, protections[j]));
    add(SCMP_ACT_ALLOW, "mprotect", 1, SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    add(SCMP_ACT_ALLOW, "prctl", 1, SCMP_CMP(0, SCMP_CMP_EQ, PR_SET_NAME, 0));
    add(SCMP_ACT_ALLOW, "prctl", 1, SCMP_CMP(0, SCMP_CMP_EQ, PR_SET_VMA, 0));
}

static void add_arguments(void)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        add(SCMP_ACT_ALLOW, "socket", 1, SCMP_CMP(0, SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        add(SCMP_ACT_ALLOW, "ioctl", 1, SCMP_CMP(1, SCMP_CMP_MASKED_EQ, UINT32_MAX, requests[i]));
}

static void print(FILE *program)
{
    size_t size = 0;
    int c;

    printf("/* Made by tools/make_syscall_filter.c. */\n#include \"core/syscall_filter.h\"\n\n"
           "_Alignas(8) const unsigned char syscall_filter_program[] = {");
    for (; (c = getc(program)) != EOF; size++)
        printf("%s%d,", size % 16 == 0 ? "\n    " : " ", c);
    printf("\n};\n\nconst size_t syscall_filter_size = %zu;\n", size);
}

int main(void)
{
    FILE *program = tmpfile();

    filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (filter == NULL || program == NULL)
        check(-errno, "no memory or no file");
    check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "machines");
    check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "order");
    add_all(SCMP_ACT_ALLOW, needed);
    add_all(SCMP_ACT_ALLOW, sanitizer);
    add_all(SCMP_ACT_KILL_PROCESS, deadly);
    if (sanitizer[0] == NULL)
        add_parts();
    add_arguments();
    check(seccomp_export_bpf(filter, fileno(program)), "export");
    rewind(program);
    print(program);
    seccomp_release(filter);
    return fflush(stdout) == 0 ? 0 : 1;
}
