/* Owns the addresses of both ends of a connection, and their names. Reads and writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "core/stream_private.h"

void stream_set_peer(struct stream *s, const struct addr *peer)
{
    memcpy(&s->peer, peer, offsetof(struct addr, sa) + peer->length);
}

/* The names of a connection outlive the stream until the round is over. */
struct lasting_text {
    struct deferred deferred;
    char text[];
};

static const char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    struct lasting_text *copy = malloc(sizeof(*copy) + size);

    return copy != NULL ? memcpy(copy->text, text, size) : NULL;
}

/* This end of a connection. */
struct stream_local {
    struct deferred deferred;
    struct addr address;
    char name[];
};

static struct stream_local *copy_local(const struct addr *a, const char *name)
{
    size_t size = strlen(name) + 1;
    struct stream_local *copy = malloc(sizeof(*copy) + size);

    if (copy == NULL)
        return NULL;
    copy->address = *a;
    memcpy(copy->name, name, size);
    return copy;
}

void stream_release_names(struct stream *s)
{
    if (s->name != NULL)
        loop_free_later(s->loop,
                        &container_of((char *)s->name, struct lasting_text, text)->deferred);
    if (s->local != NULL)
        loop_free_later(s->loop, &s->local->deferred);
}

const char *stream_name(struct stream *s)
{
    char text[ADDR_TEXT_SIZE];

    if (s->name == NULL)
        s->name = copy_text(addr_format(&s->peer, text));
    return s->name != NULL ? s->name : "the peer";
}

static const struct stream_local *find_local(struct stream *s)
{
    char text[ADDR_TEXT_SIZE];
    struct addr a = {.length = sizeof(a.un)};

    if (s->local == NULL && s->peer.sa.sa_family != 0 &&
        getsockname(s->transport.fd, &a.sa, &a.length) == 0 && a.length > sizeof(sa_family_t)) {
        addr_unmap(&a);
        s->local = copy_local(&a, addr_format(&a, text));
    }
    return s->local;
}

const char *stream_local_name(struct stream *s)
{
    const struct stream_local *local = find_local(s);

    return local != NULL ? local->name : NULL;
}

const struct addr *stream_local(struct stream *s)
{
    const struct stream_local *local = find_local(s);

    return local != NULL ? &local->address : NULL;
}

const struct addr *stream_peer(const struct stream *s)
{
    return &s->peer;
}

int stream_set_ends(struct stream *s, const struct addr *peer, const char *peer_name,
                    const struct addr *local, const char *local_name)
{
    stream_release_names(s);
    stream_set_peer(s, peer);
    s->name = copy_text(peer_name);
    s->local = copy_local(local, local_name);
    return s->name != NULL && s->local != NULL ? 0 : -1;
}
