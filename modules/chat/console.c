/* Owns the two standard streams of a chat and the turns of its lines. Edits nothing itself. */
#include "chat/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "chat/line_editor.h"
#include "core/stdio.h"

enum {
    READ_SIZE = 16 << 10,
    HELD_MAX = 64 << 10, /* a longer line is given in pieces */
};

struct console {
    struct loop *loop;
    struct stream raw;   /* standard input, where lines are not edited */
    struct stream input; /* lines out of it */
    struct stream output;
    struct line_editor *editor; /* or NULL */
    struct watch keys;          /* the terminal, for the editor */
    struct buf held;            /* what was read and not given */
    bool ended;
    bool takes_turns;
    bool has_turn;
    bool interactive;
    struct task bury;
};

/* How much of what is held makes the next line; 0: it is not whole. */
static size_t next_line(const struct console *c)
{
    size_t held = buf_length(&c->held);
    const char *newline = held > 0 ? memchr(buf_head(&c->held), '\n', held) : NULL;

    if (newline != NULL)
        return (size_t)(newline - buf_head(&c->held)) + 1;
    return c->ended || held >= HELD_MAX ? held : 0;
}

static struct console *console_of(struct transport *t)
{
    return container_of(container_of(t, struct stream, transport), struct console, input);
}

static void fill(struct console *c)
{
    while (!c->ended && c->editor == NULL && next_line(c) == 0) {
        char *to = buf_reserve(&c->held, READ_SIZE);
        size_t got = 0;
        enum io result = to != NULL ? stream_read(&c->raw, to, READ_SIZE, &got, NULL) : IO_FAILED;

        if (result == IO_AGAIN)
            return;
        if (result == IO_OK)
            buf_added(&c->held, got);
        else
            c->ended =
                true; /* a read that fails: the terminal is gone, or we are in the background */
    }
}

static enum io read_line(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct console *c = console_of(t);
    size_t n;

    (void)err;
    if (c->takes_turns && !c->has_turn)
        return IO_AGAIN;
    fill(c);
    n = next_line(c);
    if (n == 0)
        return c->ended ? IO_END : IO_AGAIN;
    if (n > max)
        n = max;
    memcpy(to, buf_head(&c->held), n);
    buf_consume(&c->held, n);
    *got = n;
    c->has_turn = false;
    return IO_OK;
}

static enum io discard_line(struct transport *t, size_t max, size_t *got, struct error *err)
{
    (void)t;
    (void)max;
    (void)got;
    (void)err;
    return IO_AGAIN;
}

static void close_lines(struct transport *t)
{
    (void)t;
}

static const struct transport_ops line_ops = {
    .read = read_line,
    .discard = discard_line,
    .close = close_lines,
};

static void wake(struct console *c)
{
    if (c->input.on_readable != NULL && !c->input.closed)
        c->input.on_readable(&c->input);
}

static void on_raw_readable(struct stream *raw)
{
    wake(raw->reader);
}

static void on_key(struct watch *w, uint32_t events)
{
    struct console *c = container_of(w, struct console, keys);

    (void)events;
    line_editor_read_key(c->editor);
}

/* What the editor has got: a line, or NULL for the end. */
static void on_edited(void *arg, const char *line)
{
    struct console *c = arg;

    if (line == NULL || buf_add(&c->held, line, strlen(line)) < 0 ||
        buf_add(&c->held, "\n", 1) < 0) {
        c->ended = true;
        loop_unwatch(c->loop, &c->keys);
    }
    wake(c);
}

static int open_editor(struct console *c, const char *prompt)
{
    struct transport screen;

    c->editor = line_editor_open(prompt, on_edited, c);
    if (c->editor == NULL)
        return -1;
    c->keys.on_event = on_key;
    line_editor_init_screen(c->editor, &screen);
    if (loop_watch(c->loop, &c->keys, STDIN_FILENO, EPOLLIN) == 0 &&
        stream_open(&c->output, c->loop, &screen, NULL) == 0)
        return 0;
    loop_unwatch(c->loop, &c->keys);
    line_editor_close(c->editor);
    c->editor = NULL;
    return -1;
}

static int open_plain(struct console *c, struct error *err)
{
    if (!c->ended) {
        if (stdio_open_input(&c->raw, c->loop, err) < 0)
            return -1;
        stream_set_reader(&c->raw, on_raw_readable, c);
    }
    return stdio_open_output(&c->output, c->loop, err);
}

static void bury(struct task *t)
{
    struct console *c = container_of(t, struct console, bury);

    buf_free(&c->held);
    free(c);
}

struct console *console_open(struct loop *l, const char *prompt, bool without_input,
                             struct error *err)
{
    struct console *c = calloc(1, sizeof(*c));
    struct transport lines = {
        .ops = &line_ops, .fd = -1, .always_ready = true, .name = "standard input"};

    if (c == NULL) {
        error_errno(err, ENOMEM, "opening the console");
        return NULL;
    }
    c->loop = l;
    c->keys.fd = -1;
    c->ended = without_input;
    c->interactive = !without_input && isatty(STDIN_FILENO);
    task_init(&c->bury, bury);
    stream_open(&c->input, l, &lines, NULL);
    if (c->interactive && isatty(STDOUT_FILENO) && open_editor(c, prompt) == 0)
        return c;
    if (open_plain(c, err) == 0)
        return c;
    console_close(c);
    return NULL;
}

struct stream *console_input(struct console *c)
{
    return &c->input;
}

struct stream *console_output(struct console *c)
{
    return &c->output;
}

bool console_is_interactive(const struct console *c)
{
    return c->interactive;
}

bool console_has_colours(void)
{
    const char *forbidden = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && (forbidden == NULL || *forbidden == '\0') && terminal != NULL &&
           *terminal != '\0' && strcmp(terminal, "dumb") != 0;
}

void console_take_turns(struct console *c)
{
    c->takes_turns = true;
    c->has_turn = true;
}

void console_give_turn(struct console *c)
{
    if (!c->takes_turns || c->has_turn)
        return;
    c->has_turn = true;
    wake(c);
}

void console_close(struct console *c)
{
    if (c == NULL)
        return;
    loop_unwatch(c->loop, &c->keys);
    line_editor_close(c->editor);
    c->editor = NULL;
    stream_close(&c->input, false);
    stream_close(&c->raw, false);
    stream_close(&c->output, false);
    loop_later(c->loop, &c->bury);
}
