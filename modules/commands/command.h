/* A command: a name, a help text, options and a function. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include <stdio.h>

#include "base/options.h"
#include "core/local.h"

struct command {
    const char *name;
    const char *summary;  /* one line */
    const char *synopsis; /* one line per form, without "tcptool" */
    const char *examples; /* whole lines */
    const struct option_table *tables;
    options_on_operand *on_operand; /* NULL: options may follow operands */
    const void *defaults;           /* the options' struct before parsing; help shows its numbers */
    /* argv[0] is the command's name. Returns the exit status. */
    int (*run)(const struct command *self, const struct local_startup *startup, int argc,
               char **argv);
};

extern const struct command serve_command;
extern const struct command send_command;
extern const struct command chat_command;
extern const struct command upper_command;
extern const struct command relay_command;
extern const struct command wait_command;

/* Prints the command's --help: what most users need, in at most 22 lines of 80 columns. */
void command_print_help(const struct command *c, FILE *to);

/*
 * Parses the command's options into target. Returns -1 to go on with the operands at
 * argv[*first], or the exit status: after --help, or after a usage error, which is reported.
 */
int command_parse(const struct command *c, int argc, char **argv, void *target, int *first);

/* Flushes standard output and returns the exit status: text counts as printed only when it
 * has arrived. */
int command_printed(void);

/* Reports a usage error, and where to find the command's help; why is cleared. Returns its
 * status. */
int command_misused(const struct command *c, struct error *why);

#endif
