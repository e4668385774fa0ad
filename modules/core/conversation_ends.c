/* Owns the closing of both ends, and the questions about what they still have to send. */
#include "core/conversation_private.h"

struct stream *conversation_ends_far_peer(const struct conversation *c)
{
    return c->back != NULL && c->back->pump.from == c->far_out ? c->far_out : NULL;
}

static bool is_arriving(const struct stream *out)
{
    return out != NULL && stream_failure(out) == NULL && stream_undelivered(out) > 0;
}

bool conversation_ends_are_arriving(const struct conversation *c)
{
    return is_arriving(c->near_out) || is_arriving(conversation_ends_far_peer(c));
}

bool conversation_ends_are_cut(const struct conversation *c)
{
    const struct pump *back = c->back != NULL ? &c->back->pump : NULL;

    if (c->delivered)
        return false;
    return c->cutting || stream_undelivered(c->near_out) > 0 || pump_is_blocked(&c->forth) ||
           is_arriving(conversation_ends_far_peer(c)) ||
           (back != NULL && back->running && !c->answered &&
            (pump_is_blocked(back) || stream_has_more(back->from)));
}

bool conversation_ends_are_unfinished(const struct conversation *c)
{
    if (c->back != NULL)
        return (c->back->pump.running && !c->answered) ||
               (conversation_ends_far_peer(c) != NULL && !c->near_ended);
    return c->far_out == c->near_out && !c->near_ended;
}

void conversation_ends_close(struct conversation *c, bool cut)
{
    struct stream *far_out = c->far_out, *far_in = c->back != NULL ? c->back->pump.from : NULL;
    bool well = c->whose == FAULT_NONE;

    if (c->forth.from != c->near_out)
        stream_close(c->forth.from, STREAM_AT_ONCE);
    stream_close(c->near_out, cut ? STREAM_ABORT : well ? STREAM_GRACEFULLY : STREAM_AT_ONCE);
    if (far_out != c->near_out && !c->far_is_lent)
        stream_close(far_out, well && !cut ? STREAM_AT_ONCE : STREAM_ABORT);
    if (far_in != far_out)
        stream_close(far_in, STREAM_AT_ONCE);
}

void conversation_ends_drop(const struct end *near, const struct end *far)
{
    if (near->in != near->out)
        stream_close(near->in, STREAM_AT_ONCE);
    stream_close(near->out, STREAM_ABORT);
    if (far->in != far->out)
        stream_close(far->in, STREAM_ABORT);
    if (!far->lent && far->out != near->out)
        stream_close(far->out, STREAM_ABORT);
}
