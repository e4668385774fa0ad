/* Owns the life of a room. */
#include "chat/room.h"

#include <stdlib.h>

#include "chat/announce.h"
#include "chat/room_private.h"

struct room *room_new(struct loop *l, const struct room_options *options,
                      void (*on_quit)(void *arg), void *arg, struct error *err)
{
    const struct line_encoding_options encoding = {
        .encoding = options->encoding,
        .crlf = options->crlf,
        .incoming = options->incoming,
        .outgoing = options->outgoing,
        .incoming_count = options->incoming_count,
        .outgoing_count = options->outgoing_count,
    };
    struct room *r;

    if (options->buffer_bytes < ROOM_BUFFER_MIN) {
        error_set(err, EXITCODE_USAGE, "--buffer: a room needs at least %zu bytes",
                  ROOM_BUFFER_MIN);
        return NULL;
    }
    r = calloc(1, sizeof(*r));
    if (r == NULL) {
        error_set(err, EXITCODE_FAILED, "cannot open the room: out of memory");
        return NULL;
    }
    r->loop = l;
    r->on_quit = on_quit;
    r->arg = arg;
    r->history = options->history;
    r->log = shared_log_new(options->buffer_bytes);
    pace_init(&r->pace, l, r->log);
    r->pace.on_overrun = member_on_overrun;
    if (r->log != NULL && line_encoding_init(&r->encoding, &encoding, err) == 0)
        return r;
    if (r->log == NULL)
        error_set(err, EXITCODE_FAILED, "cannot open the room: out of memory");
    room_free(r);
    return NULL;
}

void room_free(struct room *r)
{
    if (r == NULL)
        return;
    pace_clear(&r->pace);
    shared_log_free(r->log);
    line_encoding_clear(&r->encoding);
    buf_free(&r->text);
    buf_free(&r->line);
    buf_free(&r->wire);
    free(r);
}

void room_close(struct room *r)
{
    announce_about(r, NULL, NULL, "the room closes");
    for (struct list *l = r->pace.readers.next; l != &r->pace.readers; l = l->next)
        member_quit(container_of(l, struct member, reader.link), true);
}

size_t room_count(const struct room *r)
{
    return r->count;
}

uint64_t room_unseen(const struct room *r)
{
    return r->unseen;
}

uint64_t room_unsaid(const struct room *r)
{
    return r->unsaid;
}

bool room_is_plain(const struct room *r)
{
    return line_encoding_is_plain(&r->encoding);
}

struct filter *room_decoder(const struct room *r, struct error *err)
{
    return line_encoding_decoder(&r->encoding, err);
}
