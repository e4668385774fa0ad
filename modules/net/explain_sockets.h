/* What has to be known of each socket to tell what a call means. */
#ifndef NET_EXPLAIN_SOCKETS_H
#define NET_EXPLAIN_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct explain_socket {
    unsigned steps;   /* of its own */
    bool is_numbered; /* by itself */
    bool is_listening;
    bool is_tcp;
    bool is_connected;
    bool has_local_port; /* chosen by bind(2) */
    bool has_tls;
    bool got_tls; /* a message of the peer */
    bool is_lent;
    bool moved; /* something, since the last stage */
    bool sent_data;
    bool sent_fin;
    bool peer_fin;
    bool peer_fin_first;
    bool was_reset;
    int64_t began_ns; /* to connect; 0: not yet */
    char label[ADDR_TEXT_SIZE];
};

/* The sockets by descriptor; {0} has none. */
struct explain_sockets {
    struct explain_socket **items;
    size_t size;
};

/* Returns a socket, or NULL. */
struct explain_socket *explain_sockets_find(const struct explain_sockets *s, int fd);

/* Adds a socket of the family of a, in the place of one that had the descriptor before. Returns
 * NULL without memory. */
struct explain_socket *explain_sockets_add(struct explain_sockets *s, int fd, const struct addr *a);

void explain_sockets_remove(struct explain_sockets *s, int fd);

#endif
