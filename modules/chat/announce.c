/* Owns the delivery of finished lines to the log, and of replies to their queue. Knows no
 * commands. */
#include "chat/announce.h"

#include <string.h>
#include <sys/epoll.h>

#include "base/event.h"

#define PREFIX "-- "

static int refuse(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "the room's buffer cannot hold it");
    return -1;
}

/* Members that fall behind lose their place sooner then, and newcomers see less. */
static void report_short_log(struct room *r)
{
    if (!shared_log_is_short(r->log) || r->is_short)
        return;
    r->is_short = true;
    event_error("the room's buffer cannot grow: out of memory; it holds fewer lines");
}

/* Puts r->line into the log as by's, or the room's. */
static int append(struct room *r, struct member *by, bool is_note, struct error *err)
{
    buf_reset(&r->wire);
    if (line_encoding_put(&r->encoding, buf_head(&r->line), buf_length(&r->line), &r->wire, err) <
        0)
        return -1;
    if (pace_append(&r->pace, buf_head(&r->wire), buf_length(&r->wire),
                    by != NULL ? &by->reader : NULL, is_note) < 0)
        return refuse(err);
    report_short_log(r);
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

/* Queues a line for one member only. */
static int __attribute__((format(printf, 4, 0)))
answer(struct room *r, struct member *to, struct error *err, const char *format, va_list args)
{
    int result;

    if (set_line(r, PREFIX, format, args) < 0)
        return refuse(err);
    result = line_encoding_put(&r->encoding, buf_head(&r->line), buf_length(&r->line), &to->answers,
                               err);
    if (to->reader.stream != NULL)
        stream_wake(to->reader.stream, EPOLLIN);
    return result;
}

int announce_one(struct room *r, struct member *to, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = answer(r, to, NULL, format, args);
    va_end(args);
    return result;
}

int announce_private(struct room *r, struct member *to, struct error *err, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = answer(r, to, err, format, args);
    va_end(args);
    return result;
}
