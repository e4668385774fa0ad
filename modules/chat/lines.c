/* Owns what members have sent and nobody has acted on yet: puts it into lines, cuts
 * them, and makes them safe. What begins with "/" is for room_commands.c. */
#include "chat/lines.h"

#include <string.h>

#include "chat/announce.h"
#include "chat/pace.h"
#include "chat/room_commands.h"
#include "text/printable.h"
#include "text/utf8.h"

/* A line of ROOM_LINE_MAX characters and a CR takes less than this; what is not
 * less is longer. */
#define LINE_BYTES ((size_t)ROOM_LINE_MAX * UTF8_MAX + 2)

/* How many bytes the first characters have; a byte that is in none counts as one. */
static size_t first_characters(const char *text, size_t n, size_t characters)
{
    size_t i = 0, length;

    if (n <= characters)
        return n;
    for (; i < n && characters > 0; characters--)
        i += utf8_next(text + i, n - i, &length) == UTF8_WHOLE ? length : 1;
    return i;
}

/* Makes r->text the line in a form that is safe, and with an end as a string. */
static int make_safe(struct room *r, const char *line, size_t n)
{
    struct filter *f = printable_new();
    int result = -1;

    buf_reset(&r->text);
    if (f == NULL)
        return -1;
    if (f->ops->feed(f, line, n, &r->text, NULL) == FILTER_OK &&
        f->ops->finish(f, &r->text, NULL) == FILTER_OK && buf_add(&r->text, "", 1) == 0)
        result = 0;
    filter_free(f);
    return result;
}

void lines_say(struct room *r, struct room_member *m, const char *first, const char *second,
               const char *text, int64_t now_ms)
{
    struct error err = {0};

    buf_reset(&r->line);
    if (buf_add(&r->line, first, strlen(first)) < 0 ||
        buf_add(&r->line, second, strlen(second)) < 0 ||
        buf_add(&r->line, text, strlen(text)) < 0 || buf_add(&r->line, "\n", 1) < 0)
        error_set(&err, EXITCODE_FAILED, "out of memory");
    else
        announce_line(r, m, now_ms, &err);
    if (error_is_set(&err))
        announce_one(r, m, "your line was not said: %s", err.text);
    error_clear(&err);
}

void lines_act(struct room *r, struct room_member *m, const char *line, size_t n, int64_t now_ms)
{
    size_t kept;
    const char *text;

    if (n > 0 && line[n - 1] == '\r')
        n--;
    if (n == 0)
        return;
    kept = first_characters(line, n, ROOM_LINE_MAX);
    if (make_safe(r, line, kept) < 0) {
        announce_one(r, m, "your line was not said: out of memory");
        return;
    }
    text = buf_head(&r->text);
    if (text[0] == '/')
        room_commands_run(r, m, buf_head(&r->text), now_ms);
    else
        lines_say(r, m, m != NULL ? m->name : r->console, ": ", text, now_ms);
    if (kept < n)
        announce_one(r, m, "your line was longer than %d characters; the rest was cut off",
                     ROOM_LINE_MAX);
}

static int out_of_memory(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "keeping a line: out of memory");
    return -1;
}

/* Keeps text, but for the rest of a line that was too long. */
static int keep_text(struct room_member *m, const char *text, size_t n, struct error *err)
{
    if (m->cut) {
        const char *newline = memchr(text, '\n', n);

        if (newline == NULL)
            return 0;
        n -= (size_t)(newline - text);
        text = newline;
        m->cut = false;
    }
    return buf_add(&m->heard, text, n) < 0 ? out_of_memory(err) : 0;
}

/* Keeps what the decoder gave, also when it failed after that. */
static int keep_decoded(struct room_member *m, enum filter_result r, struct buf *decoded,
                        struct error *err)
{
    int result = r == FILTER_FAILED ? -1 : 0;

    if (buf_length(decoded) > 0 &&
        keep_text(m, buf_head(decoded), buf_length(decoded), result < 0 ? NULL : err) < 0)
        result = -1;
    buf_free(decoded);
    return result;
}

int lines_keep(struct room_member *m, const char *bytes, size_t n, struct error *err)
{
    struct buf decoded = {0};

    if (n == 0)
        return 0;
    if (line_encoding_is_plain(&m->room->wire))
        return keep_text(m, bytes, n, err);
    if (m->decoder == NULL)
        m->decoder = line_encoding_decoder(&m->room->wire, err);
    if (m->decoder == NULL)
        return -1;
    return keep_decoded(m, m->decoder->ops->feed(m->decoder, bytes, n, &decoded, err), &decoded,
                        err);
}

int lines_keep_end(struct room_member *m, struct error *err)
{
    struct buf decoded = {0};
    size_t n;

    m->ended = true;
    if (m->decoder != NULL &&
        keep_decoded(m, m->decoder->ops->finish(m->decoder, &decoded, err), &decoded, err) < 0)
        return -1;
    m->cut = false;
    n = buf_length(&m->heard);
    if (n > 0 && buf_head(&m->heard)[n - 1] != '\n' && buf_add(&m->heard, "\n", 1) < 0)
        return out_of_memory(err);
    return 0;
}

/* Bounds what is kept of a line that has not ended, and the memory of it. */
static void settle(struct room_member *m)
{
    size_t n = buf_length(&m->heard), part;
    const char *newline;
    struct buf smaller = {0};

    if (n == 0) {
        buf_free(&m->heard);
        return;
    }
    newline = memrchr(buf_head(&m->heard), '\n', n);
    part = newline == NULL ? n : n - (size_t)(newline + 1 - buf_head(&m->heard));
    if (part > LINE_BYTES) {
        m->heard.end -= part - LINE_BYTES;
        m->cut = true;
    }
    n = buf_length(&m->heard);
    if (m->heard.size <= ROOM_LINE_MAX || m->heard.size < 4 * n ||
        buf_add(&smaller, buf_head(&m->heard), n) < 0)
        return;
    buf_free(&m->heard);
    m->heard = smaller;
}

void lines_wait(struct room_member *m)
{
    if (list_is_empty(&m->waiting) && !m->lost && !m->quit)
        list_append(&m->room->row, &m->waiting);
}

/* True unless m has to wait, or was seen to be overrun. */
static bool may_act(struct room_member *m, int64_t now_ms)
{
    if (buf_length(&m->answers) >= ROOM_PRIVATE_BYTES)
        return false;
    if (!pace_is_congested(m->room, now_ms))
        return !m->lost;
    lines_wait(m);
    return false;
}

bool lines_go_on(struct room_member *m, int64_t now_ms, size_t budget)
{
    struct room *r = m->room;
    const char *line, *newline;
    size_t done = 0, n;

    /* Who is in the row waits for its turn. */
    while (!m->quit && list_is_empty(&m->waiting) && buf_length(&m->heard) > 0) {
        line = buf_head(&m->heard);
        newline = memchr(line, '\n', buf_length(&m->heard));
        if (newline == NULL || !may_act(m, now_ms))
            break;
        n = (size_t)(newline - line);
        lines_act(r, m, line, n, now_ms);
        buf_consume(&m->heard, n + 1);
        done += n + 1;
        if (done > budget)
            lines_wait(m);
    }
    m->full = buf_length(&m->answers) >= ROOM_PRIVATE_BYTES;
    if (m->ended && !m->quit && buf_length(&m->heard) == 0)
        lines_quit(m, now_ms);
    if (!m->quit) {
        settle(m);
        return true;
    }
    lines_forget(m);
    r->events.on_quit(r->arg, m);
    return false;
}

void lines_quit(struct room_member *m, int64_t now_ms)
{
    m->quit = true;
    m->until = shared_log_head(m->room->log).line;
    announce_about(m->room, m, now_ms, NULL, "%s left", m->name);
}

void lines_forget(struct room_member *m)
{
    filter_free(m->decoder);
    m->decoder = NULL;
    buf_free(&m->heard);
    list_remove(&m->waiting);
}
