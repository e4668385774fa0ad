/* The peer that the person names, on the command line or when asked. */
#ifndef COMMANDS_TARGET_H
#define COMMANDS_TARGET_H

#include "base/error.h"

/* given, or what the person answers when asked; a copy. NULL with a usage error
 * when there is neither. */
char *target_word(const char *given, const char *what, struct error *err);

/* Takes HOST PORT or HOST:PORT from the words, and asks for what is missing. *host
 * is to be freed; *used counts the words. Returns 0, or -1 with err filled. */
int target_find(int count, char **words, char **host, unsigned *port, int *used, struct error *err);

#endif
