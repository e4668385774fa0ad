/* Programs to be executed, found as execvp(3) finds them. */
#ifndef BASE_EXECUTABLE_H
#define BASE_EXECUTABLE_H

#include "base/error.h"

/* Returns 0 when word names a program: a path, or a name in PATH. Otherwise returns -1 with
 * err filled, whose status is EXITCODE_NOT_FOUND or EXITCODE_NOT_EXECUTABLE. */
int executable_check(const char *word, struct error *err);

/* Becomes the program argv[0]. Returns only on failure, with err filled likewise. */
void executable_become(char *const *argv, struct error *err);

#endif
