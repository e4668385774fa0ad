/* Owns the order of stages, their waiting and their time limit. Knows no protocol. */
#include "core/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/step.h"

struct handshake {
    struct deferred deferred;
    struct stream *stream;
    const struct stage_plan *plans;
    size_t left; /* plans, the present one included */
    struct stage *stage;
    struct timer limit;
    int64_t limit_ms;
    struct stream_waiter waiting;
    void (*on_end)(void *arg, enum handshake_end end, struct error *why);
    void *arg;
};

static enum stage_result from_io(enum io result, struct stream *s, struct error *err)
{
    if (result == IO_AGAIN)
        return STAGE_WANTS_READ;
    if (result == IO_OK)
        return STAGE_DONE;
    if (result == IO_END)
        error_set(err, EXITCODE_FAILED, "the connection was closed too early");
    else
        error_copy(err, stream_failure(s));
    return STAGE_FAILED;
}

enum stage_result stage_take(struct stage_buffer *b, struct stream *s,
                             size_t (*ours)(const char *bytes, size_t n, bool *complete),
                             struct error *err)
{
    bool complete = false;

    while (!complete) {
        size_t got, whole;
        enum stage_result result =
            from_io(stream_peek(s, b->bytes + b->length, b->max - b->length, &got), s, err);

        if (result != STAGE_DONE)
            return result;
        whole = ours(b->bytes, b->length + got, &complete);
        got = 0;
        /* Bytes already taken may turn out to be no part of it. A read of 0 bytes would look
         * like the end of data. */
        if (whole > b->length)
            result = from_io(stream_read(s, b->bytes + b->length, whole - b->length, &got), s, err);
        if (result != STAGE_DONE)
            return result;
        b->length += got;
        complete = complete && b->length >= whole;
        if (!complete && b->length == b->max) {
            error_set(err, EXITCODE_FAILED, "more than %zu bytes", b->max);
            return STAGE_FAILED;
        }
    }
    return STAGE_DONE;
}

void *stage_new(const struct stage_ops *ops, size_t size, struct error *err)
{
    struct stage *g = calloc(1, size);

    if (g != NULL)
        g->ops = ops;
    else
        error_cause(err, ENOMEM);
    return g;
}

void stage_free(struct stage *g)
{
    if (g->ops->free != NULL)
        g->ops->free(g);
    else
        free(g);
}

enum stage_result stage_discard(size_t *n, struct stream *s, struct error *err)
{
    while (*n > 0) {
        size_t got;
        enum stage_result result = from_io(stream_read(s, NULL, *n, &got), s, err);

        if (result != STAGE_DONE)
            return result;
        *n -= got;
    }
    return STAGE_DONE;
}

enum stage_result stage_send(struct stream *s, const void *bytes, size_t n, struct error *err)
{
    return from_io(stream_write(s, bytes, n), s, err);
}

static void free_handshake(struct handshake *h)
{
    struct loop *l = stream_loop(h->stream);

    stream_set_reader(h->stream, NULL, NULL);
    list_remove(&h->waiting.link);
    loop_cancel_timer(l, &h->limit);
    if (h->stage != NULL)
        stage_free(h->stage);
    loop_free_later(l, &h->deferred);
}

void handshake_cancel(struct handshake *h)
{
    if (h != NULL)
        free_handshake(h);
}

static void on_readable(void *arg);

/* A failure of the stream names the peer already. */
static void name_failure(const struct handshake *h, struct error *why)
{
    const struct error *failure = stream_failure(h->stream);
    const char *name = h->stage != NULL ? h->stage->ops->name : "handshake";

    if (failure != NULL && why != NULL && error_is_set(why) &&
        strcmp(failure->text, why->text) == 0)
        error_prefix(why, "%s", name);
    else
        error_prefix(why, "%s: %s", stream_name(h->stream), name);
}

static enum handshake_end advance(struct handshake *h, struct error *why)
{
    while (h->left > 0) {
        enum stage_result result = STAGE_FAILED;

        if (h->stage == NULL)
            h->stage = h->plans->make(h->plans->config, why);
        if (h->stage != NULL)
            result = h->stage->ops->step(h->stage, h->stream, why);
        switch (result) {
        case STAGE_DONE:
            step_report(&(struct step){.kind = STEP_STAGE,
                                       .fd = stream_descriptor(h->stream),
                                       .host = h->stage->ops->name});
            if (h->stage->ops->on_done != NULL)
                h->stage->ops->on_done(h->stage, h->arg);
            stage_free(h->stage);
            h->stage = NULL;
            h->plans++;
            h->left--;
            break;
        case STAGE_WANTS_READ:
            stream_set_reader(h->stream, on_readable, h);
            return HANDSHAKE_WAITS;
        case STAGE_WANTS_WRITE:
            stream_set_reader(h->stream, NULL, NULL);
            stream_wait(h->stream, &h->waiting);
            return HANDSHAKE_WAITS;
        case STAGE_REFUSED:
            return HANDSHAKE_REFUSED;
        case STAGE_RECONNECT:
            return HANDSHAKE_RECONNECT;
        case STAGE_FAILED:
            name_failure(h, why);
            return HANDSHAKE_FAILED;
        }
    }
    stream_reset_counts(h->stream);
    return HANDSHAKE_DONE;
}

static void end(struct handshake *h, enum handshake_end how, struct error *why)
{
    free_handshake(h);
    h->on_end(h->arg, how, why);
    error_clear(why);
}

static void on_ready(struct handshake *h)
{
    struct error why = {0};
    enum handshake_end how = advance(h, &why);

    if (how != HANDSHAKE_WAITS)
        end(h, how, &why);
}

static void on_readable(void *arg)
{
    on_ready(arg);
}

static void on_writable(struct stream_waiter *w)
{
    on_ready(container_of(w, struct handshake, waiting));
}

static void on_limit(struct timer *t)
{
    struct handshake *h = container_of(t, struct handshake, limit);
    struct error why = {0};
    char limit[32];

    num_format_duration(h->limit_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "%s: %s: timed out after %s (--handshake-timeout)",
              stream_name(h->stream), h->stage->ops->name, limit);
    end(h, HANDSHAKE_FAILED, &why);
}

enum handshake_end handshake_start(struct handshake **h, struct stream *s,
                                   const struct stage_plan *plans, size_t count, int64_t limit_ms,
                                   void (*on_end)(void *arg, enum handshake_end end,
                                                  struct error *why),
                                   void *arg, struct error *why)
{
    struct handshake *new = calloc(1, sizeof(*new));
    enum handshake_end how;

    *h = NULL;
    if (new == NULL) {
        error_errno(why, ENOMEM, "%s: handshake", stream_name(s));
        return HANDSHAKE_FAILED;
    }
    new->stream = s;
    new->plans = plans;
    new->left = count;
    new->limit.on_due = on_limit;
    new->limit_ms = limit_ms;
    new->waiting.on_writable = on_writable;
    new->on_end = on_end;
    new->arg = arg;
    list_init(&new->waiting.link);
    how = advance(new, why);
    if (how != HANDSHAKE_WAITS) {
        free_handshake(new);
        return how;
    }
    if (limit_ms > 0)
        loop_set_timer(stream_loop(s), &new->limit, limit_ms);
    *h = new;
    return how;
}
