/* Owns the form of the log, its file, and the lines that the file has not taken. */
#include "core/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/event.h"
#include "base/kept_path.h"
#include "base/line_queue.h"
#include "text/json.h"

enum { PATIENCE_MS = 1000, PEER_SIZE = 1024, REASON_SIZE = 2048 };

struct event_log {
    const char *path;
    struct loop *loop;
    pthread_mutex_t lock; /* of what follows, but for the watches */
    int fd;               /* -1: standard error, which is written by event.c */
    int failure;          /* errno of the last write, which is reported once; 0: it worked */
    struct line_queue waiting;
    struct watch watch;
    struct waker waker; /* lines wait for the file; any thread */
};

static const char *const names[] = {
    [EVENT_LISTENING] = "listening", [EVENT_CONNECTED] = "connected", [EVENT_CLOSED] = "closed",
    [EVENT_DROPPED] = "dropped",     [EVENT_REFUSED] = "refused",     [EVENT_FAILED] = "failed",
};

/* RFC 3339, in UTC. */
static void format_time(char text[32])
{
    struct timespec now;
    struct tm utc = {0};
    size_t length;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    length = strftime(text, 32, "%FT%T", &utc);
    snprintf(text + length, 32 - length, ".%03ldZ", now.tv_nsec / 1000000);
}

static const char *reason_of(const struct event *e)
{
    if (e->why != NULL && error_is_set(e->why))
        return e->why->text;
    return e->kind == EVENT_DROPPED ? "tcptool was stopped" : "";
}

static size_t format_event(const struct event *e, char line[LINE_QUEUE_LINE_SIZE])
{
    const char *peer = e->kind == EVENT_LISTENING ? e->local : e->peer != NULL ? e->peer : "";
    const char *reason = reason_of(e);
    bool fails = e->why != NULL && e->kind != EVENT_REFUSED;
    char time[32], quoted_peer[PEER_SIZE], quoted_reason[REASON_SIZE];
    size_t peer_length = json_put_string(quoted_peer, sizeof(quoted_peer), peer, strlen(peer));
    size_t reason_length =
        json_put_string(quoted_reason, sizeof(quoted_reason), reason, strlen(reason));

    format_time(time);
    return (size_t)snprintf(
        line, LINE_QUEUE_LINE_SIZE,
        "{\"event\":\"%s\",\"time\":\"%s\",\"peer\":%.*s,\"bytes_in\":%llu,\"bytes_out\":%llu,"
        "\"duration_ms\":%lld,\"reason\":%.*s,\"status\":%d}\n",
        names[e->kind], time, (int)peer_length, quoted_peer, (unsigned long long)e->in_bytes,
        (unsigned long long)e->out_bytes, (long long)e->duration_ms, (int)reason_length,
        quoted_reason, fails ? (int)e->why->status : EXITCODE_OK);
}

/* Writing to a regular file waits for no one; other files are opened without blocking. */
static ssize_t write_file(void *arg, const char *lines, size_t n)
{
    const struct event_log *log = arg;
    ssize_t put = TEMP_FAILURE_RETRY(write(log->fd, lines, n));

    return put < 0 && errno == EAGAIN ? 0 : put;
}

/* Writes what waits. Returns 0, or the errno of a failure that is to be reported. */
static int flush(struct event_log *log)
{
    int before = log->failure;

    log->failure = line_queue_write(&log->waiting, write_file, log) < 0 ? errno : 0;
    return before == 0 ? log->failure : 0;
}

static void report_failure(const struct event_log *log, int number)
{
    if (number != 0)
        event_error("error writing %s: %s", log->path, strerror(number));
}

static void log_event(void *arg, const struct event *e)
{
    struct event_log *log = arg;
    char line[LINE_QUEUE_LINE_SIZE];
    size_t n = format_event(e, line);
    bool waits;
    int failure;

    if (!event_log_is_file(log->path)) {
        event_print_line(line, n);
        return;
    }
    pthread_mutex_lock(&log->lock);
    line_queue_add(&log->waiting, line, n);
    failure = flush(log);
    waits = log->waiting.length > 0 && log->failure == 0;
    pthread_mutex_unlock(&log->lock);
    report_failure(log, failure);
    if (waits)
        loop_wake(&log->waker);
}

static void on_wake(struct waker *w)
{
    struct event_log *log = container_of(w, struct event_log, waker);

    loop_watch(log->loop, &log->watch, log->fd, EPOLLOUT);
}

static void on_event(struct watch *w, uint32_t events)
{
    struct event_log *log = container_of(w, struct event_log, watch);
    int failure;
    bool over;

    pthread_mutex_lock(&log->lock);
    failure = flush(log);
    over = log->waiting.length == 0 || log->failure != 0 || events == 0;
    pthread_mutex_unlock(&log->lock);
    report_failure(log, failure);
    if (over)
        loop_unwatch(log->loop, w);
}

static int open_file(const char *path, struct error *err)
{
    int fd = kept_path_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                            0666);

    if (fd < 0)
        error_errno(err, errno, "cannot open %s", path);
    return fd;
}

bool event_log_is_file(const char *path)
{
    return path != NULL && strcmp(path, "-") != 0;
}

struct event_log *event_log_open(const char *path, struct loop *l, struct error *err)
{
    struct event_log *log = calloc(1, sizeof(*log));

    if (log == NULL) {
        error_errno(err, ENOMEM, "cannot open %s", path);
        return NULL;
    }
    *log = (struct event_log){.path = path, .loop = l, .fd = -1, .waker.watch.fd = -1};
    pthread_mutex_init(&log->lock, NULL);
    loop_init_watch(&log->watch, on_event);
    if (event_log_is_file(path) && ((log->fd = open_file(path, err)) < 0 ||
                                    loop_open_waker(l, &log->waker, on_wake, err) < 0)) {
        if (log->fd >= 0)
            close(log->fd);
        free(log);
        return NULL;
    }
    event_set_logger(log_event, log);
    return log;
}

void event_log_reopen(struct event_log *log)
{
    struct error why = {0};
    int old, failure, fd;

    if (log == NULL || log->fd < 0)
        return;
    fd = open_file(log->path, &why);
    if (fd < 0) {
        event_error("%s", why.text);
        error_clear(&why);
        return;
    }
    loop_unwatch(log->loop, &log->watch);
    pthread_mutex_lock(&log->lock);
    old = log->fd;
    log->fd = fd;
    log->failure = 0;
    log->waiting.begun = 0;
    failure = flush(log);
    pthread_mutex_unlock(&log->lock);
    close(old);
    report_failure(log, failure);
}

/* Gives the reader of a pipe some time. */
static void flush_patiently(struct event_log *log)
{
    struct pollfd ready = {.fd = log->fd, .events = POLLOUT};

    while (flush(log) == 0 && log->failure == 0 && log->waiting.length > 0)
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            return;
}

/* Returns how many lines the file did not get. */
static unsigned long close_file(struct event_log *log)
{
    const struct line_queue *q = &log->waiting;
    const char *end = q->lines + q->length;
    unsigned long lost;

    flush_patiently(log);
    loop_unwatch(log->loop, &log->watch);
    loop_close_waker(log->loop, &log->waker);
    close(log->fd);
    lost = q->lost;
    for (const char *at = q->lines; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lost++;
    return lost;
}

int event_log_close(struct event_log *log, struct error *err)
{
    unsigned long lost;
    int result = 0;

    if (log == NULL)
        return 0;
    event_set_logger(NULL, NULL);
    if (log->fd < 0 && (event_flush(), event_has_failed())) {
        error_set(err, EXITCODE_FAILED, "error writing standard error: lines were lost");
        result = -1;
    } else if (log->fd >= 0 && (lost = close_file(log)) > 0) {
        error_set(err, EXITCODE_FAILED,
                  lost == 1 ? "error writing %s: %lu line was lost"
                            : "error writing %s: %lu lines were lost",
                  log->path, lost);
        result = -1;
    }
    pthread_mutex_destroy(&log->lock);
    free(log);
    return result;
}
