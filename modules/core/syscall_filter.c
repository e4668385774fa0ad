/* Owns the loading of the filter. What it permits was decided when it was made. */
#include "core/syscall_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Nothing untrusted is executed here: no mitigation of speculation is needed, which older
 * kernels would turn on with a filter. They may not know this flag either. */
static long load(const struct sock_fprog *program)
{
    const unsigned threads = SECCOMP_FILTER_FLAG_TSYNC;
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                          threads | SECCOMP_FILTER_FLAG_SPEC_ALLOW, program);

    return result < 0 && errno == EINVAL
               ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, threads, program)
               : result;
}

int syscall_filter_load(bool *is_active, struct error *err)
{
    const struct sock_fprog program = {
        .len = (unsigned short)(syscall_filter_size / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)syscall_filter_program,
    };
    long result = syscall_filter_size > 0 ? load(&program) : 0;

    *is_active = syscall_filter_size > 0 && result == 0;
    /* The kernel was built without filters, or a container forbids them. */
    if (result == 0 || (result < 0 && (errno == ENOSYS || errno == EINVAL || errno == EPERM)))
        return 0;
    error_errno(err, result > 0 ? ESRCH : errno, "cannot limit system calls");
    return -1;
}
