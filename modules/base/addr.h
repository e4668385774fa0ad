/* Socket addresses. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

#include "base/error.h"

/* The address of a TCP, unix or vsock socket; length is the size that the kernel expects. A
 * unix socket without a name, or with one that is kept elsewhere, has a family only. */
struct addr {
    socklen_t length;
    pid_t pid; /* of the process at the other end of a unix socket; 0: unknown */
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_vm vm;
    };
};

/* Addresses in the order in which to use them; items is owned. */
struct addr_list {
    struct addr *items;
    size_t count;
};

void addr_list_clear(struct addr_list *list);

/* The size of the longest text that addr_format() writes: a path with a process. */
#define ADDR_TEXT_SIZE (sizeof("unix:") + sizeof(struct sockaddr_un) + sizeof(" (pid 4194304)"))

/* Writes "192.0.2.1:80", "[2001:db8::1]:80", "unix:/run/it", "unix:@it (pid 17)" or
 * "vsock:3:80" into text, which has ADDR_TEXT_SIZE bytes, and returns text. */
char *addr_format(const struct addr *a, char *text);

enum addr_word { ADDR_WHOLE, ADDR_IS_HOST, ADDR_MALFORMED };

/* Reads a word that is an address by itself, without a port beside it: "unix:PATH",
 * "unix:@NAME" (abstract, unix(7)), "vsock:CID:PORT", where CID may be "any" and PORT 0 lets
 * the kernel choose. ADDR_MALFORMED: err has a usage error that quotes the word. */
enum addr_word addr_parse(const char *word, struct addr *a, struct error *err);
/* Makes a the address that stands for every local one of a family (AF_INET, AF_INET6). */
void addr_set_any(struct addr *a, int family, unsigned port);

/* Makes an IPv4 address of one in IPv6 form (::ffff:192.0.2.1): the client of an IPv6 socket that
 * takes IPv4, too; ipv6(7). */
void addr_unmap(struct addr *a);

/* Returns true for the same address with the same port. */
bool addr_equals(const struct addr *a, const struct addr *b);

/* Returns true for an address of TCP: IPv4 or IPv6. */
bool addr_is_tcp(const struct addr *a);

/* Returns true for an address that has a file: a unix socket that is not abstract. */
bool addr_is_file(const struct addr *a);

/* Returns the port, in host order; unix sockets have none, which is 0. Sets the port of an
 * IPv4 or IPv6 address; others keep what they have. */
unsigned addr_port(const struct addr *a);
void addr_set_port(struct addr *a, unsigned port);

#endif
