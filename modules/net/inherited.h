/*
 * Sockets that the program was started with: those of systemd, as sd_listen_fds(3) describes
 * them, and the client of inetd, which is standard input and output.
 */
#ifndef NET_INHERITED_H
#define NET_INHERITED_H

#include <stdbool.h>
#include <stddef.h>

#include "net/socket.h"

struct inherited {
    int first;          /* descriptor */
    size_t count;       /* 0: none */
    bool is_connection; /* the only one is a client, not a listening socket */
    bool is_standard;   /* the client was standard input and output */
};

/* Reads the values of LISTEN_PID and LISTEN_FDS; either may be NULL. Returns the number of
 * sockets that are meant for the process own, 0 for none, or -1 with err filled. */
int inherited_count(const char *pid, const char *count, pid_t own, struct error *err);

/*
 * Looks at the environment, from which the variables of systemd are removed, and at standard
 * input and output if may_be_standard. Call it once, before other descriptors are opened.
 * Returns 0, or -1 with err filled for sockets of another kind.
 */
int inherited_find(struct inherited *i, bool may_be_standard, struct error *err);

/* Moves a client that is standard input and output to a descriptor of its own, and puts
 * /dev/null in its place, also on standard error: what is printed or reported must not reach the
 * client between its data. Returns 0, or -1 with err filled. */
int inherited_detach(struct inherited *i, struct error *err);

/* Makes an inherited socket one like those of socket_listen(), and finds its address. Returns 0,
 * or -1 with err filled. */
int inherited_listen(int fd, const struct socket_options *o, struct addr *actual,
                     struct error *err);

/* Makes an inherited connection one like those of socket_accept(), and finds its peer. Returns
 * 0, or -1 with err filled. */
int inherited_connect(int fd, const struct socket_options *o, struct addr *peer, struct error *err);

#endif
