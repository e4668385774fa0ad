/* Owns standard input, and its way into the channel. */
#include "services/broadcast.h"

#include <errno.h>

#include "core/local.h"
#include "services/channel.h"

/* Small reads: the input has several of them before the clients have their turn, and what all
 * clients are then sent should fit a processor cache. */
enum { READ_SIZE = 32 << 10 };

struct broadcast {
    struct service service;
    const struct broadcast_config *config;
    struct channel *channel;
    struct stream *input; /* NULL: none, or it has ended */
    struct stream *publisher;
    struct direction inward;
    struct pump pump; /* input -> publisher */
    bool has_begun;
};

static struct broadcast *broadcast_of(const struct client *c)
{
    return (struct broadcast *)client_service(c);
}

static struct filter *make_outgoing(void *owner, struct stream *from, struct error *err)
{
    struct broadcast *b = owner;

    (void)from;
    return filters_outgoing(b->config->text, &b->service.counts, err);
}

/* Clients get what was read before a failure, and then a reset: they must not take it for all. */
static void on_input_end(struct pump *p, enum pump_end how, struct error *why)
{
    struct broadcast *b = container_of(p, struct broadcast, pump);

    if (how != PUMP_ENDED)
        run_report(b->service.run, why);
    channel_end(b->channel, how != PUMP_ENDED);
    stream_close(b->input, STREAM_AT_ONCE);
    b->input = NULL;
    server_finish(b->service.server);
}

/* That the input was cut off is reported once, not for each client. A client of a broker whose
 * data had ended, and that then does not take what others send, has left. */
static void on_over(void *owner, struct outcome *o)
{
    const struct broadcast *b = broadcast_of(owner);

    if (o->whose == FAULT_FAR_IN && !channel_is_cut(b->channel)) {
        error_set(&o->why, EXITCODE_FAILED, "%s: disconnected: fell behind by the whole --buffer",
                  o->name);
        o->dropped = true;
    } else if (o->whose == FAULT_FAR_IN ||
               (b->config->is_broker && o->near_ended && o->why.number == ECONNRESET))
        error_clear(&o->why);
    client_over(owner, o);
}

static size_t read_size(const struct broadcast *b)
{
    return b->config->recv_size != 0 ? b->config->recv_size : READ_SIZE;
}

static int open_input(struct broadcast *b, struct error *err)
{
    b->inward = (struct direction){
        .at_end = AT_END_KEEP,
        .read_max = read_size(b),
        .make_filter = filters_outgoing_are_none(b->config->text) ? NULL : make_outgoing,
    };
    b->publisher = channel_join(b->channel, CHANNEL_PUBLISHES, err);
    if (b->publisher == NULL)
        return -1;
    b->input = local_open_input(b->service.run->loop, err);
    return b->input != NULL ? 0 : -1;
}

static int prepare(struct service *v, struct error *err)
{
    struct broadcast *b = (struct broadcast *)v;
    size_t piece_max;

    b->config = v->config;
    b->channel = channel_new(v->run->loop, b->config->buffer_bytes, err);
    if (b->channel == NULL)
        return -1;
    piece_max = channel_piece_max(b->channel);
    v->plan.goal = GOAL_DELIVERED;
    v->plan.from_near.at_end = AT_END_KEEP;
    v->plan.from_near.read_max = read_size(b) < piece_max ? read_size(b) : piece_max;
    v->plan.on_over = on_over;
    return b->config->is_broker ? 0 : open_input(b, err);
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    struct broadcast *b = (struct broadcast *)v;
    bool is_broker = b->config->is_broker;
    struct stream *s = channel_join(b->channel, is_broker ? CHANNEL_TALKS : CHANNEL_LISTENS, err);
    struct end far = {.in = s, .out = s};

    if (s == NULL || service_converse(v, c, &far, err) < 0)
        return -1;
    if (!is_broker && !b->has_begun)
        pump_start(&b->pump, &b->inward, b, &v->run->work, b->input, b->publisher, on_input_end);
    b->has_begun = true;
    return 0;
}

/* A client that does not have all of the input must not take what it has for that. */
static void drop(struct service *v, struct client *c)
{
    const struct broadcast *b = (struct broadcast *)v;

    conversation_end(c->work, b->config->is_broker ? CONVERSATION_STOP : CONVERSATION_ABORT);
}

static void clear(struct service *v)
{
    struct broadcast *b = (struct broadcast *)v;

    pump_stop(&b->pump);
    stream_close(b->input, STREAM_AT_ONCE);
    stream_close(b->publisher, STREAM_AT_ONCE);
    channel_free(b->channel);
}

const struct service_ops broadcast_ops = {
    .size = sizeof(struct broadcast),
    .prepare = prepare,
    .begin = begin,
    .drop = drop,
    .clear = clear,
};
