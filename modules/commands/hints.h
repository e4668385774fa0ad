/* Options of nc, ncat and socat, and their equivalents. The table is the only source of hints,
 * and names only what exists. */
#ifndef COMMANDS_HINTS_H
#define COMMANDS_HINTS_H

#include <stdbool.h>

/* Stands for the name of a command where a line has none. */
#define HINTS_LINE "tcptool"

struct hint {
    const char *commands; /* their names, or NULL: all */
    const char *word;     /* an option: "-w", "--exec" */
    const char *text;
    bool takes_value; /* of its own, in the other program */
    bool is_final;    /* replaces all other hints */
};

/* Returns the hint for an option of a command, or NULL when there is none. Of "--name=value"
 * the name counts. */
const struct hint *hints_find(const char *command, const char *option);

/* Returns the text of it, or NULL. */
const char *hints_text(const char *command, const char *option);

#endif
