/*
 * Connects to a name: every address that it has, IPv6 and IPv4 raced as RFC 8305
 * ("Happy Eyeballs") says, within a time limit, and again for as long as is
 * wanted.
 */
#ifndef NET_DIALER_H
#define NET_DIALER_H

#include "core/loop.h"
#include "net/socket.h"

struct dialer;

/* Words are not copied; they must stay while the dialer lives. */
struct dialer_target {
    const char *host;
    unsigned port;
    int family;         /* AF_UNSPEC, AF_INET or AF_INET6 */
    const char *bind;   /* ADDR or ADDR:PORT to connect from, or NULL */
    int64_t timeout_ms; /* for one try: the lookup and every address; 0: none */
    int64_t retry_ms;   /* begin new tries for so long; 0: one try */
};

struct dialer_events {
    /* Connected: the callee owns fd. */
    void (*on_connected)(void *arg, int fd, const struct addr *peer);
    /* Every try has failed; one sentence names every address and its cause. */
    void (*on_failed)(void *arg, struct error *why);
    /* A try has failed and another follows. May be NULL. */
    void (*on_retry)(void *arg, const struct error *why);
};

/* Starts; one of the callbacks comes from the loop, once, and the dialer is gone
 * after it. Returns NULL with err filled when the target is unusable. */
struct dialer *dialer_start(struct loop *l, const struct dialer_target *target,
                            const struct dialer_events *events, void *arg, struct error *err);

/* Gives up; no callback comes. NULL is fine; after the callback it is wrong. */
void dialer_cancel(struct dialer *d);

#endif
