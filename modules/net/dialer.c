/* Owns the race for one connection. */
#include "net/dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/buf.h"
#include "base/num.h"
#include "net/resolver.h"

enum {
    ATTEMPT_DELAY_MS = 250, /* "Connection Attempt Delay", RFC 8305, section 5 */
    BACKLOG_DELAY_MS = 20,  /* before another look at a full backlog, which sends no event */
};

/* One address that is tried; fd is watched while it is open. */
struct attempt {
    struct watch watch;
    struct dialer *dialer;
    struct addr peer;
    bool tried;
    bool connected; /* which no event has to say */
    bool failed;
};

struct dialer {
    struct deferred deferred;
    struct loop *loop;
    struct dialer_target target;
    const struct dialer_events *events;
    void *arg;
    struct resolver *resolver;
    struct attempt *attempts;
    size_t count;
    size_t started;
    size_t pending;
    struct buf causes;  /* "ADDRESS: why; ADDRESS: why" */
    int number;         /* an errno: of the last address, or of a failure of this side */
    struct watch start; /* where the addresses are known; notified only */
    struct timer next;  /* attempt */
    struct timer limit;
};

static void close_attempt(struct dialer *d, struct attempt *a)
{
    int fd = a->watch.fd;

    if (fd < 0)
        return;
    loop_unwatch(d->loop, &a->watch);
    socket_close(fd, true);
}

void dialer_cancel(struct dialer *d)
{
    if (d == NULL)
        return;
    resolver_cancel(d->resolver);
    loop_unwatch(d->loop, &d->start);
    loop_cancel_timer(d->loop, &d->next);
    loop_cancel_timer(d->loop, &d->limit);
    for (size_t i = 0; i < d->started; i++)
        close_attempt(d, &d->attempts[i]);
    free(d->attempts);
    buf_free(&d->causes);
    loop_free_later(d->loop, &d->deferred);
}

static void fail(struct dialer *d, struct error *why)
{
    dialer_cancel(d);
    d->events->on_failed(d->arg, why);
    error_clear(why);
}

static bool names_itself(const struct dialer *d)
{
    return d->target.port == 0 || (d->target.is_named && d->count == 1);
}

/* A host that is a whole address need not be named twice. */
static void add_cause(struct dialer *d, const char *address, const char *cause)
{
    if (buf_length(&d->causes) > 0)
        buf_add(&d->causes, "; ", 2);
    if (!names_itself(d)) {
        buf_add(&d->causes, address, strlen(address));
        buf_add(&d->causes, ": ", 2);
    }
    buf_add(&d->causes, cause, strlen(cause));
}

static void all_failed(struct dialer *d, enum exitcode status)
{
    const char *host = d->target.host;
    bool is_v6 = strchr(host, ':') != NULL;
    const char *causes = buf_length(&d->causes) > 0 ? buf_head(&d->causes) : "";
    struct error why = {0};

    if (d->target.is_named)
        error_set(&why, status, "%.*s", (int)buf_length(&d->causes), causes);
    else if (d->target.port == 0)
        error_set(&why, status, "cannot connect to %s: %.*s", host, (int)buf_length(&d->causes),
                  causes);
    else
        error_set(&why, status, "cannot connect to %s%s%s:%u: %.*s", is_v6 ? "[" : "", host,
                  is_v6 ? "]" : "", d->target.port, (int)buf_length(&d->causes), causes);
    why.number = d->number;
    fail(d, &why);
}

static void on_limit(struct timer *t)
{
    struct dialer *d = container_of(t, struct dialer, limit);
    char limit[32], cause[80], text[ADDR_TEXT_SIZE];

    num_format_duration(d->target.timeout_ms, limit, sizeof(limit));
    snprintf(cause, sizeof(cause), "timed out after %s (--connect-timeout)", limit);
    if (d->resolver != NULL) {
        add_cause(d, "looking up the name", cause);
        d->number = EAGAIN;
    } else if (!socket_is_own_failure(d->number)) {
        d->number = ETIMEDOUT;
    }
    for (size_t i = 0; i < d->count; i++)
        if (d->attempts[i].tried && !d->attempts[i].failed)
            add_cause(d, addr_format(&d->attempts[i].peer, text), cause);
    all_failed(d, EXITCODE_TIMEOUT);
}

/* Where there is no IPv6, ::1 has no server either. */
static bool lacks_ipv6(int number, const struct addr *peer)
{
    return peer->sa.sa_family == AF_INET6 && (number == EADDRNOTAVAIL || number == EAFNOSUPPORT);
}

/* Returns the address to connect to a peer from; NULL: any. */
static const struct addr *local_of(const struct dialer *d, const struct attempt *a,
                                   struct addr *any)
{
    if (d->target.local != NULL || d->target.local_port == 0)
        return d->target.local;
    addr_set_any(any, a->peer.sa.sa_family, d->target.local_port);
    return any;
}

static void attempt_failed(struct dialer *d, struct attempt *a, int number, bool local_failed)
{
    char peer[ADDR_TEXT_SIZE], local[ADDR_TEXT_SIZE], cause[256];
    struct addr any;

    a->failed = true;
    if (local_failed || !socket_is_own_failure(d->number))
        d->number = !local_failed && lacks_ipv6(number, &a->peer) ? ENETUNREACH : number;
    if (local_failed)
        snprintf(cause, sizeof(cause), "cannot bind %s: %s",
                 addr_format(local_of(d, a, &any), local), strerror(number));
    else
        snprintf(cause, sizeof(cause), "%s", strerror(number));
    add_cause(d, addr_format(&a->peer, peer), cause);
}

/* What is looked up may be anything: the address that is connected to decides. */
static bool is_refused(struct dialer *d, struct attempt *a)
{
    char text[ADDR_TEXT_SIZE];
    const char *cause = d->events->refuses != NULL ? d->events->refuses(d->arg, &a->peer) : NULL;

    if (cause == NULL)
        return false;
    a->tried = a->failed = true;
    d->number = EACCES;
    add_cause(d, addr_format(&a->peer, text), cause);
    return true;
}

/* Starts the next address that can be started. */
static void start_next(struct dialer *d)
{
    while (d->started < d->count) {
        struct attempt *a = &d->attempts[d->started];
        enum socket_progress how;
        struct addr any;
        int fd;

        if (is_refused(d, a)) {
            d->started++;
            continue;
        }
        fd = socket_connect(&a->peer, local_of(d, a, &any), &how);
        a->tried = true;
        if (fd < 0 && errno == EAGAIN && a->peer.sa.sa_family == AF_UNIX) {
            loop_set_timer(d->loop, &d->next, BACKLOG_DELAY_MS);
            return;
        }
        d->started++;
        if (fd < 0) {
            attempt_failed(d, a, errno, how == SOCKET_LOCAL_FAILED);
            continue;
        }
        a->connected = how == SOCKET_CONNECTED;
        if (a->connected) {
            a->watch.fd = fd;
            loop_notify(d->loop, &a->watch, EPOLLOUT);
        } else if (loop_watch_now(d->loop, &a->watch, fd, EPOLLOUT) < 0) {
            attempt_failed(d, a, errno, false);
            socket_close(fd, true);
            continue;
        }
        d->pending++;
        if (d->started < d->count)
            loop_set_timer(d->loop, &d->next, ATTEMPT_DELAY_MS);
        return;
    }
    if (d->pending == 0)
        all_failed(d, EXITCODE_FAILED);
}

static void on_start(struct watch *w, uint32_t events)
{
    (void)events;
    start_next(container_of(w, struct dialer, start));
}

static void on_attempt_delay(struct timer *t)
{
    start_next(container_of(t, struct dialer, next));
}

static void win(struct dialer *d, struct attempt *winner)
{
    struct addr peer = winner->peer;
    int fd = winner->watch.fd;
    struct error why = {0};
    struct stream *s = NULL;

    loop_unwatch(d->loop, &winner->watch);
    socket_find_process(fd, &peer);
    if (socket_configure(fd, &peer, &d->target.socket, &why) == 0)
        s = socket_open(d->loop, fd, &peer, &why);
    else
        socket_close(fd, true);
    if (s == NULL) {
        fail(d, &why);
        return;
    }
    stream_set_dry(s);
    dialer_cancel(d);
    d->events->on_connected(d->arg, s);
}

static void on_attempt_event(struct watch *w, uint32_t events)
{
    struct attempt *a = container_of(w, struct attempt, watch);
    struct dialer *d = a->dialer;
    int number = a->connected ? 0 : socket_connect_outcome(w->fd, &a->peer);

    if (number == 0 && !(events & EPOLLERR)) {
        win(d, a);
        return;
    }
    attempt_failed(d, a, number, false);
    close_attempt(d, a);
    d->pending--;
    start_next(d);
}

/* Orders the addresses: the first one's family first, then in turn; RFC 8305, section 4. */
static void add_attempts(struct dialer *d, const struct addr_list *list, bool *used)
{
    int family = list->items[0].sa.sa_family;

    while (d->count < list->count) {
        size_t chosen = SIZE_MAX;

        for (size_t i = list->count; i-- > 0;)
            if (!used[i] && (chosen == SIZE_MAX || list->items[i].sa.sa_family == family ||
                             list->items[chosen].sa.sa_family != family))
                chosen = i;
        used[chosen] = true;
        loop_init_watch(&d->attempts[d->count].watch, on_attempt_event);
        d->attempts[d->count].dialer = d;
        d->attempts[d->count].peer = list->items[chosen];
        if (d->target.known != NULL)
            addr_set_port(&d->attempts[d->count].peer, d->target.port);
        d->count++;
        family = list->items[chosen].sa.sa_family == AF_INET6 ? AF_INET : AF_INET6;
    }
}

static void use_addresses(struct dialer *d, const struct addr_list *list)
{
    bool *used = calloc(list->count, sizeof(*used));

    d->attempts = calloc(list->count, sizeof(*d->attempts));
    if (used != NULL && d->attempts != NULL)
        add_attempts(d, list, used);
    free(used);
    if (d->count > 0)
        return;
    add_cause(d, d->target.host, strerror(ENOMEM));
    d->number = ENOMEM;
}

static void on_resolved(void *arg, struct addr_list *list, struct error *why)
{
    struct dialer *d = arg;

    d->resolver = NULL;
    if (list->count == 0) {
        fail(d, why);
        return;
    }
    use_addresses(d, list);
    start_next(d);
}

struct dialer *dialer_start(struct loop *l, const struct dialer_target *target,
                            const struct dialer_events *events, void *arg, struct error *err)
{
    struct resolver_question q = {
        .host = target->host,
        .port = target->port,
        .family = target->local != NULL ? target->local->sa.sa_family : target->family,
    };
    struct dialer *d = calloc(1, sizeof(*d));

    if (d == NULL) {
        error_errno(err, ENOMEM, "cannot connect to %s", target->host);
        return NULL;
    }
    d->loop = l;
    d->target = *target;
    d->events = events;
    d->arg = arg;
    loop_init_watch(&d->start, on_start);
    d->next.on_due = on_attempt_delay;
    d->limit.on_due = on_limit;
    if (target->known != NULL) {
        use_addresses(d, target->known);
        loop_notify(l, &d->start, EPOLLIN);
    } else if ((d->resolver = resolver_start(l, &q, on_resolved, d, err)) == NULL) {
        free(d);
        return NULL;
    }
    if (target->timeout_ms > 0)
        loop_set_timer(l, &d->limit, target->timeout_ms);
    return d;
}
