/*
 * Connects to one of several targets, through the stages of a connection: races the
 * addresses of a name (dialer.c), then tries the next target, then, for as long as the
 * caller wants, all of them again.
 */
#ifndef NET_CONNECT_H
#define NET_CONNECT_H

#include "base/buf.h"
#include "core/stage.h"
#include "net/socket.h"

struct connect_target {
    const char *host;
    unsigned port;
    const struct addr_list *known; /* addresses of host, of any port; NULL: it is looked up */
    struct stage_plan own_stage;   /* between those of the plan; without make: none */
};

/* What the stage of a proxy leaves behind: for the next connection to the proxy, which it asks
 * for with STAGE_RECONNECT, and for the one that connects. */
struct connect_hop_state {
    struct buf message; /* to begin with */
    bool reconnected;   /* it has asked once */
    bool replied;       /* and said something of the target; what follows is the target's doing */
    bool connected;     /* to the target, whose name messages have from then on */
};

/* What the stage of a proxy is made from. */
struct connect_hop {
    const struct connect_target *target; /* of the moment */
    const void *config;
    struct connect_hop_state *state; /* {0} for each target */
};

/* A proxy that is connected to instead of the targets, which it finds by itself. */
struct connect_proxy {
    struct connect_target at;
    struct stage_plan first;                                   /* without make: none */
    struct stage *(*make)(const void *hop, struct error *err); /* of a struct connect_hop */
    const void *config;
};

/* Words, targets, proxy and stages have to stay while it connects. */
struct connect_plan {
    const struct connect_target *targets; /* in order */
    size_t count;
    size_t first;  /* target, after which the others follow in turn */
    bool is_named; /* the caller names the only target in its messages */
    int family;
    const char *bind;     /* ADDR, ADDR:PORT or :PORT to connect from, or NULL */
    int64_t timeout_ms;   /* for each target: covers the look-up and every address; 0: none */
    int64_t handshake_ms; /* after that: covers the stages; 0: none */
    int64_t retry_ms;     /* begin new tries for so long; 0: one try */
    struct socket_options socket;
    const struct connect_proxy *proxy; /* NULL: none */
    struct stage_plan first_stage;     /* after the proxy's; without make: none */
    struct stage_plan last_stage;
};

struct connect_events {
    /* The callee owns s. */
    void (*on_connected)(void *arg, struct stream *s);
    /* why names every target and its cause. Its number is that of struct dialer_events, for
     * one target. */
    void (*on_failed)(void *arg, struct error *why);
    /* A try has failed, and others follow for left_ms. May be NULL. */
    void (*on_retry)(void *arg, const struct error *why, int64_t left_ms);
    /* As in struct dialer_events. */
    const char *(*refuses)(void *arg, const struct addr *a);
};

struct connecting;

/* Starts; on_connected or on_failed comes from the loop, once, and the connecting is gone
 * then. Returns NULL with err filled when the plan is unusable. */
struct connecting *connect_start(struct loop *l, const struct connect_plan *plan,
                                 const struct connect_events *events, void *arg, struct error *err);

/* Gives up; no callback comes. NULL is allowed; after the callback it is wrong. */
void connect_cancel(struct connecting *c);

#endif
