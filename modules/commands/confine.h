/* Giving up what a command that listens no longer needs, once everything is open: --user,
 * --chroot, and the sandbox. */
#ifndef COMMANDS_CONFINE_H
#define COMMANDS_CONFINE_H

#include "base/options.h"

struct confine_options {
    const char *user;
    const char *chroot;
    bool no_sandbox;
};

/* A part of the commands' tables; the offsets are those of struct confine_options. */
extern const struct option_spec confine_specs[];

struct listening;

/* Looks up the names of --user and --chroot. Returns 0, or -1 with err filled. */
int confine_prepare(struct listening *l, struct error *err);

/* Keeps the paths that are needed later, gives everything else up, and reports which of them
 * the process may not use any more. Threads are to be started after this. Returns 0, or -1 with
 * err filled, and nobody must be served then. */
int confine_enter(struct listening *l, struct error *err);

void confine_clear(struct listening *l);

#endif
