/* Where access rules come from: the words of --allow and --deny, or of --to-allow and --to-deny,
 * the files that they name, and the addresses of names. */
#ifndef COMMANDS_ACCESS_SOURCE_H
#define COMMANDS_ACCESS_SOURCE_H

#include "base/options.h"
#include "core/run.h"
#include "stages/access.h"

struct resolver;

struct access_source {
    const struct option_words *allow;
    const struct option_words *deny;
    bool of_targets;
    struct access *access;        /* gets the rules */
    struct access_source *next;   /* opened, reloaded and closed after this one; or NULL */
    void (*on_reread)(void *arg); /* called when a reload is over; that of the first counts */
    void *arg;

    /* Private. */
    struct run *run;
    struct access_rules rules; /* that are being read */
    struct access_name *names; /* that are still to be looked up */
    struct resolver *resolver; /* of the first of them */
    struct error why;
    bool reread;
};

/* Reads all rules, and runs the loop until all names are looked up. Returns 0, or -1 with err
 * filled: a usage error for a rule that is none; err is empty when the run has ended before. */
int access_source_open(struct access_source *s, struct run *run, struct error *err);

/* Returns true when there are files, for which SIGHUP is to be caught. */
bool access_source_has_files(const struct access_source *s);

/* Adds the files to the paths that are kept (kept_path.h). Returns 0, or -1 with err filled. */
int access_source_keep_files(const struct access_source *s, struct error *err);

/* Reads all rules again, without waiting for names. Reports the outcome; after a failure the old
 * rules stay. Then calls on_reread, also without files. Does nothing before access_source_open()
 * has returned 0. */
void access_source_reload(struct access_source *s);

void access_source_close(struct access_source *s);

#endif
