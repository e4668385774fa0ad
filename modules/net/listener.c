/* Owns a listening socket. Leaves limits and accepted connections to its owner. */
#include "net/listener.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 64 };

/* Errors that belong to a connection that is already gone; accept(2). */
static bool is_passing(int number)
{
    switch (number) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
        return true;
    default:
        return false;
    }
}

static void on_event(struct watch *w, uint32_t events)
{
    struct listener *l = container_of(w, struct listener, watch);

    (void)events;
    for (int i = 0; i < l->batch && l->watch.fd >= 0; i++) {
        struct addr peer;
        int fd, number;

        if (!l->events->may_accept(l)) {
            listener_pause(l);
            return;
        }
        fd = socket_accept(l->fd, &peer);
        number = errno;
        if (fd >= 0) {
            l->events->on_connection(l, fd, &peer);
            continue;
        }
        l->events->on_none(l);
        if (number == EAGAIN)
            return;
        if (!is_passing(number)) {
            l->events->on_exhausted(l, number);
            return;
        }
    }
}

void listener_init(struct listener *l, struct loop *loop, int fd, bool shared,
                   const struct listener_events *events, void *owner)
{
    *l = (struct listener){
        .loop = loop,
        .watch = {.fd = -1, .on_event = on_event},
        .fd = fd,
        .batch = shared ? 1 : ACCEPT_BATCH,
        .events = events,
        .owner = owner,
    };
}

int listener_resume(struct listener *l, struct error *err)
{
    if (l->fd < 0 || l->watch.fd >= 0)
        return 0;
    if (loop_watch(l->loop, &l->watch, l->fd, EPOLLIN) == 0)
        return 0;
    error_errno(err, errno, "accepting connections");
    return -1;
}

void listener_pause(struct listener *l)
{
    loop_unwatch(l->loop, &l->watch);
}

void listener_close(struct listener *l)
{
    if (l->fd < 0)
        return;
    listener_pause(l);
    close(l->fd);
    l->fd = -1;
}
