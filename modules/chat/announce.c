/* Owns the way of a line that is ready into the log, and of an answer to where it
 * waits. Decides nothing of what is said. */
#include "chat/announce.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/pace.h"

#define PREFIX "-- "

static int refuse(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "there is not enough room for it");
    return -1;
}

/* Puts r->line into the log. */
static int append(struct room *r, uint32_t author, int64_t now_ms, struct error *err)
{
    uint64_t line = shared_log_head(r->log).line;

    buf_reset(&r->wire_line);
    if (line_encoding_put(&r->wire, buf_head(&r->line), buf_length(&r->line), &r->wire_line, err) <
        0)
        return -1;
    if (shared_log_append(r->log, buf_head(&r->wire_line), buf_length(&r->wire_line), author) < 0)
        return refuse(err);
    pace_came(r, line, now_ms);
    if (!r->news) {
        r->news = true;
        r->events.on_news(r->arg);
    }
    return 0;
}

static void show_console(struct room *r)
{
    r->events.on_said(r->arg, buf_head(&r->line), buf_length(&r->line));
}

int announce_line(struct room *r, struct room_member *by, int64_t now_ms, struct error *err)
{
    uint64_t line = shared_log_head(r->log).line;

    if (append(r, by != NULL ? by->number : AUTHOR_CONSOLE, now_ms, err) < 0)
        return -1;
    if (by == NULL)
        return 0;
    by->spoke = line + 1;
    if (by->position.line == line)
        by->position.line++;
    show_console(r);
    return 0;
}

/* Makes r->line an announcement. */
static int announce(struct room *r, const char *text, size_t n)
{
    buf_reset(&r->line);
    if (buf_add(&r->line, PREFIX, strlen(PREFIX)) < 0 || buf_add(&r->line, text, n) < 0)
        return -1;
    return buf_add(&r->line, "\n", 1);
}

static int __attribute__((format(printf, 2, 0)))
announce_format(struct room *r, const char *format, va_list args)
{
    char *text = NULL;
    int n = vasprintf(&text, format, args), result;

    if (n < 0)
        return -1;
    result = announce(r, text, (size_t)n);
    free(text);
    return result;
}

int announce_about(struct room *r, struct room_member *by, int64_t now_ms, struct error *err,
                   const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = announce_format(r, format, args);
    va_end(args);
    return result < 0 ? refuse(err) : announce_line(r, by, now_ms, err);
}

void announce_all(struct room *r, int64_t now_ms, const char *text)
{
    if (announce(r, text, strlen(text)) < 0 || append(r, AUTHOR_ROOM, now_ms, NULL) < 0)
        return;
    show_console(r);
}

void announce_one(struct room *r, struct room_member *to, const char *format, ...)
{
    va_list args;
    int result;
    bool first;

    va_start(args, format);
    result = announce_format(r, format, args);
    va_end(args);
    if (result < 0)
        return;
    if (to == NULL) {
        r->events.on_answer(r->arg, buf_head(&r->line), buf_length(&r->line));
        return;
    }
    /* A newcomer, who is greeted before it is on the list, has nobody to be told. */
    first = buf_length(&to->answers) == 0 && !list_is_empty(&to->link);
    if (line_encoding_put(&r->wire, buf_head(&r->line), buf_length(&r->line), &to->answers, NULL) ==
            0 &&
        first)
        r->events.on_private(r->arg, to);
}
