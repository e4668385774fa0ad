/* Owns the time between tries, and the causes of the last ones. */
#include "commands/wait_until.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/* The time between two tries grows, so that a server that is about to start is found at once
 * and one that is far from it costs little. */
enum { FIRST_DELAY_MS = 10, MAX_DELAY_MS = 250 };

struct waiting;

struct target {
    struct waiting *waiting;
    const struct wait_address *address;
    char *name;
    struct wait_try *try;
    struct timer next;
    int64_t delay_ms;
    struct error cause; /* of the last try, where it was not what is waited for */
    bool reached;
};

struct waiting {
    struct wait_tries *tries;
    const struct wait_goal *goal;
    struct target *targets;
    size_t count;
    size_t reached;
    struct timer deadline;
};

static struct run *run_of(const struct waiting *w)
{
    return w->tries->run;
}

static void reach(struct target *t)
{
    struct waiting *w = t->waiting;

    t->reached = true;
    w->reached++;
    event_detail(w->goal->gone ? "%s: gone" : "%s: ready", t->name);
    if (w->goal->any || w->reached == w->count)
        loop_stop(run_of(w)->loop);
}

/* The cause is moved. */
static void try_again(struct target *t, struct error *cause)
{
    if (t->cause.text == NULL || strcmp(t->cause.text, cause->text) != 0)
        event_detail("%s: %s; trying again", t->name, cause->text);
    error_move(&t->cause, cause);
    loop_set_timer(run_of(t->waiting)->loop, &t->next, t->delay_ms);
    t->delay_ms += t->delay_ms / 2;
    if (t->delay_ms > MAX_DELAY_MS)
        t->delay_ms = MAX_DELAY_MS;
}

static void on_try_end(void *arg, struct error *why)
{
    struct target *t = arg;
    bool connected = !error_is_set(why);

    t->try = NULL;
    /* That this side cannot connect does not mean that the other is gone. */
    if (t->waiting->goal->gone ? !connected && !socket_is_own_failure(why->number) : connected) {
        reach(t);
        return;
    }
    if (connected)
        error_set(why, EXITCODE_FAILED, "still accepts connections");
    try_again(t, why);
}

static void on_next(struct timer *timer)
{
    struct target *t = container_of(timer, struct target, next);
    struct error why = {0};

    t->try = wait_try_start(t->waiting->tries, &t->address->plan, &t->address->words.target,
                            on_try_end, t, &why);
    if (t->try != NULL)
        return;
    if (why.status == EXITCODE_USAGE)
        run_fail(run_of(t->waiting), &why);
    else
        try_again(t, &why);
}

static const char *cause_of(const struct target *t)
{
    if (t->try != NULL && wait_try_is_connected(t->try))
        return "the reply lacks the text";
    return t->cause.text != NULL ? t->cause.text : "no reply";
}

static void on_deadline(struct timer *timer)
{
    struct waiting *w = container_of(timer, struct waiting, deadline);
    char limit[32];

    num_format_duration(w->goal->deadline_ms, limit, sizeof(limit));
    for (size_t i = 0; i < w->count; i++) {
        const struct target *t = &w->targets[i];
        struct error why = {0};

        if (t->reached)
            continue;
        error_set(&why, EXITCODE_TIMEOUT, "%s: timed out after %s (--deadline): %s", t->name, limit,
                  cause_of(t));
        run_report(run_of(w), &why);
    }
    loop_stop(run_of(w)->loop);
}

static int add_target(struct waiting *w, const struct wait_address *a)
{
    struct target *t = &w->targets[w->count++];

    t->waiting = w;
    t->address = a;
    t->next.on_due = on_next;
    t->delay_ms = FIRST_DELAY_MS;
    loop_set_timer(run_of(w)->loop, &t->next, 0);
    t->name = wait_address_name(a, a->words.target.port);
    return t->name != NULL ? 0 : -1;
}

static void clear(struct waiting *w)
{
    struct loop *l = run_of(w)->loop;

    for (size_t i = 0; i < w->count; i++) {
        wait_try_cancel(w->targets[i].try);
        loop_cancel_timer(l, &w->targets[i].next);
        error_clear(&w->targets[i].cause);
        free(w->targets[i].name);
    }
    loop_cancel_timer(l, &w->deadline);
    free(w->targets);
}

void wait_until(struct wait_tries *tries, const struct wait_addresses *addresses,
                const struct wait_goal *goal)
{
    struct waiting w = {.tries = tries, .goal = goal, .deadline.on_due = on_deadline};
    struct error why = {0};
    int result;

    w.targets = calloc(addresses->count, sizeof(*w.targets));
    result = w.targets != NULL ? 0 : -1;
    for (size_t i = 0; i < addresses->count && result == 0; i++)
        result = add_target(&w, &addresses->items[i]);
    if (result < 0) {
        error_errno(&why, ENOMEM, "cannot wait");
        run_fail(tries->run, &why);
    } else if (goal->deadline_ms > 0) {
        loop_set_timer(tries->run->loop, &w.deadline, goal->deadline_ms);
    }
    run_loop(tries->run);
    clear(&w);
}
