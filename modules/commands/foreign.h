/* Reads a command line that was written for nc, ncat or socat. */
#ifndef COMMANDS_FOREIGN_H
#define COMMANDS_FOREIGN_H

#include <stdbool.h>

#include "base/error.h"

/* Fills err with a usage error that names the tcptool command for the words, or states that
 * there is none. Returns false, with err untouched, for other words. */
bool foreign_explain(int count, char **words, struct error *err);

#endif
