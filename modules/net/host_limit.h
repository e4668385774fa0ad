/*
 * The limit on the connections of one host at a time, which the servers of all workers share.
 * A host is an IPv4 address, also one in IPv6, or an IPv6 /64: a single machine is often given
 * that many addresses (RFC 6177). Clients of unix and vsock sockets have no host.
 */
#ifndef NET_HOST_LIMIT_H
#define NET_HOST_LIMIT_H

#include <pthread.h>
#include <stdint.h>

#include "base/addr.h"

/* Memory is allocated per host that is connected, and not before. */
struct host_limit {
    uint64_t max; /* connections of each host at a time */
    pthread_mutex_t lock;
    void *hosts; /* of tsearch(3): balanced, so that no choice of addresses makes it slow */
};

#define HOST_LIMIT_INIT                   \
    {                                     \
        .lock = PTHREAD_MUTEX_INITIALIZER \
    }

struct host;

enum host_limit_result {
    HOST_LIMIT_TAKEN,
    HOST_LIMIT_REACHED,
    HOST_LIMIT_NO_MEMORY,
};

/* Counts a connection from a; any thread may. *host is what to release once the connection is
 * over; NULL: nothing was counted. */
enum host_limit_result host_limit_take(struct host_limit *l, const struct addr *a,
                                       struct host **host);

/* Counts a connection out; any thread may. h may be NULL. */
void host_limit_release(struct host *h);

#endif
