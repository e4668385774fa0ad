/* The filter of system calls, seccomp(2): calls that only an intruder makes kill the process,
 * others that are not needed fail with ENOSYS. tools/make_syscall_filter.c has the lists. */
#ifndef CORE_SYSCALL_FILTER_H
#define CORE_SYSCALL_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A program of BPF for this machine, made when tcptool is built; of size 0 where libseccomp was
 * missing. */
extern const unsigned char syscall_filter_program[];
extern const size_t syscall_filter_size;

/* Puts every thread of the process under the filter, for good; no_new_privs has to be set.
 * *is_active is false where the kernel has no filters, or tcptool was built without one. Returns
 * 0, or -1 with err filled. */
int syscall_filter_load(bool *is_active, struct error *err);

#endif
