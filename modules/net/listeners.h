/* The listening sockets of a server: where to listen, and one port for all. */
#ifndef NET_LISTENERS_H
#define NET_LISTENERS_H

#include "base/addr.h"
#include "core/loop.h"
#include "net/inherited.h"
#include "net/socket.h"

/* One --bind: the addresses of its word. */
struct listeners_bind {
    struct addr_list addresses; /* owned by the caller */
    bool has_port; /* the word names a port, or has none at all; else port of the plan holds */
    unsigned port;
    bool everywhere; /* every local address: a missing family is no failure */
};

struct listeners_plan {
    const struct listeners_bind *binds;
    size_t count;
    unsigned port; /* for the binds without one; 0: the kernel picks one port for all */
    struct socket_listen_plan socket;
    struct inherited inherited; /* in place of the binds, if there are any */
};

struct listener {
    struct watch watch; /* of fd, while connections are accepted */
    int fd;
    struct addr address;
    struct socket_file file; /* of a unix socket; sharing leaves it with the first */
    void *owner;
};

struct listeners {
    struct listener *items; /* owned */
    size_t count;
};

/* Listens on all addresses of the plan, or on its inherited sockets; on nothing if those are a
 * connection. Returns 0, or -1 with err filled and nothing open. */
int listeners_open(struct listeners *l, const struct listeners_plan *plan, struct error *err);

/* The same with duplicates of sockets that are open already: closing them affects nobody
 * else. */
int listeners_share(struct listeners *l, const struct listeners *opened, struct error *err);

/* Closes the sockets and removes their files; the list stays, so a listener may be closed while it
 * accepts. Connections that were accepted are not affected. */
void listeners_close(struct listeners *l, struct loop *loop);

/* Closes the sockets and frees the list. */
void listeners_free(struct listeners *l, struct loop *loop);

#endif
