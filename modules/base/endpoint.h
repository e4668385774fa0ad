/* The words that people write for a place to connect to or to listen on. */
#ifndef BASE_ENDPOINT_H
#define BASE_ENDPOINT_H

#include "base/addr.h"

/* A host and a port as words; both owned, either may be NULL. */
struct endpoint {
    char *host;
    char *port;
    struct addr address; /* of a host that is an address by itself (addr_parse()), which no
                          * port follows; else without a family */
};

/*
 * Takes apart "HOST", "HOST:PORT", "V6", "[V6]" or "[V6]:PORT". A word with two or more
 * colons and no brackets is an IPv6 address without a port; a word with a slash is a path,
 * whose host becomes "unix:PATH". Fullwidth characters are read as ASCII, except in a path.
 * Returns 0, or -1 with a usage error that quotes the word; for a URL, the error shows its
 * host and port.
 */
int endpoint_parse(const char *word, struct endpoint *e, struct error *err);

/* The same for a local address, which may also be ":PORT": the host is NULL then. */
int endpoint_parse_local(const char *word, struct endpoint *e, struct error *err);

/* The only possible kind of a single word; a name may be of any kind. */
enum endpoint_kind {
    ENDPOINT_NONE,
    ENDPOINT_PORT,    /* a number */
    ENDPOINT_ADDRESS, /* a number, or with a port, or an address by itself */
};
enum endpoint_kind endpoint_kind(const char *word);

/* Returns "[::1]:80" for "::1:80", an IPv6 address that may be meant to have a port; NULL for
 * all other words. To be freed. */
char *endpoint_with_brackets(const char *word);

/* Frees both words. */
void endpoint_clear(struct endpoint *e);

/* Reads a port number from min (0 or 1) to 65535, or the name of a TCP service
 * (services(5)). Returns 0, or -1 with a usage error that quotes the word. */
int endpoint_parse_port(const char *word, unsigned min, unsigned *port, struct error *err);

#endif
