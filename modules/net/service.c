/* Owns what all services share. */
#include "net/service.h"

#include <errno.h>
#include <stdlib.h>

/* The callback of a conversation whose service needs none. */
static void on_over(void *client, struct outcome *o)
{
    client_over(client, o);
}

struct service *service_new(const struct service_ops *ops, const void *config,
                            const struct conversation_plan *plan, struct run *run,
                            struct error *err)
{
    struct service *v = calloc(1, ops->size);

    if (v == NULL) {
        error_errno(err, ENOMEM, "cannot prepare a service");
        return NULL;
    }
    v->ops = ops;
    v->config = config;
    v->run = run;
    v->plan = *plan;
    if (v->plan.on_over == NULL)
        v->plan.on_over = on_over;
    if (ops->prepare == NULL || ops->prepare(v, err) == 0)
        return v;
    service_free(v);
    return NULL;
}

void service_free(struct service *v)
{
    if (v == NULL)
        return;
    if (v->ops->clear != NULL)
        v->ops->clear(v);
    free(v);
}

int service_converse(struct service *v, struct client *c, const struct end *far, struct error *err)
{
    struct end near = {.in = c->stream, .out = c->stream};

    c->stream = NULL;
    c->work = conversation_start(&v->plan, &v->run->work, &near, far, c, err);
    return c->work != NULL ? 0 : -1;
}
