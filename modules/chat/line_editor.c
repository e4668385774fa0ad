/* Owns the terminal while a line is edited. Knows no chat. */
#include "chat/line_editor.h"

#include <dlfcn.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"

/* The functions of readline(3) in use. */
struct library {
    int (*initialize)(void);
    void (*install)(const char *prompt, void (*on_line)(char *line));
    void (*remove)(void);
    void (*read_char)(void);
    void (*add_history)(const char *line);
    int (*clear_visible_line)(void);
    int (*on_new_line)(void);
    void (*redisplay)(void);
    FILE **output;
};

/* It stays loaded: it holds memory that it never frees. */
static struct library library;

struct line_editor {
    FILE *output;
    void (*on_line)(void *arg, const char *line);
    void *arg;
    bool installed;
    bool between_lines; /* on_line is running; readline prompts after it */
};

/* readline's callback has no argument: this is the editor that it is for. */
static struct line_editor *active;

static bool find(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);

    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

static bool load(struct library *l)
{
    void *handle = dlopen("libreadline.so.8", RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return false;
    if (find(handle, "rl_callback_handler_install", &l->install) &&
        find(handle, "rl_callback_handler_remove", &l->remove) &&
        find(handle, "rl_callback_read_char", &l->read_char) &&
        find(handle, "add_history", &l->add_history) &&
        find(handle, "rl_clear_visible_line", &l->clear_visible_line) &&
        find(handle, "rl_on_new_line", &l->on_new_line) &&
        find(handle, "rl_redisplay", &l->redisplay) && find(handle, "rl_outstream", &l->output) &&
        find(handle, "rl_initialize", &l->initialize))
        return true;
    dlclose(handle);
    return false;
}

static void on_readline(char *line)
{
    struct line_editor *e = active;

    if (line == NULL) { /* end of input; readline would prompt again */
        library.remove();
        e->installed = false;
        fputc('\n', e->output);
        fflush(e->output);
    } else if (*line != '\0') {
        library.add_history(line);
    }
    e->between_lines = true;
    e->on_line(e->arg, line);
    if (active == e)
        e->between_lines = false;
    free(line);
}

void line_editor_hide(struct line_editor *e)
{
    if (e == NULL || !e->installed || e->between_lines)
        return;
    library.clear_visible_line();
    fflush(e->output);
}

void line_editor_show(struct line_editor *e)
{
    if (e == NULL || !e->installed || e->between_lines)
        return;
    library.on_new_line();
    library.redisplay();
    fflush(e->output);
}

static void before_message(void)
{
    line_editor_hide(active);
}

static void after_message(void)
{
    line_editor_show(active);
}

/* Characters are edited whole whatever the locale is. readline(3) sets the locale by the
 * environment itself. */
static bool set_utf8(void)
{
    if (setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        return true;
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL && setenv("LC_ALL", "C.UTF-8", 1) == 0;
}

bool line_editor_prepare(void)
{
    static bool is_ready;
    const char *terminal = getenv("TERM");

    if (!is_ready && terminal != NULL && strcmp(terminal, "dumb") != 0)
        is_ready = set_utf8() && load(&library) && library.initialize() == 0;
    return is_ready;
}

struct line_editor *line_editor_open(const char *prompt, FILE *output,
                                     void (*on_line)(void *arg, const char *line), void *arg)
{
    struct line_editor *e;

    /* A background process that sets the terminal's mode is stopped; tcsetattr(3). */
    if (active != NULL || tcgetpgrp(STDIN_FILENO) != getpgrp() || !line_editor_prepare())
        return NULL;
    e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    *library.output = e->output = output;
    e->on_line = on_line;
    e->arg = arg;
    e->installed = true;
    active = e;
    library.install(prompt, on_readline);
    event_surround(before_message, after_message);
    return e;
}

void line_editor_read_key(struct line_editor *e)
{
    if (e->installed)
        library.read_char();
}

void line_editor_close(struct line_editor *e)
{
    if (e == NULL)
        return;
    if (e->installed) {
        line_editor_hide(e);
        library.remove();
    }
    event_surround(NULL, NULL);
    active = NULL;
    free(e);
}
