/* Finds out whether a program can be executed, before it has to be. */
#ifndef CORE_EXECUTABLE_H
#define CORE_EXECUTABLE_H

#include "base/error.h"

/* Looks a program up as a shell does: a word without a slash in the directories of PATH.
 * Returns its path, to be freed, or NULL with a usage error: why the system would not execute
 * it, or its interpreter. */
char *executable_find(const char *word, struct error *err);

#endif
