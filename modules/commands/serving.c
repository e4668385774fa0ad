/* Owns the clients that have a conversation. Leaves what they get to the command. */
#include "commands/serving.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* With what malloc(3) adds: ten thousand idle clients take five megabytes. */
_Static_assert(sizeof(struct serving_client) <= 512 - 16, "a client has a small record");

struct serving_client *serving_client_of(struct pump *p)
{
    struct conversation *talk = p->owner;

    return talk->owner;
}

static void bury(struct task *t)
{
    struct serving_client *c = container_of(t, struct serving_client, bury);

    error_clear(&c->talk.why);
    free(c->answer);
    free(c);
}

static void close_answer(struct serving_client *c)
{
    if (c->answer != NULL)
        stream_close(&c->answer->source, false);
}

void serving_closed(struct conversation *talk)
{
    struct serving_client *c = talk->owner;
    struct serving *s = c->serving;

    if (talk->output_failed)
        runtime_fail(&s->host.run, &talk->why);
    else if (error_is_set(&talk->why))
        runtime_report(&s->host.run, &talk->why);
    hosting_tell_closed(&s->host, &talk->net);
    close_answer(c);
    loop_later(s->host.run.loop, &c->bury);
    server_remove(&s->host.server, &c->client);
}

/* True when something that the client sent is still on its way to the output. */
static bool has_unprinted(const struct conversation *talk)
{
    const struct pump *in = &talk->in;

    return in->running && in->to != NULL && (talk->net.readable || stream_is_blocked(in->to));
}

static bool drop(struct client *client)
{
    struct serving_client *c = container_of(client, struct serving_client, client);
    bool undelivered = (c->answer != NULL && c->answer->pump.running) ||
                       !stream_is_delivered(&c->talk.net) || has_unprinted(&c->talk);

    hosting_tell_closed(&c->serving->host, &c->talk.net);
    conversation_drop(&c->talk);
    close_answer(c);
    loop_later(c->serving->host.run.loop, &c->bury);
    return undelivered;
}

void serving_answer(struct serving_client *c, const struct transport *t)
{
    struct error why = {0};

    c->answer = calloc(1, sizeof(*c->answer));
    if (c->answer == NULL) {
        error_errno(&why, ENOMEM, "answering a client");
        conversation_fail(&c->talk, &why);
    } else if (stream_open(&c->answer->source, c->serving->host.run.loop, t, &why) < 0) {
        conversation_fail(&c->talk, &why);
    } else {
        conversation_speak(&c->talk, &c->answer->pump, &c->answer->source);
    }
}

static int on_client(struct hosting *h, int fd, const struct addr *peer, struct error *err)
{
    struct serving *s = h->command;
    struct serving_client *c = malloc(sizeof(*c));

    if (c == NULL) {
        error_errno(err, ENOMEM, "serving a client");
        close(fd);
        return -1;
    }
    c->serving = s;
    c->answer = NULL;
    c->client.drop = drop;
    task_init(&c->bury, bury);
    conversation_init(&c->talk, s->plan, &h->run.work, c, fd, peer);
    hosting_tell_connected(h, peer);
    server_add(&h->server, &c->client);
    s->begin(c);
    conversation_watch(&c->talk);
    return 0;
}

int serving_open(struct serving *s, struct error *err)
{
    s->host.on_client = on_client;
    s->host.command = s;
    return hosting_open(&s->host, err);
}
