/* Owns the counting of clients over all loops. */
#include "net/server_limit.h"

#include <stddef.h>

static void wake_paused(struct server_limit *l)
{
    if (l->wake != NULL && atomic_load(&l->paused) > 0)
        l->wake(l->arg);
}

static void report_count(const struct server_limit *l)
{
    if (l->on_count != NULL)
        l->on_count(l->count_arg);
}

/* Two workers may pass the limit at once; the loser releases its slot. */
bool server_limit_take(struct server_limit *l)
{
    if (atomic_fetch_add(&l->clients, 1) < l->max || l->max == 0)
        return true;
    server_limit_release(l);
    return false;
}

void server_limit_release(struct server_limit *l)
{
    atomic_fetch_sub(&l->clients, 1);
    wake_paused(l);
    report_count(l);
}

void server_limit_accepted(struct server_limit *l)
{
    atomic_fetch_add(&l->accepted, 1);
    wake_paused(l);
    report_count(l);
}

void server_limit_refuse(struct server_limit *l)
{
    atomic_fetch_add(&l->refused, 1);
    report_count(l);
}

bool server_limit_allows(const struct server_limit *l, uint64_t served)
{
    uint64_t all = atomic_load(&l->clients);

    /* An eighth more than its share: turns have their cost, too. */
    return (l->max == 0 || all < l->max) && (l->loops == 1 || served * l->loops <= all + all / 8);
}

bool server_limit_is_share(const struct server_limit *l, uint64_t count)
{
    return l->max > 0 && count > 0 && count * l->loops >= l->max;
}

void server_limit_pause(struct server_limit *l, bool paused)
{
    if (paused)
        atomic_fetch_add(&l->paused, 1);
    else
        atomic_fetch_sub(&l->paused, 1);
}
