/* Owns the text of help and of usage errors. Knows no particular command. */
#include "commands/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/option_help.h"
#include "commands/hints.h"

static void print_synopsis(const struct command *c, FILE *to)
{
    const char *line = c->synopsis;

    for (const char *lead = "Usage:"; *line != '\0'; lead = "      ") {
        size_t length = strcspn(line, "\n");

        fprintf(to, "%s tcptool %.*s\n", lead, (int)length, line);
        line += length + (line[length] == '\n');
    }
    fprintf(to, "%s.\n\n", c->summary);
}

void command_print_help(const struct command *c, FILE *to)
{
    print_synopsis(c, to);
    option_help_print_essential(c->tables, c->defaults, to);
    fprintf(to,
            "\nExamples:\n%s\nMore options: --help=" OPTION_HELP_ALL
            ", or --help=GROUP for one of these groups:\n  ",
            c->examples);
    option_help_print_groups(c->tables, ", ", to);
    fputs("\n", to);
}

/* Prints the options of a group, or of all. Returns -1 with a usage error. */
static int print_group(const struct command *c, const char *group, struct error *err)
{
    bool all = strcmp(group, OPTION_HELP_ALL) == 0;
    char *groups = NULL;
    size_t size;
    FILE *list;

    if (all)
        print_synopsis(c, stdout);
    if (option_help_print_group(c->tables, group, c->defaults, stdout) > 0) {
        if (all)
            printf("\nExamples:\n%s", c->examples);
        return 0;
    }
    list = open_memstream(&groups, &size);
    if (list != NULL) {
        option_help_print_groups(c->tables, "|", list);
        fclose(list);
    }
    error_set(err, EXITCODE_USAGE, "--help: invalid group \"%s\": expected %s|" OPTION_HELP_ALL,
              group, groups != NULL ? groups : "");
    free(groups);
    return -1;
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
    const char *group;
    struct error why = {0};

    switch (options_parse(c->tables, hints_text, c->on_operand, argc, argv, target, first, &group,
                          &why)) {
    case OPTIONS_OK:
        return -1;
    case OPTIONS_HELP:
        if (group == NULL)
            command_print_help(c, stdout);
        else if (print_group(c, group, &why) < 0)
            break;
        return command_printed();
    case OPTIONS_FAILED:
        break;
    }
    return command_misused(c, &why);
}
