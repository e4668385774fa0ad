/* Owns the asking. Judges no answer. */
#include "commands/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool prompt_is_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

char *prompt_ask(const char *what)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    fprintf(stderr, "%s: ", what);
    fflush(stderr);
    length = getline(&line, &size, stdin);
    if (length < 0) {
        fputc('\n', stderr);
        free(line);
        return NULL;
    }
    if (length > 0 && line[length - 1] == '\n')
        line[length - 1] = '\0';
    return line;
}
