/* Prompts for missing arguments. Validates nothing. */
#include "commands/prompt.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "chat/line_editor.h"

struct answer {
    struct line_editor *editor; /* NULL once the line is here */
    char *line;                 /* NULL at the end of input */
};

bool prompt_is_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static void on_line(void *arg, const char *line)
{
    struct answer *a = arg;

    a->line = line != NULL ? strdup(line) : NULL;
    line_editor_close(a->editor);
    a->editor = NULL;
}

/* Reads keys until a line is here, or a signal is pending. */
static void read_keys(struct answer *a, int signals)
{
    struct pollfd events[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = signals, .events = POLLIN},
    };

    while (a->editor != NULL && poll(events, 2, -1) > 0 && events[1].revents == 0)
        line_editor_read_key(a->editor);
}

/* Has the line edited. A signal that would end the program does so only once the terminal is
 * as it was. Returns false where lines cannot be edited. */
static bool ask_edited(const char *prompt, struct answer *a)
{
    sigset_t ending, before;
    bool is_edited;
    int signals;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    signals = signalfd(-1, &ending, SFD_CLOEXEC);
    if (signals < 0)
        return false;
    sigprocmask(SIG_BLOCK, &ending, &before);
    a->editor = line_editor_open(prompt, stderr, on_line, a);
    is_edited = a->editor != NULL;
    read_keys(a, signals);
    line_editor_close(a->editor);
    close(signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return is_edited;
}

static char *ask_plainly(const char *prompt)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    fputs(prompt, stderr);
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

char *prompt_ask(const char *what, bool may_be_empty)
{
    char prompt[64];
    struct answer a;

    snprintf(prompt, sizeof(prompt), "%s: ", what);
    for (;;) {
        a = (struct answer){0};
        if (!ask_edited(prompt, &a))
            a.line = ask_plainly(prompt);
        if (a.line == NULL || *a.line != '\0' || may_be_empty)
            return a.line;
        free(a.line);
    }
}
