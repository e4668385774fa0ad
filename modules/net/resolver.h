/* Name resolution that does not hold up the loop: getaddrinfo(3) in a thread. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "core/loop.h"
#include "net/socket.h"

struct resolver;

/*
 * Looks host up. on_done comes from the loop, once: with addresses (the callee
 * takes over what list holds), or with none and why (to be moved or left).
 * Numbers need no thread, but answer through the loop too. Returns NULL with err
 * filled when it cannot start.
 */
struct resolver *resolver_start(struct loop *l, const char *host, unsigned port, int family,
                                void (*on_done)(void *arg, struct addr_list *list,
                                                struct error *why),
                                void *arg, struct error *err);

/* Forgets the question; on_done never comes. The thread ends by itself when the
 * system answers it. NULL is fine; after on_done it is wrong. */
void resolver_cancel(struct resolver *r);

#endif
