/* Owns the exit status of a run. Knows no command. */
#include "core/run.h"

#include <signal.h>

#include "base/num.h"

enum { PATIENCE_MS = 1000 };

static void on_deadline(struct timer *t)
{
    struct run *r = container_of(t, struct run, deadline);
    struct error why = {0};
    char limit[32];

    num_format_duration(r->deadline_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "timed out after %s (--deadline)", limit);
    run_fail(r, &why);
}

int run_init_worker(struct run *r, struct error *err)
{
    *r = (struct run){.deadline = {.on_due = on_deadline}};
    r->loop = loop_new(err);
    workspace_init(&r->work, r->loop);
    return r->loop != NULL ? 0 : -1;
}

int run_init(struct run *r, int64_t deadline_ms, struct error *err)
{
    if (run_init_worker(r, err) < 0)
        return -1;
    r->is_first = true;
    r->deadline_ms = deadline_ms;
    if (deadline_ms > 0)
        loop_set_timer(r->loop, &r->deadline, deadline_ms);
    event_writer_start(&r->events, r->loop);
    return 0;
}

int run_log(struct run *r, const char *path, struct error *err)
{
    if (path == NULL)
        return 0;
    r->log = event_log_open(path, r->loop, err);
    return r->log != NULL ? 0 : -1;
}

int run_dump(struct run *r, const char *path, struct error *err)
{
    r->dump = hexdump_open(path, r->loop, err);
    return r->dump != NULL ? 0 : -1;
}

void run_mark(struct run *r, enum exitcode status)
{
    if (r->status == EXITCODE_OK)
        r->status = status;
}

void run_fail(struct run *r, struct error *why)
{
    if (error_is_set(&r->fatal)) {
        error_clear(why);
    } else {
        if (why->status != EXITCODE_PIPE)
            run_mark(r, why->status);
        error_move(&r->fatal, why);
    }
    if (r->loop != NULL)
        loop_stop(r->loop);
}

void run_report(struct run *r, struct error *why)
{
    event_report(&(struct event){.kind = EVENT_FAILED, .why = why});
    run_mark(r, why->status);
    error_clear(why);
}

bool run_is_over(const struct run *r)
{
    return error_is_set(&r->fatal) || r->signal != 0;
}

void run_loop(struct run *r)
{
    struct error why = {0};

    if (!run_is_over(r) && loop_run(r->loop, &why) < 0)
        run_fail(r, &why);
}

static void on_patience_end(struct timer *t)
{
    t->on_due = NULL;
}

/* A dump is written to its end, as output is. But a run that is out of time, or that a signal
 * ends, waits no longer than PATIENCE_MS for an output that takes nothing. */
static void write_dump(struct run *r)
{
    bool hurries = r->stopped || r->signal != 0 || r->status == EXITCODE_TIMEOUT;
    struct timer patience = {.on_due = on_patience_end};
    struct error why = {0};
    size_t left, before = 0;
    int signal = r->signal;

    while ((left = hexdump_unwritten(r->dump)) > 0 && patience.on_due != NULL &&
           r->signal == signal) {
        if (hurries && left != before)
            loop_set_timer(r->loop, &patience, PATIENCE_MS);
        before = left;
        if (loop_round(r->loop, true, &why) < 0)
            break;
    }
    error_clear(&why);
    loop_cancel_timer(r->loop, &patience);
}

void run_clear(struct run *r)
{
    struct error why = {0};

    if (event_log_close(r->log, &why) < 0)
        run_report(r, &why);
    r->log = NULL;
    write_dump(r);
    if (hexdump_close(r->dump) < 0)
        run_mark(r, EXITCODE_FAILED);
    r->dump = NULL;
    if (r->is_first)
        event_writer_stop(&r->events);
    r->is_first = false;
    workspace_clear(&r->work);
    loop_free(r->loop);
    r->loop = NULL;
}

static void die_of(int number, const struct local_startup *startup)
{
    local_restore_signals(startup);
    if (number != SIGPIPE)
        signal(number, SIG_DFL);
    raise(number);
}

static void report_fatal(struct run *r)
{
    if (!r->fatal_is_logged) {
        run_report(r, &r->fatal);
        return;
    }
    event_error("%s", r->fatal.text);
    run_mark(r, r->fatal.status);
}

int run_end(struct run *r, const struct local_startup *startup)
{
    bool closed_output = r->fatal.status == EXITCODE_PIPE;

    if (closed_output && startup->on_pipe.sa_handler == SIG_IGN) {
        r->fatal.status = EXITCODE_FAILED;
        closed_output = false;
    }
    if (error_is_set(&r->fatal) && !closed_output)
        report_fatal(r);
    run_clear(r);
    if (closed_output)
        r->signal = SIGPIPE; /* as a filter whose reader is gone */
    error_clear(&r->fatal);
    if (r->signal == 0)
        return (int)r->status;
    die_of(r->signal, startup);
    return 128 + r->signal; /* it is blocked */
}
