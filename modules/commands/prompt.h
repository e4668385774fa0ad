/* Questions to a person at a terminal. */
#ifndef COMMANDS_PROMPT_H
#define COMMANDS_PROMPT_H

#include <stdbool.h>

/* True when standard input and standard error are both terminals. */
bool prompt_is_possible(void);

/* Asks on standard error and returns the line that is typed, without its
 * newline, to be freed; NULL when the input ends instead. */
char *prompt_ask(const char *what);

#endif
