/* Owns the race of connection attempts. Leaves the connected socket to its owner. */
#include "net/dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "net/resolver.h"

enum {
    ATTEMPT_DELAY_MS = 250, /* "Connection Attempt Delay", RFC 8305, section 5 */
    RETRY_FIRST_MS = 50,
    RETRY_MAX_MS = 1000,
};

/* One address that is being tried; fd is watched while it is open. */
struct attempt {
    struct watch watch;
    struct dialer *dialer;
    struct addr peer;
    bool failed;
};

struct dialer {
    struct loop *loop;
    struct dialer_target target;
    const struct dialer_events *events;
    void *arg;
    struct resolver *resolver;
    struct addr local;
    bool has_local;
    struct attempt *attempts;
    size_t count;
    size_t started;
    size_t pending;
    struct buf causes; /* "ADDRESS: why; ADDRESS: why" */
    struct timer next; /* the next attempt, or the next try */
    struct timer limit;
    int64_t give_up_ms;
    int64_t retry_delay_ms;
    struct task bury;
};

static void start_try(struct dialer *d);

static void close_attempt(struct dialer *d, struct attempt *a)
{
    int fd = a->watch.fd;

    if (fd < 0)
        return;
    loop_unwatch(d->loop, &a->watch);
    close(fd);
}

static void stop_try(struct dialer *d)
{
    resolver_cancel(d->resolver);
    d->resolver = NULL;
    loop_cancel_timer(d->loop, &d->next);
    loop_cancel_timer(d->loop, &d->limit);
    for (size_t i = 0; i < d->started; i++)
        close_attempt(d, &d->attempts[i]);
    d->pending = 0;
}

static void free_dialer(struct task *t)
{
    struct dialer *d = container_of(t, struct dialer, bury);

    free(d->attempts);
    buf_free(&d->causes);
    free(d);
}

void dialer_cancel(struct dialer *d)
{
    if (d == NULL)
        return;
    stop_try(d);
    loop_later(d->loop, &d->bury);
}

static void on_retry_time(struct timer *t)
{
    start_try(container_of(t, struct dialer, next));
}

/* The present try has failed: another one, or the end. */
static void try_failed(struct dialer *d, struct error *why)
{
    int64_t delay_ms = d->retry_delay_ms;

    stop_try(d);
    if (loop_now_ms(d->loop) + delay_ms <= d->give_up_ms) {
        if (d->events->on_retry != NULL)
            d->events->on_retry(d->arg, why);
        error_clear(why);
        d->retry_delay_ms = 2 * delay_ms < RETRY_MAX_MS ? 2 * delay_ms : RETRY_MAX_MS;
        d->next.on_due = on_retry_time;
        loop_set_timer(d->loop, &d->next, delay_ms);
        return;
    }
    loop_later(d->loop, &d->bury);
    d->events->on_failed(d->arg, why);
    error_clear(why);
}

static void add_cause(struct dialer *d, const char *address, const char *cause)
{
    if (buf_length(&d->causes) > 0)
        buf_add(&d->causes, "; ", 2);
    buf_add(&d->causes, address, strlen(address));
    buf_add(&d->causes, ": ", 2);
    buf_add(&d->causes, cause, strlen(cause));
}

static void all_failed(struct dialer *d, enum exitcode status)
{
    struct error why = {0};

    error_set(&why, status, "connecting to %s port %u: %.*s", d->target.host, d->target.port,
              (int)buf_length(&d->causes), buf_head(&d->causes));
    try_failed(d, &why);
}

static void on_limit(struct timer *t)
{
    struct dialer *d = container_of(t, struct dialer, limit);
    char limit[32], cause[80], text[ADDR_TEXT_SIZE];

    num_format_duration(d->target.timeout_ms, limit, sizeof(limit));
    snprintf(cause, sizeof(cause), "no answer within %s (--connect-timeout)", limit);
    if (d->resolver != NULL)
        add_cause(d, "looking up the name", cause);
    for (size_t i = 0; i < d->count; i++)
        if (!d->attempts[i].failed)
            add_cause(d, addr_format(&d->attempts[i].peer, text), cause);
    all_failed(d, EXITCODE_TIMEOUT);
}

static void won(struct dialer *d, struct attempt *winner)
{
    struct addr peer = winner->peer;
    int fd = winner->watch.fd;

    loop_unwatch(d->loop, &winner->watch);
    stop_try(d);
    loop_later(d->loop, &d->bury);
    d->events->on_connected(d->arg, fd, &peer);
}

static void attempt_failed(struct dialer *d, struct attempt *a, int number, bool local_failed)
{
    char peer[ADDR_TEXT_SIZE], local[ADDR_TEXT_SIZE], cause[256];

    a->failed = true;
    if (local_failed)
        snprintf(cause, sizeof(cause), "binding %s: %s", addr_format(&d->local, local),
                 strerror(number));
    else
        snprintf(cause, sizeof(cause), "%s", strerror(number));
    add_cause(d, addr_format(&a->peer, peer), cause);
}

static void on_attempt_event(struct watch *w, uint32_t events);
static void start_next(struct dialer *d);

static void on_attempt_delay(struct timer *t)
{
    start_next(container_of(t, struct dialer, next));
}

/* Starts the next address that can be started. */
static void start_next(struct dialer *d)
{
    while (d->started < d->count) {
        struct attempt *a = &d->attempts[d->started++];
        bool local_failed;
        int fd = socket_connect(&a->peer, d->has_local ? &d->local : NULL, &local_failed);

        if (fd < 0) {
            attempt_failed(d, a, errno, local_failed);
            continue;
        }
        if (loop_watch(d->loop, &a->watch, fd, EPOLLOUT) < 0) {
            attempt_failed(d, a, errno, false);
            close(fd);
            continue;
        }
        d->pending++;
        d->next.on_due = on_attempt_delay;
        if (d->started < d->count)
            loop_set_timer(d->loop, &d->next, ATTEMPT_DELAY_MS);
        return;
    }
    if (d->pending == 0)
        all_failed(d, EXITCODE_FAILED);
}

/* TCP lets a socket connect to itself where nobody listens: that is nobody. */
static bool is_connected_to_itself(const struct attempt *a)
{
    struct addr local;

    return socket_local_addr(a->watch.fd, &local) == 0 && addr_equals(&local, &a->peer);
}

static void on_attempt_event(struct watch *w, uint32_t events)
{
    struct attempt *a = container_of(w, struct attempt, watch);
    struct dialer *d = a->dialer;
    int number = socket_error(w->fd);

    if (number == 0 && is_connected_to_itself(a))
        number = ECONNREFUSED;
    if (number == 0 && !(events & EPOLLERR)) {
        won(d, a);
        return;
    }
    attempt_failed(d, a, number, false);
    close_attempt(d, a);
    d->pending--;
    start_next(d);
}

/* The first address's family first, then in turn; RFC 8305, section 4. */
static void order_attempts(struct dialer *d, const struct addr_list *list)
{
    bool *used = calloc(list->count, sizeof(*used));
    int family = list->items[0].sa.sa_family;

    if (used == NULL)
        return;
    while (d->count < list->count) {
        size_t chosen = SIZE_MAX;

        for (size_t i = list->count; i-- > 0;)
            if (!used[i] && (chosen == SIZE_MAX || list->items[i].sa.sa_family == family ||
                             list->items[chosen].sa.sa_family != family))
                chosen = i;
        used[chosen] = true;
        d->attempts[d->count++] = (struct attempt){
            .watch = {.fd = -1, .on_event = on_attempt_event},
            .dialer = d,
            .peer = list->items[chosen],
        };
        family = list->items[chosen].sa.sa_family == AF_INET6 ? AF_INET : AF_INET6;
    }
    free(used);
}

static void on_resolved(void *arg, struct addr_list *list, struct error *why)
{
    struct dialer *d = arg;

    d->resolver = NULL;
    if (list->count == 0) {
        try_failed(d, why);
        return;
    }
    d->attempts = calloc(list->count, sizeof(*d->attempts));
    if (d->attempts != NULL)
        order_attempts(d, list);
    if (d->count == 0)
        add_cause(d, d->target.host, "out of memory");
    start_next(d);
}

static void start_try(struct dialer *d)
{
    struct error why = {0};
    int family = d->has_local ? d->local.sa.sa_family : d->target.family;

    free(d->attempts);
    d->attempts = NULL;
    d->count = d->started = d->pending = 0;
    buf_reset(&d->causes);
    if (d->target.timeout_ms > 0)
        loop_set_timer(d->loop, &d->limit, d->target.timeout_ms);
    d->resolver =
        resolver_start(d->loop, d->target.host, d->target.port, family, on_resolved, d, &why);
    if (d->resolver == NULL)
        try_failed(d, &why);
}

/* The address to connect from; a name is looked up at once, as hosts(5) knows
 * the local ones. */
static int find_local(struct dialer *d, struct error *err)
{
    struct addr_list list = {0};
    struct error why = {0};
    struct endpoint e;
    unsigned port = 0;

    if (endpoint_parse(d->target.bind, &e, &why) == 0 &&
        (e.port == NULL || port_parse(e.port, 0, &port, &why) == 0) &&
        socket_resolve(e.host, port, d->target.family, false, &list, &why) == 0) {
        d->local = list.items[0];
        d->has_local = true;
    }
    addr_list_clear(&list);
    endpoint_clear(&e);
    if (d->has_local)
        return 0;
    error_set(err, why.status, "--bind: %s", why.text);
    error_clear(&why);
    return -1;
}

struct dialer *dialer_start(struct loop *l, const struct dialer_target *target,
                            const struct dialer_events *events, void *arg, struct error *err)
{
    struct dialer *d = calloc(1, sizeof(*d));

    if (d == NULL) {
        error_errno(err, ENOMEM, "connecting to %s", target->host);
        return NULL;
    }
    d->loop = l;
    d->target = *target;
    d->events = events;
    d->arg = arg;
    d->limit.on_due = on_limit;
    d->give_up_ms = target->retry_ms > 0 ? loop_now_ms(l) + target->retry_ms : INT64_MIN;
    d->retry_delay_ms = RETRY_FIRST_MS;
    task_init(&d->bury, free_dialer);
    if (target->bind != NULL && find_local(d, err) < 0) {
        free(d);
        return NULL;
    }
    d->next.on_due = on_retry_time;
    loop_set_timer(l, &d->next, 0);
    return d;
}
