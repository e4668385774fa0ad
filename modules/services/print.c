/* Owns standard output and standard input while clients use them. */
#include "services/print.h"

static struct filter *make_incoming(void *owner, struct stream *from, struct error *err)
{
    struct print *p = (struct print *)client_service(owner);
    struct text_format format = {
        .printable = p->config->labelled,
        .screen = p->config->labelled ? &p->screen : NULL,
        .label = stream_name(from),
    };

    return filters_incoming(p->config->text, &format, &p->service.counts, err);
}

static struct filter *make_outgoing(void *owner, struct stream *from, struct error *err)
{
    struct print *p = (struct print *)client_service(owner);

    (void)from;
    return filters_outgoing(p->config->text, &p->service.counts, err);
}

/* The output belongs to all: without it there is nothing left to do. */
static void fail_output(struct print *p, const struct error *failure)
{
    struct error why = {0};

    p->output_failed = true;
    error_copy(&why, failure);
    run_fail(p->service.run, &why);
}

static void on_output_gone(void *owner)
{
    struct print *p = owner;
    const struct error *failure = stream_failure(p->output);

    if (failure != NULL)
        fail_output(p, failure);
}

static void on_over(void *owner, struct outcome *o)
{
    struct client *c = owner;

    if (o->whose == FAULT_FAR_OUT)
        run_fail(client_service(c)->run, &o->why);
    client_over(c, o);
}

static int open_output(struct print *p, struct error *err)
{
    struct loop *l = p->service.run->loop;

    p->output = p->config->is_shared ? local_open_output_shared(l, !p->service.run->is_first, err)
                                     : local_open_output(l, err);
    if (p->output == NULL)
        return -1;
    stream_on_hangup(p->output, on_output_gone, p);
    return 0;
}

int print_prepare(struct print *p, const struct print_config *config, struct error *err)
{
    struct conversation_plan *plan = &p->service.plan;
    const struct text_format format = {.printable = config->labelled};

    p->config = config;
    plan->on_over = on_over;
    plan->from_near.at_end = config->ends_output ? AT_END_SHUT : AT_END_KEEP;
    if (!config->discards && !filters_incoming_are_none(config->text, &format))
        plan->from_near.make_filter = make_incoming;
    plan->from_far.at_end = config->sends_input ? AT_END_KEEP_IF_EMPTY : AT_END_SHUT;
    if (!filters_outgoing_are_none(config->text))
        plan->from_far.make_filter = make_outgoing;
    if (!config->discards && open_output(p, err) < 0)
        return -1;
    if (config->sends_input && (p->input = local_open_input(p->service.run->loop, err)) == NULL)
        return -1;
    return 0;
}

int print_begin(struct print *p, struct client *c, struct stream *far_in, struct error *err)
{
    struct end far = {.in = far_in, .out = p->output, .lent = !p->config->ends_output};

    if (p->config->sends_input) {
        far.in = p->input;
        p->input = NULL;
    }
    if (p->config->ends_output)
        p->output = NULL;
    if (p->config->on_begin != NULL)
        p->config->on_begin(p->config->arg, c->stream);
    return service_converse(&p->service, c, &far, err);
}

void print_clear(struct print *p)
{
    struct error why = {0};

    if (p->output != NULL && !p->output_failed && !run_is_over(p->service.run)) {
        if (stream_unsent(p->output) > 0) {
            size_t lost = stream_unsent(p->output);

            error_set(&why, EXITCODE_FAILED,
                      lost == 1 ? "error writing standard output: %zu byte lost"
                                : "error writing standard output: %zu bytes lost",
                      lost);
            run_report(p->service.run, &why);
        } else if (stream_shut(p->output) == IO_FAILED) {
            /* Only closing reports some full disks. */
            fail_output(p, stream_failure(p->output));
        }
    }
    stream_close(p->output, STREAM_AT_ONCE);
    stream_close(p->input, STREAM_AT_ONCE);
}

static int prepare(struct service *v, struct error *err)
{
    return print_prepare((struct print *)v, v->config, err);
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    return print_begin((struct print *)v, c, NULL, err);
}

static void clear(struct service *v)
{
    print_clear((struct print *)v);
}

const struct service_ops print_ops = {
    .size = sizeof(struct print),
    .prepare = prepare,
    .begin = begin,
    .clear = clear,
};
