/*
 * A stage: a step between a connection and its conversation (reading or writing a PROXY
 * header, access rules, TLS). A stage is a state machine that is stepped while its stream is
 * ready. A stage owns no timer, no watch and no callback: the handshake that runs the stages
 * owns all three, so cancelling means freeing.
 *
 *   accept:  [proxy header] [access] [limit per host] [tls] [request]      the header names the
 *                                                         client, the request names its target
 *   dial:    [tls to the proxy] [proxy] [proxy header] [tls]
 */
#ifndef CORE_STAGE_H
#define CORE_STAGE_H

#include "core/stream.h"

enum stage_result {
    STAGE_DONE,
    STAGE_WANTS_READ,
    STAGE_WANTS_WRITE,
    STAGE_REFUSED,   /* by a rule, which err names: not a failure */
    STAGE_RECONNECT, /* of a dialed connection: the stage goes on in a new one */
    STAGE_FAILED,    /* err has the cause, to which the peer's name is prefixed */
};

struct stage {
    const struct stage_ops *ops;
};

struct stage_ops {
    const char *name; /* a noun, for time limits: "PROXY header" */
    /* Advances the stage as far as possible. A stage never takes a byte that does not
     * belong to it: it peeks, finds out how many bytes are its own, and takes exactly these.
     * It cannot give bytes back. */
    enum stage_result (*step)(struct stage *g, struct stream *s, struct error *err);
    /* Frees the stage, which has more than its own memory. NULL: free(3). */
    void (*free)(struct stage *g);
    /* NULL, or called once the stage is done: gives what it found out to the arg of
     * handshake_start(). */
    void (*on_done)(struct stage *g, void *arg);
};

/* For constructors: returns a new stage of that size, all 0 but for its struct stage, as what the
 * constructor returns; NULL with err filled without memory. */
void *stage_new(const struct stage_ops *ops, size_t size, struct error *err);

void stage_free(struct stage *g);

/* How one stage of every connection is made; config has to stay. make returns NULL with err
 * filled on failure. */
struct stage_plan {
    struct stage *(*make)(const void *config, struct error *err);
    const void *config;
};

/* For stages: bytes that were taken from the stream. */
struct stage_buffer {
    char *bytes; /* of size max */
    size_t length;
    size_t max;
};

/*
 * Takes bytes from s as long as ours() says that all bytes so far belong to the stage, and
 * stops exactly at the end that ours() finds. ours() returns how many of the n bytes belong
 * to the stage, and sets *complete; when it sets it, these may be fewer than were taken, if
 * the bytes turn out not to be what the stage expects. Bytes of the stage are taken even when
 * *complete is false: peeking alone would spin on half a header. STAGE_FAILED when the connection
 * ends or fails, or when max is too small.
 */
enum stage_result stage_take(struct stage_buffer *b, struct stream *s,
                             size_t (*ours)(const char *bytes, size_t n, bool *complete),
                             struct error *err);

/* Discards n bytes of the stage as they arrive, and counts *n down. */
enum stage_result stage_discard(size_t *n, struct stream *s, struct error *err);

/* Sends n bytes. STAGE_DONE: they are sent or buffered. */
enum stage_result stage_send(struct stream *s, const void *bytes, size_t n, struct error *err);

struct handshake;

enum handshake_end {
    HANDSHAKE_WAITS, /* *h is set, and on_end is called later, once */
    HANDSHAKE_DONE,
    HANDSHAKE_REFUSED,   /* why names the rule */
    HANDSHAKE_RECONNECT, /* close s, dial anew and begin again: a stage asks for it */
    HANDSHAKE_FAILED,    /* why has a whole sentence */
};

/*
 * Runs the stages one after another under one time limit. When no stage has to wait, returns
 * the handshake's end at once, watches nothing and never calls on_end. Neither owns nor
 * closes s.
 */
enum handshake_end handshake_start(struct handshake **h, struct stream *s,
                                   const struct stage_plan *plans, size_t count, int64_t limit_ms,
                                   void (*on_end)(void *arg, enum handshake_end end,
                                                  struct error *why),
                                   void *arg, struct error *why);

/* Cancels the handshake; on_end is never called. h may be NULL. */
void handshake_cancel(struct handshake *h);

#endif
