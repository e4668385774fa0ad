/* The table of commands. It dispatches and prints usage; it knows no sockets. */
#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "base/option_help.h"
#include "commands/command.h"
#include "commands/foreign.h"
#include "core/syscall_filter.h"

static const struct command *const commands[] = {&serve_command, &send_command,  &chat_command,
                                                 &upper_command, &relay_command, &wait_command};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *to)
{
    fputs("Usage: tcptool COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n", to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-8s%s\n", commands[i]->name, commands[i]->summary);
    fputs("\nFor a command's options: tcptool help COMMAND\n"
          "To begin, type in one terminal and in another:\n"
          "  tcptool serve\n"
          "  tcptool send localhost 8888 hello\n",
          to);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* The first word is no command: it is mistyped, or the line is one for another program. */
static int refuse(int count, char **words)
{
    const char *names[COMMAND_COUNT + 1] = {NULL}, *nearest;
    struct error why = {0};

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    nearest = options_nearest(words[0], names);
    if (words[0][0] != '-' && nearest != NULL)
        event_error("unknown command \"%s\": did you mean %s? (see tcptool help)", words[0],
                    nearest);
    else if (foreign_explain(count, words, &why))
        event_error("%s", why.text);
    else if (words[0][0] == '-')
        event_error("unknown option \"%s\": a command comes first, such as serve or send (see "
                    "tcptool help)",
                    words[0]);
    else
        event_error("unknown command \"%s\" (see tcptool help)", words[0]);
    error_clear(&why);
    return EXITCODE_USAGE;
}

/* For completions and for the check that every text names the same options. */
static void print_options(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        option_help_print_list(commands[i]->tables, commands[i]->name, commands[i]->defaults,
                               stdout);
}

static int help(char **words)
{
    const char *topic = words[0];
    const struct command *c = topic != NULL ? find_command(topic) : NULL;

    if (topic != NULL && strcmp(topic, "--options") == 0) {
        print_options();
        return command_printed();
    }
    if (topic != NULL && c == NULL)
        return refuse(1, words);
    if (c != NULL)
        command_print_help(c, stdout);
    else
        print_usage(stdout);
    return command_printed();
}

int main(int argc, char **argv)
{
    struct local_startup startup = local_start();
    const char *word = argc > 1 ? argv[1] : NULL;
    const struct command *c;

    if (word == NULL) {
        print_usage(stderr);
        return EXITCODE_USAGE;
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return help(argv + 2);
    if (strcmp(word, "--version") == 0) {
        puts("tcptool " TCPTOOL_VERSION);
        if (syscall_filter_size == 0)
            puts("built without the filter of system calls");
        return command_printed();
    }
    c = find_command(word);
    if (c == NULL)
        return refuse(argc - 1, argv + 1);
    return c->run(c, &startup, argc - 1, argv + 1);
}
