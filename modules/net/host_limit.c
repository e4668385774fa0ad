/* Owns the counting of connections by host. Accepts and refuses no one. */
#include "net/host_limit.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct host {
    bool is_ipv4;
    uint64_t network; /* in network byte order: the address of IPv4, or the /64 */
    uint64_t connections;
    struct host_limit *limit;
};

/* Returns false for an address that is not of IP. */
static bool identify(struct host *h, const struct addr *a)
{
    const struct in6_addr *ipv6 = &a->in6.sin6_addr;
    bool is_mapped = a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(ipv6);

    h->is_ipv4 = a->sa.sa_family == AF_INET || is_mapped;
    if (is_mapped)
        memcpy(&h->network, &ipv6->s6_addr[12], sizeof(a->in.sin_addr));
    else if (h->is_ipv4)
        memcpy(&h->network, &a->in.sin_addr, sizeof(a->in.sin_addr));
    else if (a->sa.sa_family == AF_INET6)
        memcpy(&h->network, ipv6, sizeof(h->network));
    return h->is_ipv4 || a->sa.sa_family == AF_INET6;
}

static int compare(const void *a, const void *b)
{
    const struct host *one = a, *other = b;

    if (one->is_ipv4 != other->is_ipv4)
        return one->is_ipv4 ? 1 : -1;
    return (one->network > other->network) - (one->network < other->network);
}

/* Returns the host that is like this one, with the lock held; NULL: no memory. */
static struct host *find_or_add(struct host_limit *l, const struct host *like)
{
    struct host *const *found = tfind(like, &l->hosts, compare);
    struct host *new;

    if (found != NULL)
        return *found;
    new = malloc(sizeof(*new));
    if (new == NULL)
        return NULL;
    *new = *like;
    if (tsearch(new, &l->hosts, compare) != NULL)
        return new;
    free(new);
    return NULL;
}

enum host_limit_result host_limit_take(struct host_limit *l, const struct addr *a,
                                       struct host **host)
{
    struct host like = {.limit = l}, *h;
    enum host_limit_result result = HOST_LIMIT_TAKEN;

    *host = NULL;
    if (!identify(&like, a))
        return result;
    pthread_mutex_lock(&l->lock);
    h = find_or_add(l, &like);
    if (h == NULL) {
        result = HOST_LIMIT_NO_MEMORY;
    } else if (h->connections == l->max) {
        result = HOST_LIMIT_REACHED;
    } else {
        h->connections++;
        *host = h;
    }
    pthread_mutex_unlock(&l->lock);
    return result;
}

void host_limit_release(struct host *h)
{
    struct host_limit *l;

    if (h == NULL)
        return;
    l = h->limit;
    pthread_mutex_lock(&l->lock);
    if (--h->connections == 0) {
        tdelete(h, &l->hosts, compare);
        free(h);
    }
    pthread_mutex_unlock(&l->lock);
}
