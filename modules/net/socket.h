/*
 * One function per act on a socket, and the transport over one. Nothing here prints or
 * blocks. Sockets are made non-blocking and close-on-exec.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stream.h"
#include "net/socket_file.h"

/* What can be set on a connected TCP socket; 0 leaves the system's default. */
struct socket_options {
    bool nodelay;            /* TCP_NODELAY, tcp(7) */
    bool keepalive;          /* SO_KEEPALIVE, socket(7) */
    int64_t keepalive_ms;    /* TCP_KEEPIDLE, rounded up to seconds */
    int64_t user_timeout_ms; /* TCP_USER_TIMEOUT */
};

struct socket_listen_plan {
    int backlog;
    struct socket_file_options file;
    struct socket_options socket; /* of every connection: accepted sockets inherit them */
};

/* Returns a listening socket at a, or -1 with err filled: SO_REUSEADDR is set,
 * SO_REUSEPORT is not, IPv6 sockets take IPv6 only. *actual is what the system bound, *file
 * the file that a unix socket has; call socket_file_remove() before the socket is closed. */
int socket_listen(const struct addr *a, const struct socket_listen_plan *p, struct addr *actual,
                  struct socket_file *file, struct error *err);

/* Binds the socket; as bind(2). */
int socket_bind(int fd, const struct addr *a);

/* Returns what listen(2) silently cuts a backlog to (net.core.somaxconn), or -1 when that
 * cannot be read. */
int socket_backlog_limit(void);

/* Accepts a connection and its address. Clients of a unix socket have no name: they get that
 * of the listener, which is at address, and their process. Returns the descriptor, or -1 with
 * errno set. */
int socket_accept(int listener, const struct addr *address, struct addr *peer);

/* Finds the address of the peer of a connection, as socket_accept() gives it. Returns 0, or -1
 * with errno set. */
int socket_find_peer(int fd, struct addr *peer);

/* Returns true for an errno of socket_accept() that belongs to a connection that is gone
 * already: another one may be accepted; accept(2). */
bool socket_accept_can_go_on(int number);

enum socket_progress {
    SOCKET_CONNECTED,
    SOCKET_CONNECTING,   /* until EPOLLOUT */
    SOCKET_LOCAL_FAILED, /* the local address cannot be used */
    SOCKET_FAILED,
};

/* Returns a socket that begins to connect to peer, from local unless NULL, or -1 with errno
 * set, and how far it is. EAGAIN: the backlog of a unix socket is full; try again later. */
int socket_connect(const struct addr *peer, const struct addr *local, enum socket_progress *how);

/* Closes a socket; abort: with a reset, so that the peer does not take it for an end of data. */
void socket_close(int fd, bool abort);

/* Returns the pending error of a socket (SO_ERROR), which this clears: 0 or an errno. */
int socket_error(int fd);

/* Returns true for an errno that says nothing about the peer: this side has failed. */
bool socket_is_own_failure(int number);

/* Returns the outcome of a connect that was in progress: 0 or an errno. A connection to itself
 * is none: TCP allows that where no server listens. */
int socket_connect_outcome(int fd, const struct addr *peer);

/* Finds out which process is at the other end of a connected unix socket (SO_PEERCRED). */
void socket_find_process(int fd, struct addr *peer);

/* Sets the options of a TCP socket at a, other sockets have none; a system that lacks one is
 * an error. Returns 0 or -1. */
int socket_configure(int fd, const struct addr *a, const struct socket_options *o,
                     struct error *err);

/* Makes a stream of a connected socket, which is taken over. Returns NULL with err filled,
 * and the socket closed, when there is no memory. */
struct stream *socket_open(struct loop *l, int fd, const struct addr *peer, struct error *err);

/* What TCP has measured of a connection (TCP_INFO, tcp(7)). */
struct socket_measures {
    uint32_t round_trip_us;
    uint32_t retransmitted;     /* segments */
    uint32_t congestion_window; /* segments */
    uint8_t state;              /* TCP_ESTABLISHED and so on */
};

/* Returns 0, or -1 with errno set. */
int socket_measure(int fd, struct socket_measures *m);

#endif
