/* Owns the thread that asks for addresses. Decides nothing about their order. */
#include "net/resolver.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct resolver {
    struct loop *loop;
    struct watch watch;
    struct task now; /* for numbers */
    void (*on_done)(void *arg, struct addr_list *list, struct error *why);
    void *arg;
    char *host;
    unsigned port;
    int family;
    int event_fd;
    struct addr_list list;
    struct error why;
    atomic_int users; /* the loop and the thread: the last one frees */
};

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

static void *ask(void *arg)
{
    struct resolver *r = arg;
    uint64_t one = 1;

    socket_resolve(r->host, r->port, r->family, false, &r->list, &r->why);
    if (write(r->event_fd, &one, sizeof(one)) < 0)
        abort(); /* an eventfd that is 0 takes 1; eventfd(2) */
    release(r);
    return NULL;
}

static void tell(struct resolver *r)
{
    struct addr_list list = r->list;
    struct error why = r->why;

    r->list = (struct addr_list){0};
    r->why = (struct error){0};
    r->on_done(r->arg, &list, &why);
    addr_list_clear(&list);
    error_clear(&why);
}

static void free_later(struct task *t)
{
    release(container_of(t, struct resolver, now));
}

static void on_answer(struct watch *w, uint32_t events)
{
    struct resolver *r = container_of(w, struct resolver, watch);

    uint64_t times;

    (void)events;
    /* The read orders what the thread has written before what is done here. */
    if (read(r->event_fd, &times, sizeof(times)) < 0)
        return;
    loop_unwatch(r->loop, &r->watch);
    task_init(&r->now, free_later);
    loop_later(r->loop, &r->now);
    tell(r);
}

static void on_number(struct task *t)
{
    struct resolver *r = container_of(t, struct resolver, now);

    tell(r);
    release(r);
}

static int start_thread(struct resolver *r)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int result;

    r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->event_fd < 0 || loop_watch(r->loop, &r->watch, r->event_fd, EPOLLIN) < 0)
        return errno;
    atomic_store(&r->users, 2);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    result = pthread_create(&thread, &attributes, ask, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (result != 0) {
        loop_unwatch(r->loop, &r->watch);
        atomic_store(&r->users, 1);
    }
    return result;
}

struct resolver *resolver_start(struct loop *l, const char *host, unsigned port, int family,
                                void (*on_done)(void *arg, struct addr_list *list,
                                                struct error *why),
                                void *arg, struct error *err)
{
    struct resolver *r = calloc(1, sizeof(*r));
    int number, failure = ENOMEM;

    if (r == NULL)
        goto fail;
    *r = (struct resolver){
        .loop = l,
        .watch = {.fd = -1, .on_event = on_answer},
        .on_done = on_done,
        .arg = arg,
        .host = strdup(host),
        .port = port,
        .family = family,
        .event_fd = -1,
        .users = 1,
    };
    task_init(&r->now, on_number);
    if (r->host == NULL)
        goto fail;
    number = socket_resolve_number(host, port, family, &r->list, &r->why);
    if (number != 0) {
        loop_later(l, &r->now);
        return r;
    }
    failure = start_thread(r);
    if (failure == 0)
        return r;
fail:
    error_errno(err, failure, "looking up \"%s\"", host);
    if (r != NULL)
        release(r);
    return NULL;
}

void resolver_cancel(struct resolver *r)
{
    if (r == NULL)
        return;
    loop_unwatch(r->loop, &r->watch);
    task_cancel(&r->now);
    release(r);
}
