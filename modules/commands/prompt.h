/* Prompts for a user at a terminal. */
#ifndef COMMANDS_PROMPT_H
#define COMMANDS_PROMPT_H

#include <stdbool.h>

/* True when standard input and standard error are both terminals. */
bool prompt_is_possible(void);

/* Prompts on standard error and returns the line that is typed, without its newline, to be
 * freed; NULL when the input ends instead. Prompts again after an empty line unless
 * may_be_empty. The line is edited where the terminal allows it. */
char *prompt_ask(const char *what, bool may_be_empty);

#endif
