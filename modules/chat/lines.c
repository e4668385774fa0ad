/* Owns the beginnings of lines that members have sent: puts bytes into lines, cuts them, and
 * makes them safe. Lines that begin with "/" are for room_commands.c. */
#include "chat/lines.h"

#include <errno.h>
#include <string.h>

#include "chat/announce.h"
#include "chat/room_commands.h"
#include "text/printable.h"
#include "text/utf8.h"

/* A line of ROOM_LINE_MAX characters and a CR is shorter than this. */
#define LINE_BYTES ((size_t)ROOM_LINE_MAX * UTF8_MAX + 2)

/* Returns the bytes of the first characters; an invalid byte counts as one character. */
static size_t first_characters(const char *text, size_t n, size_t characters)
{
    size_t i = 0, length;

    if (n <= characters)
        return n;
    for (; i < n && characters > 0; characters--)
        i += utf8_next(text + i, n - i, &length) == UTF8_WHOLE ? length : 1;
    return i;
}

void lines_not_said(struct room *r, struct member *m, struct error *why)
{
    r->unsaid += m->reader.author == AUTHOR_CONSOLE;
    announce_one(r, m, "your line was not sent: %s", why->text);
    error_clear(why);
}

static void act(struct room *r, struct member *m, const char *line, size_t n)
{
    struct error err = {0};
    size_t kept;
    char *text;

    if (n > 0 && line[n - 1] == '\r')
        n--;
    if (n == 0)
        return;
    kept = first_characters(line, n, ROOM_LINE_MAX);
    buf_reset(&r->text);
    if (printable_add(&r->text, line, kept) < 0 || buf_add(&r->text, "", 1) < 0) {
        error_cause(&err, ENOMEM);
        lines_not_said(r, m, &err);
        return;
    }
    text = buf_head(&r->text);
    if (text[0] == '/')
        room_commands_run(r, m, text);
    else if (announce_line(r, m, &err, "%s: %s", m->name, text) < 0)
        lines_not_said(r, m, &err);
    if (kept < n)
        announce_one(r, m, "your line was cut after %d characters", ROOM_LINE_MAX);
}

/* Keeps the beginning of a line, up to a size at which it is cut anyway. */
static int keep(struct member *m, const char *bytes, size_t n)
{
    size_t kept = buf_length(&m->heard);

    if (m->cut)
        return 0;
    if (n > LINE_BYTES - kept) {
        n = LINE_BYTES - kept;
        m->cut = true;
    }
    return buf_add(&m->heard, bytes, n);
}

/* Acts on the line that ends with these n bytes. */
static int end_line(struct member *m, const char *bytes, size_t n)
{
    int result = 0;

    if (buf_length(&m->heard) == 0 && !m->cut) {
        act(m->room, m, bytes, n);
        return 0;
    }
    result = keep(m, bytes, n);
    m->cut = false;
    if (result == 0)
        act(m->room, m, buf_head(&m->heard), buf_length(&m->heard));
    buf_free(&m->heard);
    return result;
}

/* Returns true unless m has to wait. */
static bool may_act(struct member *m)
{
    m->full = buf_length(&m->answers) >= ROOM_PRIVATE_BYTES;
    if (m->full)
        return false;
    return pace_may_append(&m->reader) && !m->reader.lost;
}

enum io lines_hear(struct member *m, const char *bytes, size_t n, size_t *put, struct error *err)
{
    const char *end = bytes + n, *at = bytes, *newline;
    int result = 0;

    /* Text of a member that has quit is discarded. */
    while (!m->quit && !m->reader.lost && at < end && result == 0) {
        newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) {
            result = keep(m, at, (size_t)(end - at));
            break;
        }
        if (!may_act(m)) {
            *put = (size_t)(at - bytes);
            return at == bytes ? IO_AGAIN : IO_OK;
        }
        result = end_line(m, at, (size_t)(newline - at));
        at = newline + 1;
    }
    *put = n;
    if (result == 0)
        return IO_OK;
    error_cause(err, ENOMEM);
    return IO_FAILED;
}

void lines_hear_end(struct member *m)
{
    if (buf_length(&m->heard) > 0)
        end_line(m, "", 0);
}
