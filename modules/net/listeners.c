/* Owns listening sockets and the choice of their port. Accepts nothing. */
#include "net/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/step.h"

enum { SAME_PORT_TRIES = 32 };

static struct listener *add(struct listeners *l, struct error *err)
{
    struct listener *items = reallocarray(l->items, l->count + 1, sizeof(*items));

    if (items == NULL) {
        error_errno(err, ENOMEM, "cannot listen");
        return NULL;
    }
    l->items = items;
    return &items[l->count];
}

static void close_listener(struct listener *l)
{
    socket_file_remove(&l->file);
    socket_close(l->fd, false);
    l->fd = -1;
}

/* Nothing is watched yet. */
static void close_all(struct listeners *l)
{
    while (l->count > 0)
        close_listener(&l->items[--l->count]);
    free(l->items);
    l->items = NULL;
}

static int listen_at(struct listeners *l, const struct addr *a, const struct listeners_plan *plan,
                     struct error *err)
{
    struct listener *new = add(l, err);

    if (new == NULL)
        return -1;
    new->fd = socket_listen(a, &plan->socket, &new->address, &new->file, err);
    if (new->fd < 0)
        return -1;
    l->count++;
    return 0;
}

/* Returns true for an errno of a machine without that family or address. */
static bool is_missing_family(int number)
{
    return number == EAFNOSUPPORT || number == EADDRNOTAVAIL || number == EPROTONOSUPPORT;
}

static bool listens_at(const struct listeners *l, const struct addr *a)
{
    for (size_t i = 0; i < l->count; i++)
        if (addr_equals(a, &l->items[i].address))
            return true;
    return false;
}

/* Listens on the addresses of one bind. *port: 0 becomes the port that the kernel picked, so
 * that all have the same. */
static int listen_on(struct listeners *l, const struct listeners_bind *b, unsigned *port,
                     const struct listeners_plan *plan, struct error *err)
{
    size_t first = l->count;

    for (size_t i = 0; i < b->addresses.count; i++) {
        struct addr a = b->addresses.items[i];

        addr_set_port(&a, *port);
        if (listens_at(l, &a))
            continue;
        if (listen_at(l, &a, plan, err) == 0)
            *port = addr_port(&l->items[l->count - 1].address);
        else if (b->everywhere && is_missing_family(err->number) &&
                 (i + 1 < b->addresses.count || l->count > first))
            error_clear(err);
        else
            return -1;
    }
    return 0;
}

/* *picked becomes true when the last port that was used is one that the kernel had picked
 * for another address. */
static int listen_on_all(struct listeners *l, const struct listeners_plan *plan, bool *picked,
                         struct error *err)
{
    unsigned shared = plan->port;

    for (size_t i = 0; i < plan->count; i++) {
        const struct listeners_bind *b = &plan->binds[i];
        unsigned own = b->port, *port = b->has_port ? &own : &shared;
        int result = listen_on(l, b, port, plan, err);

        *picked = (b->has_port ? b->port : plan->port) == 0 && *port != 0;
        if (result < 0)
            return -1;
    }
    return 0;
}

/* Their files are not ours. */
static int listen_on_inherited(struct listeners *l, const struct listeners_plan *plan,
                               struct error *err)
{
    const struct inherited *i = &plan->inherited;

    *l = (struct listeners){0};
    for (size_t n = 0; n < i->count && !i->is_connection; n++) {
        struct listener *new = add(l, err);
        int fd = i->first + (int)n;

        if (new == NULL || inherited_listen(fd, &plan->socket.socket, &new->address, err) < 0) {
            close_all(l);
            return -1;
        }
        new->fd = fd;
        new->file = (struct socket_file){0};
        l->count++;
        step_report(&(struct step){
            .kind = STEP_INHERIT, .fd = fd, .address = &new->address, .is_listening = true});
    }
    return 0;
}

int listeners_open(struct listeners *l, const struct listeners_plan *plan, struct error *err)
{
    if (plan->inherited.count > 0)
        return listen_on_inherited(l, plan, err);
    /* A port that the kernel picks for one address may be taken at another. */
    for (int tries = 0; tries < SAME_PORT_TRIES; tries++) {
        bool picked = false;

        *l = (struct listeners){0};
        error_clear(err);
        if (listen_on_all(l, plan, &picked, err) == 0)
            return 0;
        close_all(l);
        if (!picked || err->number != EADDRINUSE)
            break;
    }
    return -1;
}

int listeners_share(struct listeners *l, const struct listeners *opened, struct error *err)
{
    *l = (struct listeners){0};
    for (size_t i = 0; i < opened->count; i++) {
        struct listener *new = add(l, err);

        if (new != NULL) {
            *new = opened->items[i];
            new->file = (struct socket_file){0};
            new->fd = fcntl(opened->items[i].fd, F_DUPFD_CLOEXEC, 0);
        }
        if (new == NULL || new->fd < 0) {
            if (new != NULL)
                error_errno(err, errno, "cannot share the listening socket");
            close_all(l);
            return -1;
        }
        l->count++;
    }
    return 0;
}

void listeners_close(struct listeners *l, struct loop *loop)
{
    for (size_t i = 0; i < l->count; i++) {
        if (l->items[i].fd < 0)
            continue;
        loop_unwatch(loop, &l->items[i].watch);
        close_listener(&l->items[i]);
    }
}

void listeners_free(struct listeners *l, struct loop *loop)
{
    listeners_close(l, loop);
    free(l->items);
    *l = (struct listeners){0};
}
