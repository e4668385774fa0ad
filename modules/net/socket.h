/*
 * One function per socket act. Nothing here knows a loop, prints or blocks,
 * except name resolution. Sockets are made non-blocking and close-on-exec.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* What can be set on a connected socket; 0 leaves the system's default. */
struct socket_options {
    bool nodelay;            /* TCP_NODELAY, tcp(7) */
    bool keepalive;          /* SO_KEEPALIVE, socket(7) */
    int64_t keepalive_ms;    /* TCP_KEEPIDLE, rounded up to seconds */
    int64_t user_timeout_ms; /* TCP_USER_TIMEOUT */
};

/* Addresses in the order in which to use them. */
struct addr_list {
    struct addr *items; /* owned */
    size_t count;
};

/*
 * Resolves host (a name or a number; NULL: every local address, for listening)
 * with the given port, in family (AF_INET, AF_INET6, AF_UNSPEC), by
 * getaddrinfo(3): this blocks while the resolver asks. Returns 0 with at least
 * one address, or -1 with err filled.
 */
int socket_resolve(const char *host, unsigned port, int family, bool listening,
                   struct addr_list *list, struct error *err);

/* The same for numbers only, which never blocks: returns 1 when host is one, 0
 * when it is a name, -1 with err filled. */
int socket_resolve_number(const char *host, unsigned port, int family, struct addr_list *list,
                          struct error *err);

void addr_list_clear(struct addr_list *list);

/* A listening socket at a, SO_REUSEADDR set, SO_REUSEPORT not, IPv6 sockets for
 * IPv6 only; *actual is what the system bound. Returns the descriptor or -1. */
int socket_listen(const struct addr *a, int backlog, struct addr *actual, struct error *err);

/* What listen(2) silently cuts a backlog to (net.core.somaxconn), or -1 when
 * that cannot be read. */
int socket_backlog_limit(void);

/* Accepts a connection and learns its address. Returns the descriptor, or -1
 * with errno set. */
int socket_accept(int listener, struct addr *peer);

/* A socket that begins to connect to peer, from local unless NULL. Returns the
 * descriptor, or -1 with errno set; *local_failed then says whether it was the
 * local address that could not be had. */
int socket_connect(const struct addr *peer, const struct addr *local, bool *local_failed);

/* The pending error of a socket (SO_ERROR), which this clears: 0 or an errno. */
int socket_error(int fd);

/* The socket's own address. */
int socket_local_addr(int fd, struct addr *a);

/* Sets the options; a system that lacks one is an error. Returns 0 or -1. */
int socket_configure(int fd, const struct socket_options *o, struct error *err);

/* How many bytes, the end of data included, the peer has not acknowledged yet
 * (SIOCOUTQ, tcp(7)); 0 when that cannot be asked. */
size_t socket_unacknowledged(int fd);

/* How many bytes have come and were not read (SIOCINQ, tcp(7)). */
size_t socket_unread(int fd);

/* As many have to have come before the socket counts as readable, unless its end has
 * (SO_RCVLOWAT, socket(7)). Best effort. */
void socket_set_low_water(int fd, int bytes);

/* What TCP has measured of a connection (TCP_INFO, tcp(7)). */
struct socket_measures {
    uint32_t round_trip_us;
    uint32_t retransmitted; /* segments */
};

/* Returns 0, or -1 with errno set. */
int socket_measure(int fd, struct socket_measures *m);

#endif
