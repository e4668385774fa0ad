/* Reads a command line that was written for nc, ncat or socat. */
#ifndef COMMANDS_FOREIGN_H
#define COMMANDS_FOREIGN_H

#include <stdbool.h>

#include "base/error.h"

/* Fills err with a usage error: the command that does here what the words ask for, or that
 * nothing does. Returns false, with err untouched, for words of another kind. */
bool foreign_explain(int count, char **words, struct error *err);

#endif
