/* The ADDRESSes of wait: where to connect, and how messages name it. */
#ifndef COMMANDS_WAIT_ADDRESS_H
#define COMMANDS_WAIT_ADDRESS_H

#include "commands/connecting.h"

struct wait_address {
    struct connecting_words words; /* the target's port is the first one */
    unsigned last_port;
    struct addr_list known; /* addresses of a range's host, once it is looked up */
    struct connect_plan plan;
};

struct wait_addresses {
    struct wait_address *items; /* owned */
    size_t count;
};

/* Reads HOST:PORT, HOST PORT, or addresses of another kind, as many as there are; ranges: PORT
 * may be FIRST-LAST. Returns 0, or -1 with err filled. */
int wait_address_read(struct wait_addresses *list, int count, char **words, bool ranges,
                      struct error *err);
void wait_address_clear(struct wait_addresses *list);

/* Returns how many ports the address stands for. */
size_t wait_address_ports(const struct wait_address *a);

/* Returns "HOST:PORT", or an address of another kind as it was typed; to be freed. NULL without
 * memory. */
char *wait_address_name(const struct wait_address *a, unsigned port);

#endif
