/* Owns the outcome of a run. Knows no command. */
#include "commands/runtime.h"

#include <signal.h>

#include "base/log.h"
#include "base/num.h"

static void on_deadline(struct timer *t)
{
    struct runtime *r = container_of(t, struct runtime, deadline);
    struct error why = {0};
    char limit[32];

    num_format_duration(r->deadline_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "not done within %s (--deadline)", limit);
    runtime_fail(r, &why);
}

int runtime_init(struct runtime *r, int64_t deadline_ms, struct error *err)
{
    *r = (struct runtime){.deadline = {.on_due = on_deadline}, .deadline_ms = deadline_ms};
    r->loop = loop_new(err);
    if (r->loop == NULL)
        return -1;
    workspace_init(&r->work, r->loop);
    if (deadline_ms > 0)
        loop_set_timer(r->loop, &r->deadline, deadline_ms);
    return 0;
}

static void settle(struct runtime *r, enum exitcode status)
{
    if (r->status == EXITCODE_OK)
        r->status = status;
}

void runtime_fail(struct runtime *r, struct error *why)
{
    if (error_is_set(&r->fatal))
        error_clear(why);
    else
        error_move(&r->fatal, why);
    loop_stop(r->loop);
}

void runtime_report(struct runtime *r, struct error *why)
{
    log_error("%s", why->text);
    settle(r, why->status);
    error_clear(why);
}

void runtime_run(struct runtime *r)
{
    struct error why = {0};

    if (!error_is_set(&r->fatal) && loop_run(r->loop, &why) < 0)
        runtime_fail(r, &why);
}

static void die_of(int number)
{
    sigset_t one;

    signal(number, SIG_DFL);
    raise(number);
    sigemptyset(&one);
    sigaddset(&one, number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}

void runtime_clear(struct runtime *r)
{
    workspace_clear(&r->work);
    loop_free(r->loop);
    r->loop = NULL;
}

int runtime_end(struct runtime *r, const struct stdio *io)
{
    if (r->fatal.status == EXITCODE_PIPE) {
        stdio_die_of_pipe(io);
        r->fatal.status = EXITCODE_FAILED;
    }
    if (error_is_set(&r->fatal))
        runtime_report(r, &r->fatal);
    runtime_clear(r);
    if (r->signal != 0)
        die_of(r->signal);
    return (int)r->status;
}
