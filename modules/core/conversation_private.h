/* What the files of the conversation share: the two directions, the time limits, the ends. */
#ifndef CORE_CONVERSATION_PRIVATE_H
#define CORE_CONVERSATION_PRIVATE_H

#include "core/conversation.h"

/* From far to near; allocated when there is a source. */
struct back {
    struct deferred deferred;
    struct conversation *conversation;
    struct pump pump;
};

/* Time limits; allocated where there are any. */
struct limits {
    struct deferred deferred;
    struct conversation *conversation;
    struct timer idle;
    struct timer quiet;
    struct timer ending; /* of the last words, or of a message that is cut off */
    int64_t until_ms;
};

struct conversation {
    struct deferred deferred;
    const struct conversation_plan *plan;
    struct stream *near_out;
    struct stream *far_out; /* may be NULL */
    struct pump forth;      /* near.in -> far.out; its owner is the conversation's */
    struct back *back;
    struct limits *limits;
    struct error why;
    int64_t began_ms;
    enum fault whose : 8;
    bool far_is_lent : 1;
    bool heeds_far_out : 1; /* its failure ends the conversation */
    bool answered : 1;      /* from near enough has come */
    bool near_ended : 1;    /* near's data has ended */
    bool unanswered : 1;    /* see struct outcome */
    bool finishing : 1;     /* far's data has ended, and near's has last_words_ms left */
    bool delivering : 1;    /* the goal is reached */
    bool delivered : 1;     /* and everything has arrived */
    bool cutting : 1;       /* far's data is cut off */
    bool dropped : 1;       /* see struct outcome */
    bool over : 1;
};

static inline bool far_is_done(const struct conversation *c)
{
    return c->back == NULL || !c->back->pump.running;
}

/* Allocates the limits that the plan has, and starts them. Returns 0, or -1 without memory. */
int conversation_limits_start(struct conversation *c);
void conversation_limits_stop(struct conversation *c);

/* Ends the conversation when what was sent has arrived, or will not. Returns 0, or -1
 * without memory. */
int conversation_limits_begin_cutting(struct conversation *c);

/* For the limits: ends the conversation now, as one that near has failed. */
void conversation_time_out(struct conversation *c, struct error *why);

/* Returns far's stream where far is a peer as near is, with one stream for both directions; or
 * NULL. */
struct stream *conversation_ends_far_peer(const struct conversation *c);

/* Returns true when what was sent to a peer may still arrive. */
bool conversation_ends_are_arriving(const struct conversation *c);

/* Returns true when data of either side has not arrived where it was to go. */
bool conversation_ends_are_cut(const struct conversation *c);

/* Returns true when a peer has not been sent all of the data that is for it: far's, near's, or
 * its own. */
bool conversation_ends_are_unfinished(const struct conversation *c);

/* Closes both ends, but for what is lent; cut: resets peers. */
void conversation_ends_close(struct conversation *c, bool cut);

/* The same for a conversation that did not start. */
void conversation_ends_drop(const struct end *near, const struct end *far);

#endif
