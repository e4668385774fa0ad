/* Owns what the two ends of a stream are called. Reads and writes nothing. */
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

void stream_release_names(struct stream *s)
{
    const char *names[] = {s->name, s->local_name};

    for (size_t i = 0; i < 2; i++)
        if (names[i] != NULL)
            loop_free_later(s->loop,
                            &container_of((char *)names[i], struct lasting_text, text)->deferred);
}

const char *stream_name(struct stream *s)
{
    char text[ADDR_TEXT_SIZE];

    if (s->name == NULL)
        s->name = copy_text(addr_format(&s->peer, text));
    return s->name != NULL ? s->name : "the peer";
}

const char *stream_local_name(struct stream *s)
{
    char text[ADDR_TEXT_SIZE];
    struct addr a = {.length = sizeof(a.un)};

    if (s->local_name == NULL && s->peer.sa.sa_family != 0 &&
        getsockname(s->transport.fd, &a.sa, &a.length) == 0 && a.length > sizeof(sa_family_t)) {
        addr_unmap(&a);
        s->local_name = copy_text(addr_format(&a, text));
    }
    return s->local_name;
}

const struct addr *stream_peer(const struct stream *s)
{
    return &s->peer;
}

int stream_set_ends(struct stream *s, const struct addr *peer, const char *peer_name,
                    const char *local_name)
{
    stream_release_names(s);
    stream_set_peer(s, peer);
    s->name = copy_text(peer_name);
    s->local_name = copy_text(local_name);
    return s->name != NULL && s->local_name != NULL ? 0 : -1;
}
