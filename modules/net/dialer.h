/* One race for a connection: every address of a name, IPv6 and IPv4 in turn, as RFC 8305
 * ("Happy Eyeballs") describes it, within a time limit. */
#ifndef NET_DIALER_H
#define NET_DIALER_H

#include "core/stream.h"
#include "net/socket.h"

struct dialer;

/* Words and addresses have to stay while the dialer lives. */
struct dialer_target {
    const char *host;
    unsigned port;                 /* 0: host is a whole address (addr_parse()) */
    const struct addr_list *known; /* addresses of host, of any port; NULL: host is looked up */
    int family;                    /* AF_UNSPEC, AF_INET or AF_INET6 */
    const struct addr *local;      /* to connect from; NULL: any */
    unsigned local_port;           /* without local: the port to connect from; 0: any */
    int64_t timeout_ms;            /* covers the look-up and every address; 0: none */
    bool is_named;                 /* the caller names host in its messages */
    struct socket_options socket;
};

struct dialer_events {
    /* Connected: the callee owns s. */
    void (*on_connected)(void *arg, struct stream *s);
    /* why names every address that was tried, unless it is the only one and host is_named,
     * and its cause. Its number is that of the last address, EACCES for one that was refused,
     * but that of a socket_is_own_failure() where there was one. */
    void (*on_failed)(void *arg, struct error *why);
    /* NULL, or returns why an address must not be connected to; NULL: it may be. */
    const char *(*refuses)(void *arg, const struct addr *a);
};

/* Starts; one of the callbacks comes from the loop, once, and the dialer is gone then.
 * Returns NULL with err filled when it cannot start. */
struct dialer *dialer_start(struct loop *l, const struct dialer_target *target,
                            const struct dialer_events *events, void *arg, struct error *err);

/* Gives up; no callback comes. NULL is allowed; after the callback it is wrong. */
void dialer_cancel(struct dialer *d);

#endif
