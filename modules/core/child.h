/*
 * Children: the programs that a server runs. Each leads a process group of its own, gets
 * SIGHUP when the thread that has started it ends, and counts as ended when no process of its
 * group is left.
 *
 * The table of all children belongs to the process. The process becomes a subreaper, so that
 * it is told of the last orphan of a group; prctl(2), PR_SET_CHILD_SUBREAPER. It reaps all that
 * is left to it, also what has left its group. One loop receives SIGCHLD; a loop that starts
 * children is their host, and is woken when one of them has ended.
 */
#ifndef CORE_CHILD_H
#define CORE_CHILD_H

#include "core/local.h"

struct child_table;

/* Makes the table: SIGCHLD goes to this loop, the limit of open files is raised to its maximum,
 * and inherited descriptors but the standard ones are no longer passed on. Call it once, before
 * other threads start. Returns NULL with err filled on failure. */
struct child_table *child_table_new(struct loop *l, const struct local_startup *startup,
                                    struct error *err);

/* Waits for the children that were let go, and kills those that do not end. All hosts are
 * closed by then. t may be NULL. */
void child_table_free(struct child_table *t);

/* A loop that starts children. Set to {.table = ...} before child_host_open(), which returns
 * 0, or -1 with err filled; child_host_close() is allowed then, too. */
struct child_host {
    struct child_table *table;
    struct loop *loop;
    struct waker waker;
    struct list ended;
};
int child_host_open(struct child_host *h, struct loop *l, struct error *err);
void child_host_close(struct child_host *h);

/* What to execute. Nothing is copied. */
struct child_plan {
    const char *path;
    char *const *argv;
    char *const *environment;
    int input; /* these become the standard descriptors; none of them is one */
    int output;
    int error_output;
};

/* Opens two pipes for a program's input and output, none of which is passed on. Returns 0, or
 * -1 with errno set. */
int child_open_pipes(int input[2], int output[2]);

struct child {
    struct list link;
    struct child_host *host; /* NULL: let go */
    pid_t group;
    int status;        /* of the program, as waitpid(2) returns it */
    bool leader_ended; /* while processes of its group are left */
    bool ended;
    void (*on_end)(void *owner); /* called once in the host's loop, then child_free() is due */
    void *owner;
};

/* Starts a program, with the signals and the limits of the start of this one. Returns NULL with
 * err filled on failure, EAGAIN or ENOMEM where there are too many processes. */
struct child *child_start(struct child_host *h, const struct child_plan *plan,
                          void (*on_end)(void *owner), void *owner, struct error *err);

/* Sends a signal to all processes of the group that are left. */
void child_signal(struct child *c, int number);

/* Frees a child that has ended. One that has not is let go: it gets SIGHUP, and ends by
 * itself or in child_table_free(). c may be NULL. */
void child_free(struct child *c);

#endif
