/* Owns the textual forms of addresses and ports. Opens no sockets, resolves no names. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

char *addr_format(const struct addr *a, char *text)
{
    char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "";

    if (a->sa.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
        snprintf(text, ADDR_TEXT_SIZE, "%s:%u", host, addr_port(a));
        return text;
    }
    inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
    if (a->in6.sin6_scope_id != 0) {
        zone[0] = '%';
        if (if_indextoname(a->in6.sin6_scope_id, zone + 1) == NULL)
            snprintf(zone + 1, sizeof(zone) - 1, "%u", a->in6.sin6_scope_id);
    }
    snprintf(text, ADDR_TEXT_SIZE, "[%s%s]:%u", host, zone, addr_port(a));
    return text;
}

bool addr_equals(const struct addr *a, const struct addr *b)
{
    char text[ADDR_TEXT_SIZE], other[ADDR_TEXT_SIZE];

    return strcmp(addr_format(a, text), addr_format(b, other)) == 0;
}

unsigned addr_port(const struct addr *a)
{
    return ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

void addr_set_port(struct addr *a, unsigned port)
{
    if (a->sa.sa_family == AF_INET)
        a->in.sin_port = htons((uint16_t)port);
    else
        a->in6.sin6_port = htons((uint16_t)port);
}

/* The copies of the two parts; port is NULL where there is none. */
static int endpoint_set(struct endpoint *e, const char *host, size_t host_length, const char *port,
                        struct error *err)
{
    e->host = strndup(host, host_length);
    e->port = port != NULL ? strdup(port) : NULL;
    if (e->host == NULL || (port != NULL && e->port == NULL)) {
        endpoint_clear(e);
        error_errno(err, ENOMEM, "reading \"%s\"", host);
        return -1;
    }
    return 0;
}

static int malformed(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "\"%s\" is not an address: %s", word, why);
    return -1;
}

int endpoint_parse(const char *word, struct endpoint *e, struct error *err)
{
    const char *colon = strchr(word, ':');

    *e = (struct endpoint){0};
    if (word[0] == '[') {
        const char *close = strchr(word, ']');

        if (close == NULL)
            return malformed(word, "a closing bracket is missing", err);
        if (close == word + 1)
            return malformed(word, "the brackets are empty", err);
        if (close[1] != '\0' && close[1] != ':')
            return malformed(word, "only :PORT may follow the bracket", err);
        return endpoint_set(e, word + 1, (size_t)(close - word - 1),
                            close[1] == ':' ? close + 2 : NULL, err);
    }
    if (word[0] == '\0' || colon == word)
        if (colon == NULL || colon[1] != ':')
            return malformed(word, "the host is empty", err);
    if (colon == NULL || strchr(colon + 1, ':') != NULL)
        return endpoint_set(e, word, strlen(word), NULL, err);
    return endpoint_set(e, word, (size_t)(colon - word), colon + 1, err);
}

void endpoint_clear(struct endpoint *e)
{
    free(e->host);
    free(e->port);
    *e = (struct endpoint){0};
}

int port_parse(const char *word, unsigned min, unsigned *port, struct error *err)
{
    uint64_t number;
    struct servent *service;

    if (num_parse(word, min, 65535, &number) == 0) {
        *port = (unsigned)number;
        return 0;
    }
    if (isalpha((unsigned char)word[0])) {
        service = getservbyname(word, "tcp");
        if (service != NULL) {
            *port = ntohs((uint16_t)service->s_port);
            return 0;
        }
    }
    error_set(err, EXITCODE_USAGE,
              "\"%s\" is not a port: give a number from %u to 65535 or the name of a service", word,
              min);
    return -1;
}
