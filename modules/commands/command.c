/* Owns the text of help and of usage errors. Knows no particular command. */
#include "commands/command.h"

#include <errno.h>
#include <string.h>

#include "base/event.h"

void command_print_help(const struct command *c, FILE *to)
{
    const char *line = c->synopsis;

    for (const char *lead = "Usage:"; *line != '\0'; lead = "      ") {
        size_t length = strcspn(line, "\n");

        fprintf(to, "%s tcptool %.*s\n", lead, (int)length, line);
        line += length + (line[length] == '\n');
    }
    fprintf(to, "%s.\n", c->summary);
    options_print_help(c->tables, to);
    fprintf(to, "\nExamples:\n%s", c->examples);
}

int command_printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXITCODE_OK;
    event_error("error writing standard output: %s", strerror(errno));
    return EXITCODE_FAILED;
}

int command_misused(const struct command *c, struct error *why)
{
    int status = (int)why->status;

    if (status == EXITCODE_USAGE)
        event_error("%s: %s (see tcptool %s --help)", c->name, why->text, c->name);
    else
        event_error("%s", why->text);
    error_clear(why);
    return status;
}

int command_parse(const struct command *c, int argc, char **argv, void *target, int *first)
{
    struct error why = {0};

    switch (options_parse(c->tables, c->hints, c->on_operand, argc, argv, target, first, &why)) {
    case OPTIONS_OK:
        return -1;
    case OPTIONS_HELP:
        command_print_help(c, stdout);
        return command_printed();
    case OPTIONS_FAILED:
        break;
    }
    return command_misused(c, &why);
}
