/* Programs to be executed, found as execvp(3) finds them. */
#ifndef BASE_EXECUTABLE_H
#define BASE_EXECUTABLE_H

#include "base/error.h"

/* Returns the path that word names, itself or in PATH, to be freed. Otherwise returns NULL with
 * err filled, whose status is EXITCODE_NOT_FOUND or EXITCODE_NOT_EXECUTABLE. */
char *executable_find(const char *word, struct error *err);

/* Returns 0 when execve(2), which unlike execvp(3) gives nothing to a shell, can execute the file:
 * a script names its interpreter. Otherwise returns -1 with err filled likewise. */
int executable_check_script(const char *path, const char *word, struct error *err);

/* Becomes the program argv[0]. Returns only on failure, with err filled likewise. */
void executable_become(char *const *argv, struct error *err);

#endif
