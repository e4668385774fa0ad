/* Owns listeners, the set of clients and the limits on it. Reads and writes nothing. */
#include "net/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RETRY_ACCEPT_MS = 100, /* descriptors may become free elsewhere in the system */
    SAME_PORT_TRIES = 32,
};

static uint64_t limit_of(const struct server *s)
{
    return s->options->once ? 1 : s->options->max_conns;
}

static bool is_full(const struct server *s)
{
    uint64_t count =
        s->options->crowd != NULL ? atomic_load(&s->options->crowd->clients) : s->client_count;

    return limit_of(s) != 0 && count >= limit_of(s);
}

static void leave_place(struct server *s)
{
    struct server_limit *crowd = s->options->crowd;

    if (crowd != NULL && atomic_fetch_sub(&crowd->clients, 1) == limit_of(s))
        crowd->on_room(crowd->arg);
}

/* Clients that stay would else all be with the thread that wakes up first. The server
 * with the fewest always has less than its share. */
static bool has_its_share(const struct server *s)
{
    const struct server_limit *crowd = s->options->crowd;
    uint64_t all = atomic_load(&crowd->clients), lead = all / 8; /* turns have their cost, too */

    return s->client_count * crowd->servers > all + lead;
}

/* Whoever accepts wakes those who wait; so one who begins to wait looks once more. */
static bool waits_for_turn(struct server *s)
{
    struct server_limit *crowd = s->options->crowd;

    if (crowd == NULL)
        return false;
    if (!s->waiting && has_its_share(s)) {
        s->waiting = true;
        atomic_fetch_add(&crowd->waiting, 1);
    }
    if (s->waiting && !has_its_share(s)) {
        s->waiting = false;
        atomic_fetch_sub(&crowd->waiting, 1);
    }
    return s->waiting;
}

/* Takes a place under the limit. In a crowd two may want the last one: whoever gives
 * back what was one too many may be the one who makes room. */
static bool may_accept(struct listener *l)
{
    struct server *s = l->owner;

    if (s->options->crowd == NULL)
        return !is_full(s);
    if (waits_for_turn(s))
        return false;
    if (atomic_fetch_add(&s->options->crowd->clients, 1) < limit_of(s) || limit_of(s) == 0)
        return true;
    leave_place(s);
    return false;
}

static void on_none(struct listener *l)
{
    leave_place(l->owner);
}

static void notice(struct server *s, const char *text)
{
    if (s->events->on_notice != NULL)
        s->events->on_notice(s->arg, text);
}

static void pause_listening(struct server *s)
{
    for (size_t i = 0; i < s->listener_count; i++)
        listener_pause(&s->listeners[i]);
}

static void resume_listening(struct server *s)
{
    struct error why = {0};

    if (s->stopping || !s->listening || is_full(s) || waits_for_turn(s))
        return;
    for (size_t i = 0; i < s->listener_count; i++) {
        if (listener_resume(&s->listeners[i], &why) < 0) {
            notice(s, why.text);
            error_clear(&why);
            loop_set_timer(s->loop, &s->retry_accept, RETRY_ACCEPT_MS);
        }
    }
}

static void stop_listening(struct server *s)
{
    s->listening = false;
    loop_cancel_timer(s->loop, &s->retry_accept);
    for (size_t i = 0; i < s->listener_count; i++)
        listener_close(&s->listeners[i]);
}

static void on_connection(struct listener *l, int fd, const struct addr *peer)
{
    struct server *s = l->owner;
    struct server_limit *crowd = s->options->crowd;

    s->accepted_count++;
    if (crowd != NULL) {
        atomic_fetch_add(&crowd->accepted, 1);
        if (atomic_load(&crowd->waiting) > 0)
            crowd->on_room(crowd->arg);
    }
    if (s->options->once)
        stop_listening(s);
    s->events->on_client(s->arg, fd, peer);
}

static void on_exhausted(struct listener *l, int number)
{
    struct server *s = l->owner;
    char text[160];

    /* Once per shortage: the next client that is accepted ends it. */
    if (!s->exhausted) {
        snprintf(text, sizeof(text), "accepting connections pauses: %s", strerror(number));
        notice(s, text);
    }
    s->exhausted = true;
    pause_listening(s);
    loop_set_timer(s->loop, &s->retry_accept, RETRY_ACCEPT_MS);
}

static const struct listener_events listener_events = {
    .may_accept = may_accept,
    .on_none = on_none,
    .on_connection = on_connection,
    .on_exhausted = on_exhausted,
};

static void on_retry_accept(struct timer *t)
{
    resume_listening(container_of(t, struct server, retry_accept));
}

/* Makes room for one more listener. */
static int grow(struct server *s, struct error *err)
{
    struct listener *listeners =
        reallocarray(s->listeners, s->listener_count + 1, sizeof(*listeners));
    struct addr *addresses;

    if (listeners != NULL)
        s->listeners = listeners;
    addresses = reallocarray(s->addresses, s->listener_count + 1, sizeof(*addresses));
    if (addresses != NULL)
        s->addresses = addresses;
    if (listeners != NULL && addresses != NULL)
        return 0;
    error_errno(err, ENOMEM, "listening");
    return -1;
}

static void add_listener(struct server *s, int fd)
{
    listener_init(&s->listeners[s->listener_count++], s->loop, fd, s->options->crowd != NULL,
                  &listener_events, s);
}

static int listen_at(struct server *s, const struct addr *a, struct error *err)
{
    int fd;

    if (grow(s, err) < 0)
        return -1;
    fd = socket_listen(a, s->options->backlog, &s->addresses[s->listener_count], err);
    if (fd < 0)
        return -1;
    add_listener(s, fd);
    /* Accepted sockets inherit these: one call each instead of one per connection. */
    return socket_configure(fd, &s->options->sock, err);
}

static void close_listeners(struct server *s)
{
    while (s->listener_count > 0)
        listener_close(&s->listeners[--s->listener_count]);
}

/* True for what says that this machine has no such family or address of it. */
static bool is_missing_family(int number)
{
    return number == EAFNOSUPPORT || number == EADDRNOTAVAIL || number == EPROTONOSUPPORT;
}

static bool listens_at(const struct server *s, const struct addr *a)
{
    for (size_t i = 0; i < s->listener_count; i++)
        if (addr_equals(a, &s->addresses[i]))
            return true;
    return false;
}

/* Listens on all addresses of the list. *port: 0 becomes what the system chose, so that
 * it is one for all. */
static int listen_on_list(struct server *s, const struct addr_list *list, unsigned *port,
                          bool any_will_do, struct error *err)
{
    size_t first = s->listener_count;

    for (size_t i = 0; i < list->count; i++) {
        struct addr a = list->items[i];

        addr_set_port(&a, *port);
        if (listens_at(s, &a))
            continue;
        if (listen_at(s, &a, err) == 0) {
            *port = addr_port(&s->addresses[s->listener_count - 1]);
            continue;
        }
        if (any_will_do && err->number != 0 && is_missing_family(err->number) &&
            (i + 1 < list->count || s->listener_count > first)) {
            error_clear(err);
            continue;
        }
        return -1;
    }
    return 0;
}

/* host NULL: every address. */
static int listen_on(struct server *s, const char *host, unsigned *port, struct error *err)
{
    struct addr_list list;
    int result;

    if (socket_resolve(host, *port, s->options->family, true, &list, err) < 0)
        return -1;
    result = listen_on_list(s, &list, port, host == NULL, err);
    addr_list_clear(&list);
    return result;
}

/* *port is for words that name none. *chosen becomes true when the port that was used
 * last is one that the system chose for another address. */
static int listen_on_word(struct server *s, const char *word, unsigned *port, bool *chosen,
                          struct error *err)
{
    struct error why = {0};
    struct endpoint e = {0};
    unsigned named, wanted, *used = port;
    int result = -1;

    if (endpoint_parse(word, &e, &why) == 0 &&
        (e.port == NULL || port_parse(e.port, 0, &named, &why) == 0)) {
        used = e.port != NULL ? &named : port;
        wanted = e.port != NULL ? named : s->options->port;
        result = listen_on(s, e.host, used, &why);
        *chosen = wanted == 0 && *used != 0;
    }
    endpoint_clear(&e);
    if (result < 0 && why.status == EXITCODE_USAGE)
        error_set(err, EXITCODE_USAGE, "--bind: %s", why.text);
    else if (result < 0)
        error_move(err, &why);
    error_clear(&why);
    return result;
}

static int listen_everywhere(struct server *s, bool *chosen, struct error *err)
{
    const struct server_options *o = s->options;
    unsigned port = o->port;
    int result = 0;

    if (o->bind_count == 0) {
        result = listen_on(s, NULL, &port, err);
        *chosen = o->port == 0 && port != 0;
    }
    for (size_t i = 0; i < o->bind_count && result == 0; i++)
        result = listen_on_word(s, o->binds[i], &port, chosen, err);
    return result;
}

static void on_drained(struct timer *t);

static void init(struct server *s, struct loop *l, const struct server_options *options,
                 const struct server_events *events, void *arg)
{
    *s = (struct server){
        .loop = l,
        .options = options,
        .events = events,
        .arg = arg,
        .drain = {.on_due = on_drained},
        .retry_accept = {.on_due = on_retry_accept},
        .listening = true,
    };
    list_init(&s->clients);
}

int server_open(struct server *s, struct loop *l, const struct server_options *options,
                const struct server_events *events, void *arg, struct error *err)
{
    init(s, l, options, events, arg);
    /* A port that the system chose for one address may be taken at another. */
    for (int tries = 0; tries < SAME_PORT_TRIES; tries++) {
        bool chosen = false;

        error_clear(err);
        if (listen_everywhere(s, &chosen, err) == 0)
            return 0;
        close_listeners(s);
        if (!chosen || err->number != EADDRINUSE)
            break;
    }
    server_clear(s);
    return -1;
}

int server_share(struct server *s, struct loop *l, const struct server *opened,
                 const struct server_options *options, const struct server_events *events,
                 void *arg, struct error *err)
{
    init(s, l, options, events, arg);
    for (size_t i = 0; i < opened->listener_count; i++) {
        /* A descriptor of its own: whoever closes first takes it from nobody else. */
        int fd = grow(s, err) == 0 ? fcntl(opened->listeners[i].fd, F_DUPFD_CLOEXEC, 0) : -1;

        if (fd < 0) {
            if (!error_is_set(err))
                error_errno(err, errno, "sharing the listening socket");
            server_clear(s);
            return -1;
        }
        s->addresses[i] = opened->addresses[i];
        add_listener(s, fd);
    }
    return 0;
}

void server_resume(struct server *s)
{
    /* What others have room for does not help against a shortage here. */
    if (!timer_is_set(&s->retry_accept))
        resume_listening(s);
}

int server_start(struct server *s, struct error *err)
{
    for (size_t i = 0; i < s->listener_count; i++)
        if (listener_resume(&s->listeners[i], err) < 0)
            return -1;
    return 0;
}

void server_add(struct server *s, struct client *c)
{
    list_append(&s->clients, &c->link);
    s->client_count++;
    s->exhausted = false;
}

void server_forgo(struct server *s)
{
    leave_place(s);
    resume_listening(s);
}

static void check_done(struct server *s)
{
    if (s->client_count == 0 && (s->stopping || (s->options->once && s->accepted_count > 0))) {
        loop_cancel_timer(s->loop, &s->drain);
        s->events->on_done(s->arg);
    }
}

void server_remove(struct server *s, struct client *c)
{
    list_remove(&c->link);
    s->client_count--;
    leave_place(s);
    resume_listening(s);
    check_done(s);
}

static void drop_all(struct server *s)
{
    while (!list_is_empty(&s->clients)) {
        struct client *c = container_of(s->clients.next, struct client, link);

        list_remove(&c->link);
        s->client_count--;
        leave_place(s);
        s->dropped_count += c->drop(c);
    }
}

static void on_drained(struct timer *t)
{
    struct server *s = container_of(t, struct server, drain);

    drop_all(s);
    check_done(s);
}

void server_stop(struct server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    stop_listening(s);
    if (s->client_count > 0)
        loop_set_timer(s->loop, &s->drain, s->options->drain_ms);
    check_done(s);
}

void server_abort(struct server *s)
{
    s->stopping = true;
    stop_listening(s);
    loop_cancel_timer(s->loop, &s->drain);
    drop_all(s);
}

void server_clear(struct server *s)
{
    close_listeners(s);
    free(s->listeners);
    free(s->addresses);
    s->listeners = NULL;
    s->addresses = NULL;
}
