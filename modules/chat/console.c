/* Owns standard input as lines, and their turns. Edits nothing itself. */
#include "chat/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "chat/screen.h"
#include "core/local.h"

enum {
    READ_SIZE = 16 << 10,
    HELD_MAX = 64 << 10, /* a longer line is given in pieces */
};

struct console {
    struct deferred deferred;
    struct loop *loop;
    struct stream *raw;   /* standard input, where lines are not edited */
    struct stream *lines; /* out of it; NULL when closed */
    struct stream *output;
    struct line_editor *editor; /* or NULL */
    struct watch keys;          /* the terminal, for the editor */
    struct buf held;            /* read, and not passed on yet */
    bool ended;
    bool takes_turns;
    bool has_turn;
    bool interactive;
};

/* Returns the length of the next line in held; 0: the line is incomplete. */
static size_t next_line(const struct console *c)
{
    size_t held = buf_length(&c->held);
    const char *newline = held > 0 ? memchr(buf_head(&c->held), '\n', held) : NULL;

    if (newline != NULL)
        return (size_t)(newline - buf_head(&c->held)) + 1;
    return c->ended || held >= HELD_MAX ? held : 0;
}

static void wake(struct console *c)
{
    if (c->lines != NULL)
        stream_wake(c->lines, EPOLLIN);
}

static void on_raw_readable(void *arg)
{
    struct console *c = arg;

    stream_set_reader(c->raw, NULL, NULL);
    wake(c);
}

/* Reads until a line is whole. */
static enum io fill(struct console *c, struct error *err)
{
    while (!c->ended && c->editor == NULL && next_line(c) == 0) {
        char *to = buf_reserve(&c->held, READ_SIZE);
        size_t got;

        if (to == NULL) {
            error_cause(err, ENOMEM);
            return IO_FAILED;
        }
        switch (stream_read(c->raw, to, READ_SIZE, &got)) {
        case IO_OK:
            buf_added(&c->held, got);
            break;
        case IO_AGAIN:
            stream_set_reader(c->raw, on_raw_readable, c);
            return IO_AGAIN;
        case IO_END:
            c->ended = true;
            break;
        case IO_FAILED:
            error_cause(err, stream_failure(c->raw)->number);
            return IO_FAILED;
        }
    }
    return IO_OK;
}

static enum io read_line(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct console *c = t->state;
    size_t n;

    if (c->takes_turns && !c->has_turn)
        return IO_AGAIN;
    if (fill(c, err) == IO_FAILED)
        return IO_FAILED;
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

static void close_lines(struct transport *t, bool abort)
{
    (void)abort;
    ((struct console *)t->state)->lines = NULL;
}

static const struct transport_ops line_ops = {
    .read = read_line,
    .close = close_lines,
};

static void on_key(struct watch *w, uint32_t events)
{
    (void)events;
    line_editor_read_key(container_of(w, struct console, keys)->editor);
}

/* line is the typed line, or NULL at the end of input. */
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

/* The prompt and the mark with their colours; readline(3) requires \001 and \002 around bytes
 * that take no columns. */
static const char coloured_prompt[] = "\001\033[1m\002>\001\033[0m\002 ";
static const char coloured_mark[] = "\033[36m<\033[0m ";

static bool may_edit(const struct console_options *o)
{
    return o->edited && !o->without_input && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void console_prepare(const struct console_options *o)
{
    if (may_edit(o))
        line_editor_prepare();
}

static int open_input(struct console *c, const struct console_options *o, struct error *err)
{
    if (c->ended)
        return 0;
    if (may_edit(o)) {
        const char *prompt = !o->prompted ? "" : console_has_colours() ? coloured_prompt : "> ";

        c->editor = line_editor_open(prompt, stdout, on_edited, c);
        if (c->editor != NULL && loop_watch_now(c->loop, &c->keys, STDIN_FILENO, EPOLLIN) == 0)
            return 0;
        line_editor_close(c->editor);
        c->editor = NULL;
    }
    c->raw = local_open_input(c->loop, err);
    return c->raw != NULL ? 0 : -1;
}

static int open_output(struct console *c, const struct console_options *o, struct error *err)
{
    const char *mark = !o->marked ? "" : console_has_colours() ? coloured_mark : "< ";

    if (c->editor != NULL || (o->marked && c->interactive && isatty(STDOUT_FILENO)))
        c->output = screen_open(c->loop, c->editor, mark, err);
    else
        c->output = local_open_output(c->loop, err);
    return c->output != NULL ? 0 : -1;
}

struct console *console_open(struct loop *l, const struct console_options *o, struct error *err)
{
    struct console *c = calloc(1, sizeof(*c));
    struct transport lines = {.ops = &line_ops, .fd = -1, .state = c};

    if (c == NULL) {
        error_errno(err, ENOMEM, "cannot open the console");
        return NULL;
    }
    c->loop = l;
    loop_init_watch(&c->keys, on_key);
    c->ended = o->without_input;
    c->interactive = !o->without_input && isatty(STDIN_FILENO);
    c->lines = stream_new(l, &lines, "standard input", NULL, err);
    if (c->lines != NULL && open_input(c, o, err) == 0 && open_output(c, o, err) == 0)
        return c;
    console_close(c);
    return NULL;
}

struct end console_take_end(struct console *c)
{
    struct end e = {.in = c->lines, .out = c->output};

    c->output = NULL;
    return e;
}

bool console_is_interactive(const struct console *c)
{
    return c->interactive;
}

bool console_has_ended(const struct console *c)
{
    return c->ended;
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
    stream_close(c->lines, STREAM_AT_ONCE);
    stream_close(c->raw, STREAM_AT_ONCE);
    stream_close(c->output, STREAM_AT_ONCE);
    buf_free(&c->held);
    loop_free_later(c->loop, &c->deferred);
}
