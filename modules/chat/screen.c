/* Owns the rows that text on the terminal begins and ends. Edits nothing. */
#include "chat/screen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct screen {
    struct line_editor *editor;
    const char *mark;
    bool in_row; /* the row that the cursor is in has its mark */
};

static bool is_ready(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    return poll(&ready, 1, 0) > 0;
}

/* Writes the text up to its first newline, behind a mark where a row begins. Returns how many
 * bytes of the text the terminal has taken, or -1. A ready terminal takes PIPE_BUF. */
static ssize_t write_row(struct screen *s, int fd, const char *text, size_t n)
{
    size_t mark = s->in_row ? 0 : strlen(s->mark);
    size_t max = PIPE_BUF - mark < n ? PIPE_BUF - mark : n;
    const char *newline = memchr(text, '\n', max);
    struct iovec pieces[] = {
        {.iov_base = (char *)s->mark, .iov_len = mark},
        {.iov_base = (char *)text, .iov_len = newline != NULL ? (size_t)(newline - text) + 1 : max},
    };
    ssize_t put = writev(fd, pieces, 2);

    if (put < 0)
        return -1;
    if ((size_t)put <= mark)
        return 0;
    put -= (ssize_t)mark;
    s->in_row = text[put - 1] != '\n';
    return put;
}

/* The line that is typed keeps a row of its own. */
static void end_row(struct screen *s, int fd)
{
    if (s->editor != NULL && s->in_row && write(fd, "\n", 1) == 1)
        s->in_row = false;
}

static enum io screen_write(struct transport *t, const struct iovec *from, int count, size_t *put,
                            struct error *err)
{
    struct screen *s = t->state;
    const char *text = from->iov_base;
    ssize_t n = 0;
    int failure;

    (void)count;
    *put = 0;
    if (!is_ready(t->fd))
        return IO_AGAIN;
    line_editor_hide(s->editor);
    do {
        n = write_row(s, t->fd, text + *put, from->iov_len - *put);
        *put += n > 0 ? (size_t)n : 0;
    } while (n > 0 && *put < from->iov_len && is_ready(t->fd));
    failure = errno;
    end_row(s, t->fd);
    line_editor_show(s->editor);
    if (*put > 0)
        return IO_OK;
    if (n == 0 || failure == EAGAIN || failure == EINTR)
        return IO_AGAIN;
    error_cause(err, failure);
    return IO_FAILED;
}

static void screen_close(struct transport *t, bool abort)
{
    (void)abort;
    free(t->state);
}

static const struct transport_ops screen_ops = {
    .write = screen_write,
    .close = screen_close,
};

struct stream *screen_open(struct loop *l, struct line_editor *editor, const char *mark,
                           struct error *err)
{
    struct screen *s = malloc(sizeof(*s));
    struct transport t = {.ops = &screen_ops, .fd = STDOUT_FILENO, .inherited = true, .state = s};

    if (s == NULL) {
        error_errno(err, ENOMEM, "cannot open the terminal");
        return NULL;
    }
    *s = (struct screen){.editor = editor, .mark = mark};
    return stream_new(l, &t, "standard output", NULL, err);
}
