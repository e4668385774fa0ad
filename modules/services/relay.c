/* Owns a client until its target is connected; the conversation has both from then on. */
#include "services/relay.h"

#include <errno.h>
#include <stdlib.h>

#include "core/memory.h"
#include "stages/request.h"
#include "stages/tls_stage.h"

enum { LAST_WORDS_MS = 2000 }; /* of a client that was refused: its data must not reset the reply */

struct relay {
    struct service service;
    struct conversation_plan refusal;
};

/* A client whose target is being connected: its work until the conversation starts. */
struct dial {
    struct client *client;
    int64_t began_ms;
    struct connecting *connecting;
    struct connect_target target; /* that the client requests */
    struct tls_stage_config tls;
    struct proxy_header_forward header;
};

/* A client that gets a reply instead of its target. */
struct refusal {
    struct client *client;
    struct error why;
    char reply[REQUEST_REPLY_MAX];
};

static const struct relay_config *config_of(const struct service *v)
{
    return v->config;
}

static struct filter *make_forth(void *client, struct stream *from, struct error *err)
{
    struct service *v = client_service(client);

    (void)from;
    return filters_between(config_of(v)->near_text, config_of(v)->far_text, &v->counts, err);
}

static struct filter *make_back(void *client, struct stream *from, struct error *err)
{
    struct service *v = client_service(client);

    (void)from;
    return filters_between(config_of(v)->far_text, config_of(v)->near_text, &v->counts, err);
}

/* A failure of the target's side has to say whose connection it ends. */
static void on_over(void *client, struct outcome *o)
{
    if (o->whose == FAULT_FAR_IN || o->whose == FAULT_FAR_OUT)
        error_prefix(&o->why, "%s", o->name);
    client_over(client, o);
}

static void on_refused(void *owner, struct outcome *o)
{
    struct refusal *r = owner;

    error_move(&o->why, &r->why);
    client_over(r->client, o);
    free(r);
}

static int prepare(struct service *v, struct error *err)
{
    const struct relay_config *config = config_of(v);

    (void)err;
    ((struct relay *)v)->refusal = (struct conversation_plan){
        .goal = GOAL_BOTH_END, .last_words_ms = LAST_WORDS_MS, .on_over = on_refused};
    v->plan.on_over = on_over;
    v->plan.from_near.at_end = v->plan.from_far.at_end = AT_END_SHUT_IF_WHOLE;
    if (!filters_between_are_none(config->near_text, config->far_text))
        v->plan.from_near.make_filter = make_forth;
    if (!filters_between_are_none(config->far_text, config->near_text))
        v->plan.from_far.make_filter = make_back;
    return 0;
}

static void report_target(struct stream *client, struct stream *target)
{
    if (event_level() != EVENT_VERBOSE)
        return;
    if (stream_local_name(target) != NULL)
        event_detail("%s: connected to %s, from %s", stream_name(client), stream_name(target),
                     stream_local_name(target));
    else
        event_detail("%s: connected to %s", stream_name(client), stream_name(target));
}

static void on_connected(void *arg, struct stream *target)
{
    struct dial *d = arg;
    struct client *c = d->client;
    const struct request *request = c->request;
    struct end far = {.in = target, .out = target};
    struct outcome o = {0};
    char reply[REQUEST_REPLY_MAX];

    free(d);
    report_target(c->stream, target);
    /* A client that has failed is noticed by the conversation. */
    if (request != NULL)
        stream_write(c->stream, reply,
                     request_reply(request->form, REQUEST_GRANTED, stream_local(target), reply));
    free(c->request);
    c->request = NULL;
    if (service_converse(client_service(c), c, &far, &o.why) < 0)
        client_over(c, &o);
}

static enum request_result result_of(const struct error *why)
{
    switch (why->number) {
    case EACCES:
        return REQUEST_NOT_ALLOWED;
    case ECONNREFUSED:
        return REQUEST_REFUSED;
    case ENETUNREACH:
        return REQUEST_NET_UNREACHABLE;
    case EHOSTUNREACH:
        return REQUEST_HOST_UNREACHABLE;
    case ETIMEDOUT:
        return REQUEST_TIMED_OUT;
    default:
        return REQUEST_FAILED;
    }
}

/* Sends the reply and waits until it has arrived. Moves why. */
static int refuse(struct client *c, enum request_result result, struct error *why)
{
    struct relay *relay = (struct relay *)client_service(c);
    const struct request *request = c->request;
    struct workspace *w = &relay->service.run->work;
    struct refusal *r = calloc(1, sizeof(*r));
    struct end near = {.in = c->stream, .out = c->stream}, far = {0};

    if (r != NULL)
        far.in =
            memory_open(w->loop, r->reply, request_reply(request->form, result, NULL, r->reply),
                        "the reply", NULL);
    if (far.in == NULL) {
        free(r);
        return -1;
    }
    r->client = c;
    error_move(&r->why, why);
    c->stream = NULL;
    c->work = conversation_start(&relay->refusal, w, &near, &far, r, NULL);
    if (c->work != NULL)
        return 0;
    error_move(why, &r->why);
    free(r);
    return -1;
}

static void on_failed(void *arg, struct error *why)
{
    struct dial *d = arg;
    struct client *c = d->client;
    struct outcome o = {
        .name = stream_name(c->stream),
        .duration_ms = loop_now_ms(client_service(c)->run->loop) - d->began_ms,
    };

    free(d);
    error_move(&o.why, why);
    error_prefix(&o.why, "%s", o.name);
    if (c->request == NULL || refuse(c, result_of(&o.why), &o.why) < 0)
        client_over(c, &o);
}

/* The address that is connected to decides, not the name. */
static const char *refuses(void *arg, const struct addr *a)
{
    const struct client *c = ((struct dial *)arg)->client;
    const struct relay_config *config = config_of(client_service(c));

    return c->request != NULL ? access_refuses_target(config->targets, stream_peer(c->stream), a)
                              : NULL;
}

static void on_retry(void *arg, const struct error *why, int64_t left_ms)
{
    const struct dial *d = arg;

    (void)left_ms;
    event_detail("%s: %s; trying again", stream_name(d->client->stream), why->text);
}

static const struct connect_events connect_events = {
    .on_connected = on_connected,
    .on_failed = on_failed,
    .on_retry = on_retry,
    .refuses = refuses,
};

/* Sets the targets of the plan. */
static void plan_targets(struct dial *d, const struct relay_config *config,
                         struct connect_plan *plan)
{
    const struct request *request = d->client->request;

    if (request != NULL) {
        d->target =
            (struct connect_target){.host = request->target.host, .port = request->target.port};
        d->tls = (struct tls_stage_config){config->tls, request->target.host};
        if (config->tls != NULL)
            d->target.own_stage = (struct stage_plan){.make = tls_stage, .config = &d->tls};
        plan->targets = &d->target;
        plan->count = 1;
    } else if (config->spread) {
        plan->first = atomic_fetch_add(config->turn, 1) % plan->count;
    }
}

static int dial(struct service *v, struct client *c, struct error *err)
{
    struct connect_plan plan = config_of(v)->connect;
    struct dial *d = calloc(1, sizeof(*d));

    if (d == NULL) {
        error_errno(err, ENOMEM, "cannot serve %s", stream_name(c->stream));
        return -1;
    }
    d->client = c;
    d->began_ms = loop_now_ms(v->run->loop);
    plan_targets(d, config_of(v), &plan);
    d->header = (struct proxy_header_forward){config_of(v)->proxy_version, c->stream};
    plan.first_stage = config_of(v)->send_proxy
                           ? (struct stage_plan){proxy_header_forwarder, &d->header}
                           : (struct stage_plan){0};
    d->connecting = connect_start(v->run->loop, &plan, &connect_events, d, err);
    if (d->connecting == NULL) {
        free(d);
        return -1;
    }
    c->work = d;
    return 0;
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    const struct request *request = c->request;

    if (request == NULL || request->result == REQUEST_GRANTED)
        return dial(v, c, err);
    error_set(err, EXITCODE_FAILED, "%s: request: %s", stream_name(c->stream),
              request_cause(request->result));
    return refuse(c, request->result, err);
}

static void drop(struct service *v, struct client *c)
{
    struct outcome o = {.dropped = true, .cut = true};
    struct dial *d = c->work;

    if (c->stream == NULL) {
        conversation_end(c->work, CONVERSATION_ABORT);
        return;
    }
    connect_cancel(d->connecting);
    o.duration_ms = loop_now_ms(v->run->loop) - d->began_ms;
    free(d);
    o.name = stream_name(c->stream);
    client_over(c, &o);
}

const struct service_ops relay_ops = {
    .size = sizeof(struct relay),
    .prepare = prepare,
    .begin = begin,
    .drop = drop,
};
