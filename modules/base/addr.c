/* Owns the textual form of socket addresses. Opens no sockets, resolves no names. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void addr_set_any(struct addr *a, int family, unsigned port)
{
    *a = (struct addr){.length = family == AF_INET ? sizeof(a->in) : sizeof(a->in6)};
    a->sa.sa_family = (sa_family_t)family;
    addr_set_port(a, port);
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

void addr_list_clear(struct addr_list *list)
{
    free(list->items);
    *list = (struct addr_list){0};
}
