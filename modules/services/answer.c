/* Owns the replies. */
#include "services/answer.h"

#include "core/memory.h"

static const struct answer_config *config_of(const struct service *v)
{
    return v->config;
}

/* The first data of a client has arrived. */
static void on_moved(void *owner)
{
    struct client *c = owner;
    struct service *v = client_service(c);
    const struct buf *reply = config_of(v)->reply;
    struct error why = {0};
    struct stream *in;

    if (conversation_has_far_input(c->work))
        return;
    in = memory_open(v->run->loop, buf_head(reply), buf_length(reply), "the reply", &why);
    if (in != NULL)
        conversation_set_far_input(c->work, in);
    else
        conversation_fail(c->work, &why);
}

static int prepare(struct service *v, struct error *err)
{
    struct print *p = (struct print *)v;

    if (print_prepare(p, &config_of(v)->print, err) < 0)
        return -1;
    if (config_of(v)->reply != NULL) {
        v->plan.from_near.on_moved = on_moved;
        v->plan.from_far.make_filter = NULL; /* it was converted once */
    }
    return 0;
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    const struct answer_config *config = config_of(v);
    struct stream *file = NULL;

    if (config->reply == NULL) {
        file = local_share_file(v->run->loop, config->reply_fd, config->reply_name, err);
        if (file == NULL)
            return -1;
    }
    return print_begin((struct print *)v, c, file, err);
}

static void clear(struct service *v)
{
    print_clear((struct print *)v);
}

const struct service_ops answer_ops = {
    .size = sizeof(struct print),
    .prepare = prepare,
    .begin = begin,
    .clear = clear,
};
