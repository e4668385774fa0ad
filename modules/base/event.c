/* Owns the form of messages, the level, and the lines that standard error has not taken. The
 * log has a form of its own; core/event_log.c. */
#include "base/event.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/line_queue.h"

enum { PATIENCE_MS = 1000 };

static enum event_level current_level = EVENT_NORMAL;
static bool clients_are_shown;
static bool all_have_times;
static bool clients_have_times;

static struct {
    void (*log)(void *arg, const struct event *e);
    void *arg;
} logger;

static struct {
    pthread_mutex_t lock;
    const struct event_sink *sink;
    void (*before)(void);
    void (*after)(void);
    struct line_queue waiting;
    bool failed;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

void event_set_level(enum event_level level)
{
    current_level = level;
}

enum event_level event_level(void)
{
    return current_level;
}

void event_show_clients(bool shown)
{
    clients_are_shown = shown;
}

void event_show_times(bool of_all, bool of_clients)
{
    all_have_times = of_all;
    clients_have_times = of_clients;
}

static ssize_t write_waiting(const char *bytes, size_t n)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&ready, 1, PATIENCE_MS) <= 0)
        return 0;
    return write(STDERR_FILENO, bytes, n < PIPE_BUF ? n : PIPE_BUF);
}

static ssize_t write_lines(void *arg, const char *lines, size_t n)
{
    ssize_t put;

    (void)arg;
    if (queue.before != NULL)
        queue.before();
    put =
        queue.sink != NULL ? queue.sink->write(queue.sink->arg, lines, n) : write_waiting(lines, n);
    if (queue.after != NULL)
        queue.after();
    return put;
}

static void drop_lines(void)
{
    queue.waiting.length = queue.waiting.begun = 0;
}

void event_format_time(char text[EVENT_TIME_SIZE])
{
    struct timespec now;
    struct tm local;
    char day[32] = "", zone[8] = "";

    clock_gettime(CLOCK_REALTIME, &now);
    if (localtime_r(&now.tv_sec, &local) != NULL) {
        strftime(day, sizeof(day), "%FT%T", &local);
        strftime(zone, sizeof(zone), "%z", &local);
    }
    snprintf(text, EVENT_TIME_SIZE, "%s.%03ld%s", day, now.tv_nsec / 1000000, zone);
}

/* "2026-01-31T18:05:09.123+0100 tcptool: ", or without the time. Returns the length. */
static size_t begin_line(char *line, size_t size, bool of_client)
{
    char time[EVENT_TIME_SIZE];

    if (!all_have_times && !(of_client && clients_have_times))
        return (size_t)snprintf(line, size, "tcptool: ");
    event_format_time(time);
    return (size_t)snprintf(line, size, "%s tcptool: ", time);
}

/* Writes until nothing is left or nothing is taken. */
static void flush(void)
{
    char line[192];
    size_t length;

    for (;;) {
        if (line_queue_write(&queue.waiting, write_lines, NULL) < 0) {
            queue.failed = true;
            drop_lines();
        }
        if (queue.waiting.length > 0 || queue.waiting.lost == 0)
            return;
        length = begin_line(line, sizeof(line), false);
        snprintf(line + length, sizeof(line) - length,
                 queue.waiting.lost == 1 ? "%lu message lost: standard error was blocked\n"
                                         : "%lu messages lost: standard error was blocked\n",
                 queue.waiting.lost);
        queue.waiting.lost = 0;
        line_queue_add(&queue.waiting, line, strlen(line));
    }
}

void event_mask_controls(char *text, size_t n)
{
    for (; n > 0; text++, n--)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

void event_print_line(const char *line, size_t n)
{
    const struct event_sink *blocked = NULL;

    pthread_mutex_lock(&queue.lock);
    line_queue_add(&queue.waiting, line, n);
    flush();
    if (queue.waiting.length > 0 && queue.sink == NULL)
        drop_lines(); /* they have had their time */
    if (queue.waiting.length > 0)
        blocked = queue.sink;
    pthread_mutex_unlock(&queue.lock);
    if (blocked != NULL)
        blocked->on_blocked(blocked->arg);
}

void event_print_text(const char *text, size_t n)
{
    pthread_mutex_lock(&queue.lock);
    write_lines(NULL, text, n);
    pthread_mutex_unlock(&queue.lock);
}

static void print(bool of_client, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void print(bool of_client, const char *format, va_list args)
{
    char line[LINE_QUEUE_LINE_SIZE];
    size_t length = begin_line(line, sizeof(line), of_client);

    vsnprintf(line + length, sizeof(line) - length - 1, format, args);
    length = strlen(line);
    event_mask_controls(line, length);
    line[length++] = '\n';
    event_print_line(line, length);
}

static void print_line(bool of_client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print_line(bool of_client, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(of_client, format, args);
    va_end(args);
}

static bool is_printed(enum event_kind kind)
{
    switch (kind) {
    case EVENT_LISTENING:
        return current_level >= EVENT_NORMAL;
    case EVENT_CONNECTED:
    case EVENT_CLOSED:
    case EVENT_DROPPED:
        return clients_are_shown && current_level >= EVENT_NORMAL;
    case EVENT_REFUSED:
        return current_level >= EVENT_VERBOSE;
    default:
        return true;
    }
}

bool event_is_shown(enum event_kind kind)
{
    return logger.log != NULL || is_printed(kind);
}

void event_set_logger(void (*log)(void *arg, const struct event *e), void *arg)
{
    logger.log = log;
    logger.arg = arg;
}

void event_log(const struct event *e)
{
    if (logger.log != NULL)
        logger.log(logger.arg, e);
}

void event_report(const struct event *e)
{
    event_log(e);
    if (e->why != NULL && e->why->status != EXITCODE_OK && e->kind != EVENT_REFUSED)
        print_line(false, "%s", e->why->text);
    if (!is_printed(e->kind))
        return;
    switch (e->kind) {
    case EVENT_LISTENING:
        print_line(false, "listening on %s", e->local);
        break;
    case EVENT_CONNECTED:
        print_line(true, "%s connected", e->peer);
        break;
    case EVENT_CLOSED:
    case EVENT_DROPPED:
        print_line(true, "%s closed: %llu bytes in, %llu bytes out", e->peer,
                   (unsigned long long)e->in_bytes, (unsigned long long)e->out_bytes);
        break;
    case EVENT_REFUSED:
        print_line(true, "%s refused: %s", e->peer, e->why->text);
        break;
    case EVENT_FAILED:
        break;
    }
}

void event_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(false, format, args);
    va_end(args);
}

void event_notice(const char *format, ...)
{
    va_list args;

    if (current_level < EVENT_NORMAL)
        return;
    va_start(args, format);
    print(false, format, args);
    va_end(args);
}

void event_detail(const char *format, ...)
{
    va_list args;

    if (current_level < EVENT_VERBOSE)
        return;
    va_start(args, format);
    print(false, format, args);
    va_end(args);
}

const struct event_sink *event_attach(const struct event_sink *sink)
{
    const struct event_sink *before = queue.sink;

    queue.sink = sink;
    return before;
}

bool event_flush(void)
{
    bool empty;

    pthread_mutex_lock(&queue.lock);
    flush();
    empty = queue.waiting.length == 0;
    pthread_mutex_unlock(&queue.lock);
    return empty;
}

bool event_has_failed(void)
{
    return queue.failed;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void event_detach(void)
{
    int64_t end_ms = now_ms() + PATIENCE_MS, left_ms;

    while (!event_flush() && (left_ms = end_ms - now_ms()) > 0) {
        struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

        if (poll(&ready, 1, (int)left_ms) <= 0)
            break;
    }
    queue.sink = NULL;
    drop_lines();
}

void event_surround(void (*before)(void), void (*after)(void))
{
    queue.before = before;
    queue.after = after;
}
