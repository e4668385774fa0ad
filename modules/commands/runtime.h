/*
 * What every running command has: a loop, the pumps' workspace, a deadline, and
 * one outcome. The first failure decides the exit status.
 */
#ifndef COMMANDS_RUNTIME_H
#define COMMANDS_RUNTIME_H

#include "core/pump.h"
#include "core/stdio.h"

struct runtime {
    struct loop *loop;
    struct workspace work;
    struct timer deadline;
    int64_t deadline_ms;
    struct error fatal; /* what ended the program, not yet reported */
    enum exitcode status;
    int signal; /* what the program has to die of, or 0 */
};

/* Returns 0, or -1 with err filled. deadline_ms 0: none. */
int runtime_init(struct runtime *r, int64_t deadline_ms, struct error *err);

/* Ends the program with this failure (moved); it is reported by runtime_end(). */
void runtime_fail(struct runtime *r, struct error *why);

/* Reports a failure (cleared) that does not end the program, but its status. */
void runtime_report(struct runtime *r, struct error *why);

/* Runs the loop until it is stopped, here or by runtime_fail(). */
void runtime_run(struct runtime *r);

/* Frees the loop and the workspace. */
void runtime_clear(struct runtime *r);

/* Reports what is left to report, frees, and returns the exit status; or the
 * process ends by the signal that is due. */
int runtime_end(struct runtime *r, const struct stdio *io);

#endif
