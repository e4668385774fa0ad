/* Owns the memory of what is known of sockets. */
#include "net/explain_sockets.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 64 };

struct explain_socket *explain_sockets_find(const struct explain_sockets *s, int fd)
{
    return fd >= 0 && (size_t)fd < s->size ? s->items[fd] : NULL;
}

/* Makes a place for fd. Returns 0, or -1 without memory. */
static int grow(struct explain_sockets *s, size_t fd)
{
    size_t size = s->size > 0 ? s->size : FIRST_SIZE;
    struct explain_socket **items;

    while (size <= fd)
        size *= 2;
    items = reallocarray(s->items, size, sizeof(struct explain_socket *));
    if (items == NULL)
        return -1;
    memset(items + s->size, 0, (size - s->size) * sizeof(struct explain_socket *));
    s->items = items;
    s->size = size;
    return 0;
}

struct explain_socket *explain_sockets_add(struct explain_sockets *s, int fd, const struct addr *a)
{
    struct explain_socket *new;

    if ((size_t)fd >= s->size && grow(s, (size_t)fd) < 0)
        return NULL;
    explain_sockets_remove(s, fd);
    new = calloc(1, sizeof(*new));
    if (new != NULL)
        new->is_tcp = addr_is_tcp(a);
    s->items[fd] = new;
    return new;
}

void explain_sockets_remove(struct explain_sockets *s, int fd)
{
    if (explain_sockets_find(s, fd) == NULL)
        return;
    free(s->items[fd]);
    s->items[fd] = NULL;
}
