/* Socket addresses. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* An IPv4 or IPv6 address with a port; length is the size that the kernel expects. Of
 * other families only the family is kept. */
struct addr {
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
    socklen_t length;
};

/* Addresses in the order in which to use them; items is owned. */
struct addr_list {
    struct addr *items;
    size_t count;
};

void addr_list_clear(struct addr_list *list);

/* The size of the longest text that addr_format() writes: an IPv6 address with its zone in
 * brackets, a colon, a port. */
#define ADDR_TEXT_SIZE (INET6_ADDRSTRLEN + 16 + sizeof("[%]:65535"))

/* Writes "192.0.2.1:80" or "[2001:db8::1]:80" into text, which has ADDR_TEXT_SIZE bytes,
 * and returns text. */
char *addr_format(const struct addr *a, char *text);

/* Makes a the address that stands for every local one of a family (AF_INET, AF_INET6). */
void addr_set_any(struct addr *a, int family, unsigned port);

/* Returns true for the same address with the same port. */
bool addr_equals(const struct addr *a, const struct addr *b);

/* Returns and sets the port, in host order. */
unsigned addr_port(const struct addr *a);
void addr_set_port(struct addr *a, unsigned port);

#endif
