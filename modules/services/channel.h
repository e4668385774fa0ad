/*
 * A channel: bytes that go to all of its subscribers, each from the time when it joined,
 * through one shared log. Each subscriber is a stream.
 *
 *   read    IO_AGAIN   nothing new
 *           IO_END     the channel has ended, and the subscriber has received everything
 *           IO_FAILED  the subscriber fell behind by the whole log; or the channel was cut off
 *   borrow  lists the log's own memory: no copy for each subscriber
 *   write   of one that publishes: the bytes go, unchanged, to all others; those of one write of
 *           at most channel_piece_max() are never parted by others.
 *           IO_AGAIN: a subscriber that reads is half the log behind
 *           of one that listens: the bytes are discarded
 */
#ifndef SERVICES_CHANNEL_H
#define SERVICES_CHANNEL_H

#include "core/stream.h"

struct channel;

/* Makes a channel with a log of that size, which is taken as it is needed. Returns NULL without
 * memory, with err filled. */
struct channel *channel_new(struct loop *l, size_t buffer_bytes, struct error *err);

/* Frees the channel, whose streams have to be closed before. c may be NULL. */
void channel_free(struct channel *c);

enum channel_role {
    CHANNEL_LISTENS,
    CHANNEL_PUBLISHES, /* does not listen */
    CHANNEL_TALKS,     /* both */
};

/* Returns the stream of a new subscriber, or NULL with err filled. */
struct stream *channel_join(struct channel *c, enum channel_role role, struct error *err);

/* Nothing more will come: the data for each subscriber ends here. is_cut: data is missing, which
 * is a failure of reading for each. */
void channel_end(struct channel *c, bool is_cut);

/* Return whether it has ended with data missing, and the most that stays in one piece. */
bool channel_is_cut(const struct channel *c);
size_t channel_piece_max(const struct channel *c);

#endif
