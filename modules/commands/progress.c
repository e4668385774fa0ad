/* Owns the line that shows a transfer. Counts nothing itself. */
#include "commands/progress.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/event.h"
#include "net/socket.h"

enum {
    REDRAW_MS = 100,
    LINE_MS = 1000,
    BAR_MIN = 7, /* with its brackets */
    BAR_MAX = 22,
    PART_SIZE = 48,
    DEFAULT_WIDTH = 80,
};

#define CLEAR_ROW "\r\033[K"

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

/* "45%" or nothing when the size is not known. */
static void format_share(const struct progress *p, uint64_t moved, char *text, size_t size)
{
    uint64_t total = p->total_bytes;

    text[0] = '\0';
    if (total > 0)
        snprintf(text, size, "%.0f%%", moved < total ? (double)moved * 100 / (double)total : 100.0);
}

/* "0:12 left" or nothing when the size is not known. */
static void format_left(const struct progress *p, uint64_t moved, double rate, char *text,
                        size_t size)
{
    uint64_t left = moved < p->total_bytes ? p->total_bytes - moved : 0;
    unsigned long seconds = rate >= 1 ? (unsigned long)((double)left / rate + 0.5) : 0;

    text[0] = '\0';
    if (left > 0 && rate < 1)
        snprintf(text, size, "stalled");
    else if (p->total_bytes > 0)
        snprintf(text, size, "%lu:%02lu left", seconds / 60, seconds % 60);
}

/* "[#####     ]" as wide as the room that is left, or nothing when that is too narrow. */
static void format_bar(const struct progress *p, uint64_t moved, size_t room, char *text)
{
    size_t width = room < BAR_MAX ? room : BAR_MAX, inside = width - 2;
    double share = moved < p->total_bytes ? (double)moved / (double)p->total_bytes : 1;

    text[0] = '\0';
    if (p->total_bytes == 0 || room < BAR_MIN)
        return;
    memset(text, ' ', width);
    memset(text + 1, '#', (size_t)(share * (double)inside));
    text[0] = '[';
    text[width - 1] = ']';
    text[width] = '\0';
}

/* Discards what standard error does not accept at once. */
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

static size_t width_of_terminal(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : DEFAULT_WIDTH;
}

/* The parts of the line, the most valuable first; the bar takes the room that is left. */
enum { MOVED, SHARE, LEFT, NOW, AVERAGE, BAR, PARTS };

/* Joins the parts that fit into width columns, in an order that reads well. */
static void join_parts(char parts[PARTS][PART_SIZE], size_t width, char *line)
{
    static const int order[PARTS] = {MOVED, SHARE, BAR, LEFT, NOW, AVERAGE};
    bool shown[PARTS] = {false};
    size_t used = 0;

    for (int i = 0; i < PARTS; i++) {
        size_t length = strlen(parts[i]) + (used > 0 ? 2 : 0);

        shown[i] = parts[i][0] != '\0' && used + length <= width;
        used += shown[i] ? length : 0;
    }
    line[0] = '\0';
    for (int i = 0; i < PARTS; i++)
        if (shown[order[i]])
            line += sprintf(line, "%s%s", i > 0 ? "  " : "", parts[order[i]]);
}

static size_t length_of_parts(char parts[PARTS][PART_SIZE])
{
    size_t length = 0;

    for (int i = 0; i < BAR; i++)
        length += strlen(parts[i]) + 2;
    return length;
}

static void show(struct progress *p)
{
    char parts[PARTS][PART_SIZE], line[PARTS * PART_SIZE], bytes[32];
    int64_t now_ms = loop_now_ms(p->loop);
    uint64_t moved = moved_bytes(p);
    double mean = rate_of(moved, now_ms - p->began_ms);
    /* A character in the last column would begin a new row in some terminals. */
    size_t width = p->terminal ? width_of_terminal() - 1 : sizeof(line), taken;

    format_bytes((double)moved, parts[MOVED], PART_SIZE);
    format_share(p, moved, parts[SHARE], PART_SIZE);
    format_left(p, moved, mean, parts[LEFT], PART_SIZE);
    format_bytes(rate_of(moved - p->shown_bytes, now_ms - p->shown_ms), bytes, sizeof(bytes));
    snprintf(parts[NOW], PART_SIZE, "now %s/s", bytes);
    format_bytes(mean, bytes, sizeof(bytes));
    snprintf(parts[AVERAGE], PART_SIZE, "average %s/s", bytes);
    taken = length_of_parts(parts);
    format_bar(p, moved, taken < width ? width - taken : 0, parts[BAR]);
    join_parts(parts, width, line);
    p->shown_bytes = moved;
    p->shown_ms = now_ms;
    print(p->terminal ? CLEAR_ROW "%s" : "tcptool: %s\n", line);
}

static void show_totals(const struct progress *p)
{
    int64_t duration_ms = loop_now_ms(p->loop) - p->began_ms;
    uint64_t moved = moved_bytes(p);
    char bytes[32], rate[32], total[32];

    format_bytes((double)moved, bytes, sizeof(bytes));
    format_bytes(rate_of(moved, duration_ms), rate, sizeof(rate));
    format_bytes((double)p->total_bytes, total, sizeof(total));
    if (p->terminal)
        print(CLEAR_ROW);
    if (moved < p->total_bytes)
        print("tcptool: %s of %s in %.1f s, average %s/s\n", bytes, total,
              (double)duration_ms / 1000, rate);
    else
        print("tcptool: %s in %.1f s, average %s/s\n", bytes, (double)duration_ms / 1000, rate);
}

/* A message takes the row; the line is drawn again below it. */
static void before_message(void)
{
    print(CLEAR_ROW);
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
    if (p->terminal)
        event_surround(before_message, NULL);
    loop_set_timer(l, &p->next, p->terminal ? REDRAW_MS : LINE_MS);
}

void progress_stop(struct progress *p)
{
    if (!p->running)
        return;
    p->running = false;
    loop_cancel_timer(p->loop, &p->next);
    if (p->terminal)
        event_surround(NULL, NULL);
    show_totals(p);
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
