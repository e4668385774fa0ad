/* Owns the way of a line that is ready into the log, and of an answer to where it waits.
 * Decides nothing of what is said. */
#include "chat/announce.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "chat/pace.h"

#define PREFIX "-- "

static int refuse(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "there is not enough room for it");
    return -1;
}

/* Puts r->line into the log. */
static int append(struct room *r, uint32_t author, struct error *err)
{
    uint64_t line = shared_log_head(r->log).line;

    buf_reset(&r->wire);
    if (line_encoding_put(&r->encoding, buf_head(&r->line), buf_length(&r->line), &r->wire, err) <
        0)
        return -1;
    if (shared_log_append(r->log, buf_head(&r->wire), buf_length(&r->wire), author) < 0)
        return refuse(err);
    pace_came(r, line);
    room_wake_members(r);
    room_tend_later(r);
    return 0;
}

int announce_line(struct room *r, struct member *by, struct error *err)
{
    uint64_t line = shared_log_head(r->log).line;

    if (append(r, by->number, err) < 0)
        return -1;
    by->spoke = line + 1;
    if (by->position.line == line)
        by->position.line++;
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

int announce_about(struct room *r, struct member *by, struct error *err, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = announce_format(r, format, args);
    va_end(args);
    return result < 0 ? refuse(err) : announce_line(r, by, err);
}

void announce_all(struct room *r, const char *text)
{
    if (announce(r, text, strlen(text)) == 0)
        append(r, AUTHOR_ROOM, NULL);
}

int announce_one(struct room *r, struct member *to, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = announce_format(r, format, args);
    va_end(args);
    if (result == 0)
        result = line_encoding_put(&r->encoding, buf_head(&r->line), buf_length(&r->line),
                                   &to->answers, NULL);
    if (to->stream != NULL)
        stream_wake(to->stream, EPOLLIN);
    return result;
}
