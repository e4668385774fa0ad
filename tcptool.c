/* The table of commands. It dispatches and prints usage; it knows no sockets. */
#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "commands/command.h"

static const struct command *const commands[] = {&serve_command, &send_command, &chat_command,
                                                 &upper_command, &wait_command};

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

/* The last word that is a number, as a port would be. */
static const char *find_port(int count, char **words)
{
    while (count-- > 0)
        if (words[count][0] != '\0' && strspn(words[count], "0123456789") == strlen(words[count]))
            return words[count];
    return NULL;
}

/* Those who come from nc, ncat or socat type no command first. */
static int hint(int count, char **words)
{
    const char *port = find_port(count, words);
    bool listens = words[0][0] == '-' && (strchr(words[0], 'l') != NULL);

    if (listens)
        event_error("to listen, type: tcptool serve -p %s", port != NULL ? port : "PORT");
    else if (words[0][0] != '-' && count > 1 && port == words[1])
        event_error("to connect, type: tcptool send %s %s", words[0], port);
    else
        return -1;
    return EXITCODE_USAGE;
}

static int refuse(const char *word)
{
    const char *names[COMMAND_COUNT + 1] = {NULL};

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    if (word[0] == '-')
        event_error(
            "unknown option \"%s\": a command comes first, such as serve or send (see tcptool "
            "help)",
            word);
    else
        event_error("unknown command \"%s\": did you mean %s? (see tcptool help)", word,
                    options_nearest(word, names));
    return EXITCODE_USAGE;
}

/* For completions and for the check that every text names the same options. */
static void print_options(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        options_print_list(commands[i]->tables, commands[i]->name, stdout);
}

static int help(const char *topic)
{
    const struct command *c = topic != NULL ? find_command(topic) : NULL;

    if (topic != NULL && strcmp(topic, "--options") == 0) {
        print_options();
        return command_printed();
    }
    if (topic != NULL && c == NULL)
        return refuse(topic);
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
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(word, "--version") == 0) {
        puts("tcptool " TCPTOOL_VERSION);
        return command_printed();
    }
    c = find_command(word);
    if (c == NULL)
        return hint(argc - 1, argv + 1) < 0 ? refuse(word) : EXITCODE_USAGE;
    return c->run(c, &startup, argc - 1, argv + 1);
}
