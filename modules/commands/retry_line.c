/* Owns the line while it is shown: messages are printed above it. */
#include "commands/retry_line.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/event.h"

enum { STEP_MS = 1000, WIDTH_DEFAULT = 80 };

static struct retry_line *shown; /* around which messages are printed */

/* Discards what the terminal does not accept at once. */
static void write_now(const char *text)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&ready, 1, 0) > 0 && write(STDERR_FILENO, text, strlen(text)) < 0)
        return; /* the next one may get there */
}

static size_t terminal_width(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : WIDTH_DEFAULT;
}

static void draw(void)
{
    static const char begin[] = "\r\033[K";
    struct retry_line *r = shown;
    int64_t left_ms = r->until_ms - loop_now_ms(r->loop);
    long long left_s = left_ms > 0 ? (left_ms + STEP_MS - 1) / STEP_MS : 0;
    char text[512];

    snprintf(text, sizeof(text), "%swaiting for %s port %u: %llds left (--retry)", begin,
             r->target->host, r->target->port, left_s);
    if (strlen(text) - strlen(begin) >= terminal_width())
        snprintf(text, sizeof(text), "%swaiting: %llds left", begin, left_s);
    write_now(text);
}

static void erase(void)
{
    write_now("\r\033[K");
}

static void on_step(struct timer *t)
{
    struct retry_line *r = container_of(t, struct retry_line, next);

    draw();
    loop_set_timer(r->loop, t, STEP_MS);
}

void retry_line_show(struct retry_line *r, struct loop *l, const struct connect_target *target,
                     int64_t left_ms)
{
    if (r->is_shown || event_level() == EVENT_QUIET || !isatty(STDERR_FILENO))
        return;
    *r = (struct retry_line){
        .loop = l,
        .next.on_due = on_step,
        .target = target,
        .until_ms = loop_now_ms(l) + left_ms,
        .is_shown = true,
    };
    shown = r;
    event_surround(erase, draw);
    on_step(&r->next);
}

void retry_line_clear(struct retry_line *r)
{
    if (!r->is_shown)
        return;
    r->is_shown = false;
    loop_cancel_timer(r->loop, &r->next);
    event_surround(NULL, NULL);
    erase();
}
