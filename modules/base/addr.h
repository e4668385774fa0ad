/* Socket addresses, and the words people write for them. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"

/* An IPv4 or IPv6 address with a port; length is what the kernel is told. */
struct addr {
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
    socklen_t length;
};

/* Room for the longest text that addr_format() writes: an IPv6 address with its
 * zone in brackets, a colon, a port. */
#define ADDR_TEXT_SIZE (INET6_ADDRSTRLEN + 16 + sizeof("[%]:65535"))

/* Writes "192.0.2.1:80" or "[2001:db8::1]:80" into text, which has room for
 * ADDR_TEXT_SIZE bytes, and returns it. */
char *addr_format(const struct addr *a, char *text);

/* True for the same address with the same port. */
bool addr_equals(const struct addr *a, const struct addr *b);

/* The port, in host order; and setting it. */
unsigned addr_port(const struct addr *a);
void addr_set_port(struct addr *a, unsigned port);

/* A host and a port as words; both owned, either may be NULL. */
struct endpoint {
    char *host;
    char *port;
};

/*
 * Takes apart "HOST", "HOST:PORT", "V6", "[V6]" or "[V6]:PORT". A word with two
 * or more colons and no brackets is an IPv6 address without a port. Returns 0,
 * or -1 with a usage error that quotes the word.
 */
int endpoint_parse(const char *word, struct endpoint *e, struct error *err);

/* Frees both words. */
void endpoint_clear(struct endpoint *e);

/* A port number from min (0 or 1) to 65535, or the name of a TCP service
 * (services(5)). Returns 0, or -1 with a usage error that quotes the word. */
int port_parse(const char *word, unsigned min, unsigned *port, struct error *err);

#endif
