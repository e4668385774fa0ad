/* Owns nothing but the way back. */
#include "services/echo.h"

static struct filter *make_upper(void *owner, struct stream *from, struct error *err)
{
    struct service *v = client_service(owner);
    const struct echo_config *config = v->config;

    (void)from;
    return filters_upper(config->text, &v->counts, err);
}

static int prepare(struct service *v, struct error *err)
{
    const struct echo_config *config = v->config;

    (void)err;
    v->plan.from_near.at_end = AT_END_SHUT;
    if (config->text != NULL)
        v->plan.from_near.make_filter = make_upper;
    return 0;
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    const struct echo_config *config = v->config;
    struct end far = {.out = c->stream};

    if (config->on_begin != NULL)
        config->on_begin(config->arg, c->stream);
    return service_converse(v, c, &far, err);
}

const struct service_ops echo_ops = {
    .size = sizeof(struct service),
    .prepare = prepare,
    .begin = begin,
};
