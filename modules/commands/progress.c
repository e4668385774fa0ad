/* Owns the line that shows a transfer. Counts nothing itself. */
#include "commands/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
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

/* "  45% [#########           ] 0:12 left", or nothing when the size is not known. */
static void format_share(const struct progress *p, double rate, char *text, size_t size)
{
    uint64_t moved = *p->moved_bytes, total = p->total_bytes;
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

static void show(struct progress *p)
{
    char text[TEXT_SIZE], moved[32], now[32], average[32], share[80];
    int64_t now_ms = loop_now_ms(p->loop);
    double mean = rate_of(*p->moved_bytes, now_ms - p->began_ms);

    format_bytes((double)*p->moved_bytes, moved, sizeof(moved));
    format_bytes(rate_of(*p->moved_bytes - p->shown_bytes, now_ms - p->shown_ms), now, sizeof(now));
    format_bytes(mean, average, sizeof(average));
    format_share(p, mean, share, sizeof(share));
    snprintf(text, sizeof(text), "%s  now %s/s  average %s/s%s", moved, now, average, share);
    p->shown_bytes = *p->moved_bytes;
    p->shown_ms = now_ms;
    if (p->terminal)
        dprintf(STDERR_FILENO, "\r\033[K%s", text);
    else
        dprintf(STDERR_FILENO, "tcptool: %s\n", text);
}

static void on_due(struct timer *t)
{
    struct progress *p = container_of(t, struct progress, next);

    show(p);
    loop_set_timer(p->loop, t, p->terminal ? REDRAW_MS : LINE_MS);
}

void progress_start(struct progress *p, struct loop *l, const uint64_t *moved_bytes,
                    uint64_t total_bytes)
{
    *p = (struct progress){
        .loop = l,
        .next = {.on_due = on_due},
        .moved_bytes = moved_bytes,
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
        dprintf(STDERR_FILENO, "\n");
}

void progress_tell_totals(struct conversation *c)
{
    struct socket_measures m;
    int64_t ms = loop_now_ms(c->work->loop) - c->began_ms;
    char text[ADDR_TEXT_SIZE], rate[32];

    if (log_level() < LOG_VERBOSE || socket_measure(c->net.transport.fd, &m) < 0)
        return;
    format_bytes(rate_of(c->net.in_bytes + c->net.out_bytes, ms), rate, sizeof(rate));
    log_verbose("%s took %.3f s, %s/s; round trip %.3f ms, %u segments sent again",
                transport_name(&c->net.transport, text), (double)ms / 1000, rate,
                m.round_trip_us / 1000.0, m.retransmitted);
}
