/* Owns the delivery of finished lines to the log, and of replies to their queue. Knows no
 * commands. */
#include "chat/announce.h"

#include <string.h>
#include <sys/epoll.h>

#include "chat/pace.h"

#define PREFIX "-- "

static int refuse(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "the room's buffer cannot hold it");
    return -1;
}

/* Puts r->line into the log as by's, or the room's. */
static int append(struct room *r, struct member *by, bool is_note, struct error *err)
{
    uint64_t line = shared_log_head(r->log).line;

    buf_reset(&r->wire);
    if (line_encoding_put(&r->encoding, buf_head(&r->line), buf_length(&r->line), &r->wire, err) <
        0)
        return -1;
    if (shared_log_append(r->log, buf_head(&r->wire), buf_length(&r->wire),
                          by != NULL ? by->number : AUTHOR_ROOM, is_note) < 0)
        return refuse(err);
    pace_came(r, line);
    room_wake_members(r);
    if (by == NULL)
        return 0;
    by->spoke = line + 1;
    if (by->position.line == line)
        by->position.line++;
    return 0;
}

static int __attribute__((format(printf, 3, 0)))
set_line(struct room *r, const char *prefix, const char *format, va_list args)
{
    buf_reset(&r->line);
    if (buf_add(&r->line, prefix, strlen(prefix)) < 0 || buf_vformat(&r->line, format, args) < 0)
        return -1;
    return buf_add(&r->line, "\n", 1);
}

int announce_line(struct room *r, struct member *by, struct error *err, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = set_line(r, "", format, args);
    va_end(args);
    return result < 0 ? refuse(err) : append(r, by, false, err);
}

int announce_about(struct room *r, struct member *by, struct error *err, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = set_line(r, PREFIX, format, args);
    va_end(args);
    return result < 0 ? refuse(err) : append(r, by, true, err);
}

/* Queues r->line for one member only; result is that of set_line(). */
static int answer(struct room *r, struct member *to, int result, struct error *err)
{
    if (result < 0)
        return refuse(err);
    result = line_encoding_put(&r->encoding, buf_head(&r->line), buf_length(&r->line), &to->answers,
                               err);
    if (to->stream != NULL)
        stream_wake(to->stream, EPOLLIN);
    return result;
}

int announce_one(struct room *r, struct member *to, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = set_line(r, PREFIX, format, args);
    va_end(args);
    return answer(r, to, result, NULL);
}

int announce_private(struct room *r, struct member *to, struct error *err, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = set_line(r, PREFIX, format, args);
    va_end(args);
    return answer(r, to, result, err);
}
