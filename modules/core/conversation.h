/*
 * A conversation: two ends and the pumps between them. The data of each end goes to the
 * other end, and each direction ends by itself. A conversation is over when its goal is
 * reached and everything is delivered, or when something failed.
 *
 *   serve         client's stream  <->  (memory | file | standard input, standard output)
 *   serve --echo  client's stream  <->  (nothing, itself)
 *   send          server's stream  <->  (message | file | standard input, standard output)
 *   chat          stream           <->  (console's lines, console's screen)
 *   a room        guest's stream   <->  member of the room (a transport, see chat/member.h)
 */
#ifndef CORE_CONVERSATION_H
#define CORE_CONVERSATION_H

#include "core/pump.h"

/* One end. A peer's stream is both in and out; a local end may have two streams. */
struct end {
    struct stream *in;  /* the source of this end's data; NULL: no data */
    struct stream *out; /* takes the other end's data; NULL: the data is discarded after the
                         * filter has seen it */
    bool lent;          /* the conversation neither shuts nor closes out: a server's output */
};

/* When a conversation reaches its goal. */
enum goal {
    GOAL_BOTH_END,  /* near's data and far's data have ended */
    GOAL_ANSWERED,  /* the direction from near is satisfied (first, line, quiet), and far's data
                     * has ended */
    GOAL_DELIVERED, /* far's data is delivered; the end of near's data is not waited for */
    GOAL_NEAR_END,  /* near's data has ended; far's data is not waited for */
};

enum fault {
    FAULT_NONE,
    FAULT_NEAR,    /* near's stream failed, or was idle too long, or gave no answer */
    FAULT_FAR_IN,  /* reading far's data failed */
    FAULT_FAR_OUT, /* writing near's data failed */
    FAULT_DATA,    /* data could not be converted */
};

/* What became of a conversation. */
struct outcome {
    enum fault whose;
    struct error why; /* empty when whose is FAULT_NONE; the callee may move it */
    const char *name; /* of near; NULL where neither a fault nor -v needs it */
    uint64_t in_bytes;
    uint64_t out_bytes; /* both counted at near */
    int64_t duration_ms;
    bool dropped;    /* ended from outside, or by a time limit */
    bool cut;        /* the conversation ended with data undelivered */
    bool truncated;  /* near's fault is only that data of it may be missing at its end */
    bool near_ended; /* near's data has ended in order, or nobody wants more of it */
    bool unanswered; /* near took data, sent none, and ended after far's end had been sent */
};

struct conversation_plan {
    struct direction from_near; /* near.in -> far.out */
    struct direction from_far;  /* far.in -> near.out */
    enum goal goal;
    int64_t idle_ms;        /* the time limit for a near on which no data moves; 0: none */
    int64_t quiet_ms;       /* GOAL_ANSWERED: far's data has ended, near's has begun, and nothing
                             * has moved for so long: that is the answer; 0: not looked at */
    int64_t last_words_ms;  /* how long near's data may continue after far's has ended and is
                             * delivered, and how long far's may pause after near's has ended;
                             * data that has arrived is still passed on; 0: no limit */
    bool far_may_close;     /* EPIPE of far's out, a stream of its own, is no failure: the rest
                             * of near's data is discarded */
    const char *unanswered; /* GOAL_ANSWERED: the cause when near's data ends before that */
    /* NULL, or called when near has failed or both of its directions have ended, while data of it
     * is unread: it is read all the same. */
    void (*on_near_hangup)(void *owner);
    /* NULL, or called once before near is closed, to look at it. */
    void (*on_closing)(void *owner, struct stream *near, int64_t duration_ms);
    /* Called once, as the last callback. Both ends are closed by then (reset where their
     * data was cut off), except lent ends. The conversation frees itself afterwards. */
    void (*on_over)(void *owner, struct outcome *o);
};

struct conversation;

/* Starts a conversation, which takes over both ends. Callbacks come after it has returned.
 * Returns NULL with err filled, and both ends closed, when there is no memory. */
struct conversation *conversation_start(const struct conversation_plan *plan, struct workspace *w,
                                        const struct end *near, const struct end *far, void *owner,
                                        struct error *err);

/* Sets the input of far after the start: for a reply to the first data. It is taken over,
 * also on failure: without memory the conversation fails. */
void conversation_set_far_input(struct conversation *c, struct stream *in);
bool conversation_has_far_input(const struct conversation *c);

/* Ends a conversation because far's data cannot be had; why is moved. */
void conversation_fail(struct conversation *c, struct error *why);

/* Ends a conversation from outside. FINISH: far's data ends here, and near's may go on for
 * last_words_ms; on_over follows. STOP and ABORT end the conversation now: on_over is called
 * before conversation_end() returns. After ABORT, far's data counts as cut off, if it had not
 * ended: a peer must not take what it has for all. */
enum conversation_ending { CONVERSATION_FINISH, CONVERSATION_STOP, CONVERSATION_ABORT };
void conversation_end(struct conversation *c, enum conversation_ending how);

#endif
