/* Owns the line that shows a transfer. Counts nothing itself. */
#include "commands/progress.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "net/socket.h"

enum {
    REDRAW_MS = 100,
    LINE_MS = 1000,
    BAR_WIDTH = 20,
    TEXT_SIZE = 160,
};

/* "123 B", "1.5 MiB" */
static void format_bytes(double bytes, char *text, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    while (bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, size, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

static double rate_of(uint64_t bytes, int64_t ms)
{
    return (double)bytes * 1000 / (double)(ms > 0 ? ms : 1);
}

static uint64_t moved_bytes(const struct progress *p)
{
    const struct stream_counts *counts = stream_counts(p->stream);

    return p->sending ? counts->out_bytes : counts->in_bytes;
}

/* "  45% [#########           ] 0:12 left", or nothing when the size is not known. */
static void format_share(const struct progress *p, double rate, char *text, size_t size)
{
    uint64_t moved = moved_bytes(p), total = p->total_bytes;
    uint64_t left = moved < total ? total - moved : 0;
    double share = moved < total ? (double)moved / (double)total : 1;
    char bar[BAR_WIDTH + 1];
    unsigned long seconds = rate >= 1 ? (unsigned long)((double)left / rate + 0.5) : 0;

    text[0] = '\0';
    if (total == 0)
        return;
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)(share * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    if (left > 0 && rate < 1)
        snprintf(text, size, "  %3.0f%% [%s] stalled", share * 100, bar);
    else
        snprintf(text, size, "  %3.0f%% [%s] %lu:%02lu left", share * 100, bar, seconds / 60,
                 seconds % 60);
}

/* Skips what standard error does not take now. */
static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void print(const char *format, ...)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    va_list args;

    if (poll(&ready, 1, 0) <= 0)
        return;
    va_start(args, format);
    vdprintf(STDERR_FILENO, format, args);
    va_end(args);
}

static void show(struct progress *p)
{
    char text[TEXT_SIZE], moved[32], now[32], average[32], share[80];
    int64_t now_ms = loop_now_ms(p->loop);
    uint64_t bytes = moved_bytes(p);
    double mean = rate_of(bytes, now_ms - p->began_ms);

    format_bytes((double)bytes, moved, sizeof(moved));
    format_bytes(rate_of(bytes - p->shown_bytes, now_ms - p->shown_ms), now, sizeof(now));
    format_bytes(mean, average, sizeof(average));
    format_share(p, mean, share, sizeof(share));
    snprintf(text, sizeof(text), "%s  now %s/s  average %s/s%s", moved, now, average, share);
    p->shown_bytes = bytes;
    p->shown_ms = now_ms;
    print(p->terminal ? "\r\033[K%s" : "tcptool: %s\n", text);
}

static void on_due(struct timer *t)
{
    struct progress *p = container_of(t, struct progress, next);

    show(p);
    loop_set_timer(p->loop, t, p->terminal ? REDRAW_MS : LINE_MS);
}

void progress_start(struct progress *p, struct stream *s, bool sending, uint64_t total_bytes)
{
    struct loop *l = stream_loop(s);

    *p = (struct progress){
        .loop = l,
        .next = {.on_due = on_due},
        .stream = s,
        .sending = sending,
        .total_bytes = total_bytes,
        .began_ms = loop_now_ms(l),
        .shown_ms = loop_now_ms(l),
        .terminal = isatty(STDERR_FILENO),
        .running = true,
    };
    loop_set_timer(l, &p->next, p->terminal ? REDRAW_MS : LINE_MS);
}

void progress_stop(struct progress *p)
{
    if (!p->running)
        return;
    p->running = false;
    loop_cancel_timer(p->loop, &p->next);
    p->shown_bytes = 0; /* the last rate is that of the whole */
    p->shown_ms = p->began_ms;
    show(p);
    if (p->terminal)
        print("\n");
}

void progress_report_totals(struct stream *near, int64_t duration_ms)
{
    const struct stream_counts *counts;
    struct socket_measures m;
    char rate[32];

    if (event_level() < EVENT_VERBOSE)
        return;
    counts = stream_counts(near);
    format_bytes(rate_of(counts->in_bytes + counts->out_bytes, duration_ms), rate, sizeof(rate));
    if (socket_measure(stream_descriptor(near), &m) < 0)
        event_detail("%s took %.3f s, %s/s", stream_name(near), (double)duration_ms / 1000, rate);
    else
        event_detail(m.retransmitted == 1
                         ? "%s took %.3f s, %s/s; round trip %.3f ms, %u segment retransmitted"
                         : "%s took %.3f s, %s/s; round trip %.3f ms, %u segments retransmitted",
                     stream_name(near), (double)duration_ms / 1000, rate, m.round_trip_us / 1000.0,
                     m.retransmitted);
}
