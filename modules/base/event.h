/*
 * Events: what tcptool reports. An event is a record that is printed as one line of text
 * on standard error, and that a log may keep in another form (core/event_log.h). Text that
 * came from elsewhere is made safe for a terminal.
 *
 * Reporting never blocks, and is allowed in any thread: a line that standard error does not
 * take waits in a bounded queue. Lines that do not fit are counted, and the count is
 * reported when the queue has room. Nothing here fails: there is no other place to report to.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum event_level {
    EVENT_QUIET,   /* -q: errors only */
    EVENT_NORMAL,  /* and notices */
    EVENT_VERBOSE, /* -v: and details */
};

enum event_kind {
    EVENT_LISTENING, /* on local */
    EVENT_CONNECTED, /* peer; printed when clients are shown */
    EVENT_CLOSED,  /* peer, with the counts, and why if it failed; printed when clients are shown */
    EVENT_DROPPED, /* the same; tcptool has ended the connection */
    EVENT_REFUSED, /* peer, by a rule or a limit: not a failure; a detail */
    EVENT_FAILED,  /* why, a whole sentence, and peer if it is known */
};

/* Fields that a kind does not name are ignored. No pointer is kept. A failure is always
 * printed; why with status 0 is a reason, but no failure, and is not. */
struct event {
    enum event_kind kind;
    const char *peer;
    const char *local;
    uint64_t in_bytes;
    uint64_t out_bytes;
    int64_t duration_ms;
    const struct error *why; /* may be NULL or empty */
};

/* The level, EVENT_NORMAL at the start, and whether clients that come and go are shown,
 * false at the start. */
void event_set_level(enum event_level level);
enum event_level event_level(void);
void event_show_clients(bool shown);

/* Sets which messages begin with the local time: all, or those of clients that come and go.
 * Neither at the start. */
void event_show_times(bool of_all, bool of_clients);

/* Logs and prints an event; event_log() only logs it. */
void event_report(const struct event *e);
void event_log(const struct event *e);

/* Returns true when an event of the kind would be logged or printed, so that its names are
 * needed. */
bool event_is_shown(enum event_kind kind);

/* Messages that concern no connection: errors are always printed, notices unless quiet,
 * details only when verbose. */
void event_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void event_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void event_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Replaces control characters, which would act on a terminal or begin a second line. */
void event_mask_controls(char *text, size_t n);

/* Prints a line with its newline as it is, whatever the level. */
void event_print_line(const char *line, size_t n);

/* Gives lines to a sink that takes all of them. */
void event_print_text(const char *text, size_t n);

/* Formats the present local time: "2026-01-31T18:05:09.123+0100". */
enum { EVENT_TIME_SIZE = 48 };
void event_format_time(char text[EVENT_TIME_SIZE]);

/* From now on log is called with every event, in the thread that reports; NULL: no longer. */
void event_set_logger(void (*log)(void *arg, const struct event *e), void *arg);

/* Where lines go once a loop runs. */
struct event_sink {
    /* Writes without blocking. Returns the number of bytes taken, 0 for none now, or -1
     * when no byte will ever be taken. */
    ssize_t (*write)(void *arg, const char *bytes, size_t n);
    /* Lines have begun to wait: call event_flush() when write takes bytes again. Called in
     * the thread that reports. */
    void (*on_blocked)(void *arg);
    void *arg;
};

/* Before event_attach() and after event_detach(), each line is written at once, and
 * standard error is waited for at most 1 s. sink has to stay. event_detach() gives the
 * lines that wait 1 s as well. event_attach() returns the sink before, or NULL. */
const struct event_sink *event_attach(const struct event_sink *sink);
void event_detach(void);

/* Writes lines that wait. Returns true when none is left. */
bool event_flush(void);

/* Returns true when standard error has failed, and lines were dropped for it. */
bool event_has_failed(void);

/* From now on before() and after() are called around every write, in the thread that
 * reports; NULL: no longer. For a terminal on which a line is being typed. */
void event_surround(void (*before)(void), void (*after)(void));

#endif
