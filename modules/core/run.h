/*
 * A run: what every running command has: a loop, the workspace of its pumps, a deadline,
 * and one outcome. The first failure decides the exit status.
 */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/event_log.h"
#include "core/event_writer.h"
#include "core/hexdump.h"
#include "core/local.h"
#include "core/workspace.h"

struct run {
    struct loop *loop;
    struct workspace work;
    struct event_writer events;
    struct event_log *log; /* NULL: none */
    struct hexdump *dump;  /* the same */
    struct timer deadline;
    int64_t deadline_ms;
    struct error fatal;   /* what ended the run; reported by run_end() */
    bool fatal_is_logged; /* it came with the end of a connection, as an event of its own */
    enum exitcode status;
    int signal;    /* that the program has to die of, or 0 */
    bool stopped;  /* by a signal that lets connections end: waits for no stuck output */
    bool is_first; /* and writes the events; workers' runs do not */
};

/* Prepares the run of the program, or of a worker beside first. deadline_ms 0: none.
 * Returns 0, or -1 with err filled; the other functions are allowed then, too. */
int run_init(struct run *r, int64_t deadline_ms, struct error *err);
int run_init_worker(struct run *r, struct error *err);

/* Logs events to the file path, which is not copied; NULL: none. Returns 0, or -1 with err
 * filled. */
int run_log(struct run *r, const char *path, struct error *err);

/* Dumps connections that have a tap (core/tap.h) to the file path, or standard error. Returns 0,
 * or -1 with err filled. */
int run_dump(struct run *r, const char *path, struct error *err);

/* Ends the run with this failure, which is moved; the first one counts. */
void run_fail(struct run *r, struct error *why);

/* Reports a failure (cleared) that does not end the run, but decides its status;
 * run_mark() only the status. */
void run_report(struct run *r, struct error *why);
void run_mark(struct run *r, enum exitcode status);

/* Runs the loop until it is stopped; not at all after run_fail(). */
void run_loop(struct run *r);

/* Returns true when there is nothing more to do: a failure, or a signal. */
bool run_is_over(const struct run *r);

/* Frees the loop and the workspace. */
void run_clear(struct run *r);

/* Reports what is left to report, frees, and returns the exit status; or the process ends
 * by the signal that is due. */
int run_end(struct run *r, const struct local_startup *startup);

#endif
