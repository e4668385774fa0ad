/* Name resolution that does not hold up the loop: getaddrinfo(3) in a thread, or no look-up
 * where the word is an address. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "base/addr.h"
#include "core/run.h"

/* What is looked up; the words have to stay until it is found. */
struct resolver_question {
    const char *host; /* a name, a number or a whole address (addr_parse()); NULL: every
                       * local address */
    unsigned port;
    int family;     /* AF_UNSPEC, AF_INET or AF_INET6 */
    bool listening; /* for bind(2) rather than for connect(2) */
};

struct resolver;

/*
 * Looks the host up. on_done is called once, from the loop: with addresses in the order in
 * which to use them (the callee takes over what list holds), or with none and why (to be
 * moved or left). Returns NULL with err filled when it cannot start.
 */
struct resolver *resolver_start(struct loop *l, const struct resolver_question *q,
                                void (*on_done)(void *arg, struct addr_list *list,
                                                struct error *why),
                                void *arg, struct error *err);

/* Forgets the question; on_done is never called. The thread ends by itself when the system
 * answers. r may be NULL, but must not be one whose on_done was called. */
void resolver_cancel(struct resolver *r);

/* Looks the host up and runs the loop of r until it is found. Returns 0, or -1 with err
 * filled; err is empty when the run has ended before. */
int resolver_look_up(struct run *r, const struct resolver_question *q, struct addr_list *list,
                     struct error *err);

#endif
