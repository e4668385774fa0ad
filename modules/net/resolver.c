/* Owns the thread that asks for addresses. Leaves their order to the system. */
#include "net/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/step.h"

struct resolver {
    struct loop *loop;
    struct watch watch;
    void (*on_done)(void *arg, struct addr_list *list, struct error *why);
    void *arg;
    char *host;
    struct resolver_question question;
    int event_fd;
    struct addr_list list;
    struct error why;
    atomic_int users; /* the loop and the thread: the last one frees */
};

static int copy_list(const struct addrinfo *found, struct addr_list *list)
{
    size_t count = 0;

    for (const struct addrinfo *i = found; i != NULL; i = i->ai_next)
        count++;
    list->items = calloc(count, sizeof(*list->items));
    if (list->items == NULL)
        return -1;
    for (; found != NULL; found = found->ai_next) {
        struct addr *a = &list->items[list->count];

        if (found->ai_addrlen > sizeof(a->in6))
            continue;
        memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
        a->length = found->ai_addrlen;
        list->count++;
    }
    return 0;
}

static int give_one(const struct addr *a, struct addr_list *list, struct error *err)
{
    *list = (struct addr_list){.items = malloc(sizeof(*a))};
    if (list->items == NULL) {
        error_errno(err, ENOMEM, "cannot use an address");
        return EAI_MEMORY;
    }
    list->items[list->count++] = *a;
    return 0;
}

/* Returns 0, or what getaddrinfo(3) returned, with err filled. */
static int ask(const struct resolver_question *q, int flags, struct addr_list *list,
               struct error *err)
{
    const char *host = q->host != NULL ? q->host : "";
    char service[8];
    struct addrinfo *found = NULL,
                    hints = {
                        .ai_flags = flags | AI_NUMERICSERV | (q->listening ? AI_PASSIVE : 0),
                        .ai_family = q->family,
                        .ai_socktype = SOCK_STREAM,
                    };
    struct addr whole;
    int result;

    if (addr_parse(host, &whole, NULL) == ADDR_WHOLE)
        return give_one(&whole, list, err);
    *list = (struct addr_list){0};
    snprintf(service, sizeof(service), "%u", q->port);
    result = getaddrinfo(q->host, service, &hints, &found);
    if (result == EAI_SYSTEM)
        error_errno(err, errno, "cannot look up \"%s\"", host);
    else if (result != 0)
        error_set(err, EXITCODE_FAILED, "cannot look up \"%s\": %s", host, gai_strerror(result));
    if (result == EAI_AGAIN || result == EAI_MEMORY)
        err->number = EAGAIN; /* nothing is known of the host */
    if (result != 0)
        return result;
    if (copy_list(found, list) < 0) {
        error_errno(err, ENOMEM, "cannot look up \"%s\"", host);
        result = EAI_MEMORY;
    }
    freeaddrinfo(found);
    return result;
}

static void release(struct resolver *r)
{
    if (atomic_fetch_sub(&r->users, 1) > 1)
        return;
    if (r->event_fd >= 0)
        close(r->event_fd);
    addr_list_clear(&r->list);
    error_clear(&r->why);
    free(r->host);
    free(r);
}

static void *work(void *arg)
{
    struct resolver *r = arg;
    uint64_t one = 1;

    ask(&r->question, 0, &r->list, &r->why);
    if (write(r->event_fd, &one, sizeof(one)) < 0)
        abort(); /* an eventfd that is 0 takes 1; eventfd(2) */
    release(r);
    return NULL;
}

/* Words that are whole addresses were not looked up. */
static void report(const struct resolver *r, const struct addr_list *list, const struct error *why)
{
    struct addr whole;

    if (r->host == NULL || addr_parse(r->host, &whole, NULL) != ADDR_WHOLE)
        step_report(
            &(struct step){.kind = STEP_LOOK_UP, .host = r->host, .list = list, .why = why});
}

static void answer(struct resolver *r)
{
    struct addr_list list = r->list;
    struct error why = r->why;

    r->list = (struct addr_list){0};
    r->why = (struct error){0};
    loop_unwatch(r->loop, &r->watch);
    report(r, &list, &why);
    r->on_done(r->arg, &list, &why);
    addr_list_clear(&list);
    error_clear(&why);
    release(r);
}

static void on_answer(struct watch *w, uint32_t events)
{
    struct resolver *r = container_of(w, struct resolver, watch);
    uint64_t times;

    (void)events;
    /* The read orders what the thread has written before what is done here. A number was
     * answered without a thread. */
    if (w->fd < 0 || read(r->event_fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
        answer(r);
}

/* Returns 0 or an errno. */
static int start_thread(struct resolver *r)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int result;

    r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->event_fd < 0 || loop_watch_now(r->loop, &r->watch, r->event_fd, EPOLLIN) < 0)
        return errno;
    atomic_store(&r->users, 2);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    result = pthread_create(&thread, &attributes, work, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (result != 0) {
        loop_unwatch(r->loop, &r->watch);
        atomic_store(&r->users, 1);
    }
    return result;
}

struct resolver *resolver_start(struct loop *l, const struct resolver_question *q,
                                void (*on_done)(void *arg, struct addr_list *list,
                                                struct error *why),
                                void *arg, struct error *err)
{
    struct resolver *r = calloc(1, sizeof(*r));
    int result, failure = ENOMEM;

    if (r == NULL)
        goto fail;
    r->loop = l;
    loop_init_watch(&r->watch, on_answer);
    r->on_done = on_done;
    r->arg = arg;
    r->question = *q;
    r->event_fd = -1;
    atomic_store(&r->users, 1);
    if (q->host != NULL && (r->question.host = r->host = strdup(q->host)) == NULL)
        goto fail;
    result = ask(&r->question, AI_NUMERICHOST, &r->list, &r->why);
    if (result != EAI_NONAME && result != EAI_ADDRFAMILY) {
        loop_notify(l, &r->watch, EPOLLIN);
        return r;
    }
    error_clear(&r->why);
    failure = start_thread(r);
    if (failure == 0)
        return r;
fail:
    error_errno(err, failure, "cannot look up \"%s\"", q->host != NULL ? q->host : "");
    if (r != NULL)
        release(r);
    return NULL;
}

void resolver_cancel(struct resolver *r)
{
    if (r == NULL)
        return;
    loop_unwatch(r->loop, &r->watch);
    release(r);
}

/* A look-up that the run waits for. */
struct wait {
    struct run *run;
    struct addr_list *list;
    struct error *err;
    bool done;
};

static void on_found(void *arg, struct addr_list *list, struct error *why)
{
    struct wait *w = arg;

    w->done = true;
    *w->list = *list;
    *list = (struct addr_list){0};
    if (w->list->count == 0)
        error_move(w->err, why);
    loop_stop(w->run->loop);
}

int resolver_look_up(struct run *r, const struct resolver_question *q, struct addr_list *list,
                     struct error *err)
{
    struct wait w = {.run = r, .list = list, .err = err};
    struct resolver *resolver = resolver_start(r->loop, q, on_found, &w, err);

    *list = (struct addr_list){0};
    if (resolver == NULL)
        return -1;
    run_loop(r);
    if (!w.done)
        resolver_cancel(resolver);
    return w.done && list->count > 0 && !run_is_over(r) ? 0 : -1;
}
