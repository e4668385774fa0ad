/* Owns the socket of the service manager. Decides nothing about the server. */
#include "commands/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/event.h"
#include "base/num.h"

enum {
    RELOADING = 1,
    READY = 2,
    STOPPING = 4,
    STATUS = 8,
    WATCHDOG = 16,
};

enum { PAUSE_MS = 1000, LINE_SIZE = 80 };

int64_t notify_beat_ms(const char *usec, const char *pid, pid_t own)
{
    uint64_t limit_us, number;

    if (usec == NULL || num_parse(usec, 1, INT64_MAX, &limit_us) < 0 ||
        (pid != NULL && (num_parse(pid, 1, INT32_MAX, &number) < 0 || number != (uint64_t)own)))
        return 0;
    return limit_us < 4000 ? 1 : (int64_t)(limit_us / 2000);
}

static void format_reloading(char *line)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(line, LINE_SIZE, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static void format_status(const struct server_limit *l, char *line)
{
    unsigned long long clients = atomic_load(&l->clients), refused = atomic_load(&l->refused);

    snprintf(line, LINE_SIZE,
             clients == 1 ? "STATUS=%llu client, %llu refused\n"
                          : "STATUS=%llu clients, %llu refused\n",
             clients, refused);
}

/* Lines that the manager does not take now are tried again with the next. */
static void send_lines(struct notify *n, unsigned lines)
{
    char reloading[LINE_SIZE] = "", status[LINE_SIZE] = "", text[4 * LINE_SIZE];
    int length;

    n->due |= lines;
    if (n->due & STATUS)
        atomic_store(&n->changed, false);
    if (n->due & RELOADING)
        format_reloading(reloading);
    if (n->due & STATUS)
        format_status(n->limit, status);
    length = snprintf(text, sizeof(text), "%s%s%s%s%s", reloading,
                      n->due & READY ? "READY=1\n" : "", n->due & STOPPING ? "STOPPING=1\n" : "",
                      status, n->due & WATCHDOG ? "WATCHDOG=1\n" : "");
    if (send(n->fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
        (errno != EAGAIN && errno != ENOBUFS))
        n->due = 0;
    if (n->due != 0 || (lines & STATUS))
        loop_set_timer(n->loop, &n->pause, PAUSE_MS);
}

static void send_status(struct notify *n)
{
    if (n->is_ready && !loop_timer_is_set(&n->pause) && atomic_load(&n->changed))
        send_lines(n, STATUS);
}

static void on_pause_end(struct timer *t)
{
    struct notify *n = container_of(t, struct notify, pause);

    if (n->due != 0)
        send_lines(n, 0);
    else
        send_status(n);
}

static void on_changed(struct waker *w)
{
    send_status(container_of(w, struct notify, waker));
}

/* Called in any thread. One wake-up is enough until the status is sent. */
static void on_count(void *arg)
{
    struct notify *n = arg;

    if (!atomic_exchange(&n->changed, true))
        loop_wake(&n->waker);
}

static void on_beat(struct timer *t)
{
    struct notify *n = container_of(t, struct notify, beat);

    loop_set_timer(n->loop, t, n->beat_ms);
    send_lines(n, WATCHDOG);
}

/* Returns a connected socket, or -1 with err filled. It still reaches the manager when the
 * root directory is another one. */
static int connect_to(const char *place, struct error *err)
{
    char word[sizeof("unix:") + sizeof(struct sockaddr_un)];
    struct addr a;
    int fd;

    if (place[0] != '/' && place[0] != '@') {
        error_set(err, EXITCODE_FAILED, "expected a path or @NAME");
        return -1;
    }
    snprintf(word, sizeof(word), "unix:%s", place);
    if (addr_parse(word, &a, err) != ADDR_WHOLE)
        return -1;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, &a.sa, a.length) == 0)
        return fd;
    error_cause(err, errno);
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_all(struct notify *n, const char *place, struct loop *l, struct error *err)
{
    n->fd = connect_to(place, err);
    if (n->fd < 0)
        return -1;
    if (loop_open_waker(l, &n->waker, on_changed, err) == 0)
        return 0;
    close(n->fd);
    return -1;
}

void notify_open(struct notify *n, struct loop *l, struct server_limit *limit)
{
    const char *place = getenv("NOTIFY_SOCKET");
    struct error why = {0};

    *n = (struct notify){.pause.on_due = on_pause_end, .beat.on_due = on_beat};
    if (place == NULL || place[0] == '\0')
        return;
    if (open_all(n, place, l, &why) < 0) {
        event_notice("cannot notify NOTIFY_SOCKET=%s: %s", place, why.text);
        error_clear(&why);
        return;
    }
    n->loop = l;
    n->limit = limit;
    n->beat_ms = notify_beat_ms(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
    limit->on_count = on_count;
    limit->count_arg = n;
}

void notify_ready(struct notify *n)
{
    if (n->loop == NULL)
        return;
    if (n->beat_ms > 0 && !n->is_ready)
        loop_set_timer(n->loop, &n->beat, n->beat_ms);
    n->is_ready = true;
    send_lines(n, READY | STATUS);
}

void notify_reloading(struct notify *n)
{
    if (n->is_ready)
        send_lines(n, RELOADING);
}

void notify_stopping(struct notify *n)
{
    if (!n->is_ready || n->is_stopping)
        return;
    n->is_stopping = true;
    send_lines(n, STOPPING | STATUS);
}

void notify_close(struct notify *n)
{
    if (n->loop == NULL)
        return;
    n->limit->on_count = NULL;
    loop_cancel_timer(n->loop, &n->pause);
    loop_cancel_timer(n->loop, &n->beat);
    loop_close_waker(n->loop, &n->waker);
    close(n->fd);
    n->loop = NULL;
}
