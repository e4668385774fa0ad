/* The words of --allow, --deny, --to-allow and --to-deny. */
#ifndef COMMANDS_ACCESS_OPTIONS_H
#define COMMANDS_ACCESS_OPTIONS_H

#include "base/options.h"
#include "core/run.h"
#include "stages/access.h"

enum access_option {
    ACCESS_OPTION_ALLOW,
    ACCESS_OPTION_DENY,
    ACCESS_OPTION_TO_ALLOW,
    ACCESS_OPTION_TO_DENY,
};

/* Adds a rule for each word, and for each address of a name, which the run looks up. Returns 0, or
 * -1 with err filled; err is empty when the run has ended before. */
int access_options_add(struct run *run, struct access_rules *r, const struct option_words *words,
                       enum access_option option, struct error *err);

#endif
