/*
 * A connection and the pumps of its two directions: what comes in goes
 * somewhere, and something goes out. Each direction ends by itself (half-close);
 * the conversation is over when both have, and the peer's kernel has
 * acknowledged what was sent.
 */
#ifndef CORE_CONVERSATION_H
#define CORE_CONVERSATION_H

#include "core/pump.h"

struct conversation;

/* What is the same for all conversations of one kind. */
struct conversation_plan {
    const struct pump_plan *in;  /* from the peer; its on_end is conversation_in_ended */
    const struct pump_plan *out; /* to the peer; its on_end is conversation_out_ended */
    int64_t idle_ms;             /* it fails when nothing moved for so long; 0: never */
    bool answer_needed;          /* the end of the incoming direction is waited for */
    bool satisfied_is_enough;    /* ... which then is when it is satisfied; else the outgoing
                                  * direction ends there, and the peer's end is waited for */
    const char *missing_answer;  /* why it failed when the peer ended before that was so */
    /* NULL, or called once when the connection's peer has ended its side. */
    void (*on_peer_end)(struct conversation *c);
    /* NULL, or called once before the connection is closed, to look at it. */
    void (*on_closing)(struct conversation *c);
    /* Called once, last, when the connection is closed. c->why tells a failure. It may
     * come before conversation_listen() returns. The memory of c must stay until the
     * round is over. */
    void (*on_closed)(struct conversation *c);
};

struct conversation {
    const struct conversation_plan *plan;
    struct workspace *work;
    struct stream net;
    struct pump in;
    struct pump *out; /* the caller's, or NULL while there is nothing to send */
    void *owner;
    struct timer idle;
    struct error why; /* the first failure */
    int64_t began_ms;
    uint32_t unacknowledged; /* bytes, when it was last looked at */
    bool output_failed;      /* why is about the local output */
    bool in_done;
    bool finishing;
    bool over;
};

/* Takes over the connected socket fd. owner is for the callbacks. Nothing moves yet. */
void conversation_init(struct conversation *c, const struct conversation_plan *plan,
                       struct workspace *w, void *owner, int fd, const struct addr *peer);

/* Watches the connection; it fails where that cannot be. A direction that is started
 * before this tries at once, and may be done: many who have just been accepted have
 * already said what they came to say. */
void conversation_watch(struct conversation *c);

/* Starts the incoming direction. to: where what comes goes; NULL: it is dropped. */
void conversation_listen(struct conversation *c, struct stream *to);

/* Starts the outgoing direction: what from has, through the pump out, which is the
 * caller's and stays until the end. Where this is never called, the outgoing
 * direction ends when the incoming one has. */
void conversation_speak(struct conversation *c, struct pump *out, struct stream *from);

/* Ends it now with this failure (moved). A failure that was met before is kept. */
void conversation_fail(struct conversation *c, struct error *why);

/* Ends it now as done, whatever the peer may still have to say. */
void conversation_end(struct conversation *c);

/* Ends it now, without a word from us, and without on_closed. */
void conversation_drop(struct conversation *c);

/* The end callbacks for the plans of a conversation's pumps. */
void conversation_in_ended(struct pump *p, enum pump_end end, struct error *why);
void conversation_out_ended(struct pump *p, enum pump_end end, struct error *why);

#endif
