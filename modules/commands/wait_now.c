/* Owns the order of tries and of their results. */
#include "commands/wait_now.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/num.h"
#include "net/resolver.h"

enum {
    TRIES_AT_A_TIME = 256,
    DESCRIPTORS_PER_TRY = 4, /* a race of addresses, a look-up */
    LINES_SIZE = 64 << 10,   /* lines beyond this wait until output takes them */
};

struct scan;

/* One port of all addresses, in order. */
struct place {
    size_t address;
    unsigned port_offset;
    size_t index;
};

struct result {
    bool ended;
    struct error why; /* empty: open */
};

struct probe {
    struct deferred deferred;
    struct list link;
    struct scan *scan;
    struct connect_target target;
    size_t index;
    struct wait_try *try;
};

struct scan {
    struct wait_tries *tries;
    struct wait_addresses *addresses;
    struct loop *loop;
    size_t total;
    struct result *results;
    struct place next;
    struct place printed;
    struct list probes;
    size_t running;
    size_t running_max;
    struct resolver *resolver; /* of the range that is next */
    struct timer look_up_limit;
    struct watch advance; /* notified when something may be printed or started */
    struct buf lines;
    struct stream *output;
    struct stream_waiter waiting; /* for output */
    bool ended;
};

static void advance_soon(struct scan *s)
{
    loop_notify(s->loop, &s->advance, EPOLLIN);
}

static struct wait_address *address_at(const struct scan *s, const struct place *p)
{
    return &s->addresses->items[p->address];
}

static unsigned port_at(const struct scan *s, const struct place *p)
{
    return address_at(s, p)->words.target.port + p->port_offset;
}

static void step(const struct scan *s, struct place *p)
{
    p->index++;
    if (++p->port_offset < wait_address_ports(address_at(s, p)))
        return;
    p->address++;
    p->port_offset = 0;
}

static void fail(struct scan *s, struct error *why)
{
    run_fail(s->tries->run, why);
}

static void set_result(struct scan *s, size_t index, struct error *why)
{
    s->results[index].ended = true;
    error_move(&s->results[index].why, why);
    advance_soon(s);
}

static void on_try_end(void *arg, struct error *why)
{
    struct probe *p = arg;
    struct scan *s = p->scan;

    set_result(s, p->index, why);
    s->running--;
    list_remove(&p->link);
    loop_free_later(s->loop, &p->deferred);
}

/* Starts the try that is next. */
static void start_try(struct scan *s)
{
    const struct wait_address *a = address_at(s, &s->next);
    struct probe *p = calloc(1, sizeof(*p));
    struct error why = {0};

    if (p == NULL) {
        error_errno(&why, ENOMEM, "cannot try all ports");
        fail(s, &why);
        return;
    }
    p->scan = s;
    p->index = s->next.index;
    p->target = a->words.target;
    p->target.port = port_at(s, &s->next);
    p->target.known = a->known.count > 0 ? &a->known : NULL;
    p->try = wait_try_start(s->tries, &a->plan, &p->target, on_try_end, p, &why);
    if (p->try == NULL) {
        free(p);
        fail(s, &why);
        return;
    }
    list_append(&s->probes, &p->link);
    s->running++;
    step(s, &s->next);
}

/* The host of a range is looked up once. */
static void look_up_ended(struct scan *s, struct error *why)
{
    size_t address = s->next.address;

    loop_cancel_timer(s->loop, &s->look_up_limit);
    while (error_is_set(why) && s->next.index < s->total && s->next.address == address) {
        struct error copy = {0};

        error_copy(&copy, why);
        set_result(s, s->next.index, &copy);
        step(s, &s->next);
    }
    advance_soon(s);
}

static void on_looked_up(void *arg, struct addr_list *list, struct error *why)
{
    struct scan *s = arg;

    s->resolver = NULL;
    address_at(s, &s->next)->known = *list;
    *list = (struct addr_list){0};
    look_up_ended(s, why);
}

static void on_look_up_limit(struct timer *t)
{
    struct scan *s = container_of(t, struct scan, look_up_limit);
    struct error why = {0};
    char limit[32];

    resolver_cancel(s->resolver);
    s->resolver = NULL;
    num_format_duration(address_at(s, &s->next)->plan.timeout_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "looking up the name: timed out after %s (--connect-timeout)",
              limit);
    look_up_ended(s, &why);
    error_clear(&why);
}

/* Returns true when the next try is one of a range whose host has to be looked up first. */
static bool needs_look_up(const struct scan *s)
{
    const struct wait_address *a = address_at(s, &s->next);

    return wait_address_ports(a) > 1 && a->known.count == 0 && a->plan.bind == NULL &&
           a->plan.proxy == NULL;
}

static void look_up(struct scan *s)
{
    const struct wait_address *a = address_at(s, &s->next);
    struct resolver_question q = {a->words.target.host, a->words.target.port, a->plan.family,
                                  false};
    struct error why = {0};

    s->resolver = resolver_start(s->loop, &q, on_looked_up, s, &why);
    if (s->resolver == NULL)
        fail(s, &why);
    else if (a->plan.timeout_ms > 0)
        loop_set_timer(s->loop, &s->look_up_limit, a->plan.timeout_ms);
}

static int add(struct buf *to, const char *text)
{
    return buf_add(to, text, strlen(text));
}

static int add_line(struct scan *s, const struct error *why)
{
    char *name = wait_address_name(address_at(s, &s->printed), port_at(s, &s->printed));
    int result = -1;

    if (name != NULL && add(&s->lines, name) == 0) {
        if (!error_is_set(why))
            result = add(&s->lines, " open\n");
        else if (add(&s->lines, " closed: ") == 0 && add(&s->lines, why->text) == 0)
            result = add(&s->lines, "\n");
    }
    free(name);
    return result;
}

/* Prints the results that are next in order, as far as output takes them. */
static int print_results(struct scan *s, struct error *err)
{
    while (s->printed.index < s->total && s->results[s->printed.index].ended &&
           buf_length(&s->lines) < LINES_SIZE) {
        struct error *why = &s->results[s->printed.index].why;

        if (add_line(s, why) < 0) {
            error_errno(err, ENOMEM, "cannot print all results");
            return -1;
        }
        if (error_is_set(why))
            run_mark(s->tries->run, EXITCODE_FAILED);
        error_clear(why);
        step(s, &s->printed);
    }
    if (buf_length(&s->lines) > 0 &&
        stream_write(s->output, buf_head(&s->lines), buf_length(&s->lines)) == IO_FAILED) {
        error_copy(err, stream_failure(s->output));
        return -1;
    }
    buf_reset(&s->lines);
    return 0;
}

/* Everything is printed, and output has taken it, or never will. */
static void on_output_over(void *owner)
{
    struct scan *s = owner;
    struct error why = {0};

    if (stream_failure(s->output) != NULL) {
        error_copy(&why, stream_failure(s->output));
        fail(s, &why);
    } else if (s->ended && stream_is_delivered(s->output)) {
        loop_stop(s->loop);
    }
}

static void end_output(struct scan *s)
{
    s->ended = true;
    stream_shut(s->output);
    if (stream_failure(s->output) != NULL || stream_is_delivered(s->output))
        on_output_over(s);
    else
        stream_await_delivery(s->output, on_output_over);
}

static void advance(struct scan *s)
{
    struct error why = {0};

    if (s->ended)
        return;
    if (print_results(s, &why) < 0) {
        fail(s, &why);
        return;
    }
    if (s->printed.index == s->total) {
        end_output(s);
        return;
    }
    if (stream_is_blocked(s->output)) {
        if (list_is_empty(&s->waiting.link))
            stream_wait(s->output, &s->waiting);
        return;
    }
    while (s->running < s->running_max && s->next.index < s->total && s->resolver == NULL &&
           !run_is_over(s->tries->run)) {
        if (needs_look_up(s))
            look_up(s);
        else
            start_try(s);
    }
}

static void on_advance(struct watch *w, uint32_t events)
{
    (void)events;
    advance(container_of(w, struct scan, advance));
}

static void on_writable(struct stream_waiter *w)
{
    advance_soon(container_of(w, struct scan, waiting));
}

static void clear(struct scan *s)
{
    resolver_cancel(s->resolver);
    while (!list_is_empty(&s->probes)) {
        struct probe *p = container_of(s->probes.next, struct probe, link);

        list_remove(&p->link);
        wait_try_cancel(p->try);
        loop_free_later(s->loop, &p->deferred);
    }
    loop_cancel_timer(s->loop, &s->look_up_limit);
    loop_unwatch(s->loop, &s->advance);
    list_remove(&s->waiting.link);
    stream_close(s->output, STREAM_AT_ONCE);
    buf_free(&s->lines);
    for (size_t i = s->printed.index; s->results != NULL && i < s->next.index; i++)
        error_clear(&s->results[i].why);
    free(s->results);
}

static int prepare(struct scan *s, struct error *err)
{
    long descriptors = sysconf(_SC_OPEN_MAX) / DESCRIPTORS_PER_TRY;

    s->running_max = descriptors < 1                 ? 1
                     : descriptors < TRIES_AT_A_TIME ? (size_t)descriptors
                                                     : TRIES_AT_A_TIME;
    for (size_t i = 0; i < s->addresses->count; i++)
        s->total += wait_address_ports(&s->addresses->items[i]);
    s->results = calloc(s->total, sizeof(*s->results));
    if (s->results == NULL) {
        error_errno(err, ENOMEM, "cannot try all ports");
        return -1;
    }
    s->output = local_open_output(s->loop, err);
    if (s->output == NULL)
        return -1;
    stream_on_hangup(s->output, on_output_over, s);
    advance_soon(s);
    return 0;
}

void wait_now(struct wait_tries *tries, struct wait_addresses *addresses)
{
    struct scan s = {
        .tries = tries,
        .addresses = addresses,
        .loop = tries->run->loop,
        .look_up_limit.on_due = on_look_up_limit,
        .waiting.on_writable = on_writable,
    };
    struct error why = {0};

    loop_init_watch(&s.advance, on_advance);
    list_init(&s.probes);
    list_init(&s.waiting.link);
    if (prepare(&s, &why) < 0)
        fail(&s, &why);
    run_loop(tries->run);
    clear(&s);
}
