/* The command upper: its options, and the filter that answers. */
#include <errno.h>
#include <stdlib.h>

#include "commands/command.h"
#include "commands/progress.h"
#include "commands/serving.h"
#include "commands/text_options.h"

struct upper_options {
    struct shared_options shared;
    struct listen_options listen;
    struct text_options text;
    bool single;
};

#define AT(field) .offset = offsetof(struct upper_options, field)

static const struct option_spec where_specs[] = {
    {OPTION_WORDS, "bind", 'b', .value = "ADDR[:PORT]", AT(shared.binds),
     .help = "listen on this address; may be given again"},
    {.kind = OPTION_END},
};

static const struct option_spec what_specs[] = {
    {OPTION_ON, "single", 0, AT(single), .help = "answer what the first read brings, then close"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"Where", where_specs, 0},
    {"", listen_specs, offsetof(struct upper_options, listen)},
    {"", worker_specs, offsetof(struct upper_options, listen)},
    {"What clients get", what_specs, 0},
    {"Text", text_specs, offsetof(struct upper_options, text)},
    {"Limits", shared_limit_specs, offsetof(struct upper_options, shared)},
    {"Connections", shared_socket_specs, offsetof(struct upper_options, shared)},
    {"Messages", shared_message_specs, offsetof(struct upper_options, shared)},
    {NULL, NULL, 0},
};

struct upper {
    struct upper_options options;
    struct serving serving;
    struct pump_plan pump_plan;
    struct conversation_plan plan;
    struct text_counts counts;
};

static struct filter *make_filter(struct pump *p, struct error *err)
{
    struct upper *u = serving_client_of(p)->serving->command;

    return text_upper(&u->options.text, &u->counts, err);
}

static void begin(struct serving_client *c)
{
    conversation_listen(&c->talk, &c->talk.net);
}

static int check_options(const struct upper_options *o, int operands, struct error *err)
{
    if (operands > 0) {
        error_set(err, EXITCODE_USAGE,
                  "takes no arguments; the port is given with -p, the address with -b");
        return -1;
    }
    if (text_check(&o->text, err) < 0)
        return -1;
    if (listen_check_workers(&o->listen, NULL, err) < 0)
        return -1;
    return shared_apply(&o->shared, err);
}

static struct hosting *make_worker(struct hosting *h, struct error *err);
static void end_worker(struct hosting *h, struct hosting *worker);

/* Sets up all but the options and the counts. */
static int prepare(struct upper *u, struct error *err)
{
    const struct upper_options *o = &u->options;

    u->pump_plan = (struct pump_plan){
        .read_max = o->shared.recv_size,
        .shut_at_end = true,
        .one_read = o->single,
        .one_write = !o->shared.sendall,
        .make_filter = make_filter,
        .on_end = conversation_in_ended,
    };
    u->plan = (struct conversation_plan){
        .in = &u->pump_plan,
        .idle_ms = o->shared.idle_timeout_ms,
        .answer_needed = true,
        .on_closing = progress_tell_totals,
        .on_closed = serving_closed,
    };
    u->serving = (struct serving){
        .host = {.listen = &o->listen,
                 .shared = &o->shared,
                 .replies = true,
                 .make_worker = make_worker,
                 .end_worker = end_worker},
        .plan = &u->plan,
        .begin = begin,
        .command = u,
    };
    return serving_open(&u->serving, err);
}

static struct hosting *make_worker(struct hosting *h, struct error *err)
{
    const struct upper *u = container_of(h, struct upper, serving.host);
    struct upper *worker = calloc(1, sizeof(*worker));

    if (worker == NULL) {
        error_errno(err, ENOMEM, "starting a worker");
        return NULL;
    }
    worker->options = u->options;
    if (prepare(worker, err) == 0)
        return &worker->serving.host;
    free(worker);
    return NULL;
}

static void end_worker(struct hosting *h, struct hosting *worker)
{
    struct upper *u = container_of(h, struct upper, serving.host);
    struct upper *w = container_of(worker, struct upper, serving.host);

    text_add_counts(&u->counts, &w->counts);
    runtime_clear(&worker->run);
    free(w);
}

static int run(const struct command *self, const struct stdio *io, int argc, char **argv)
{
    struct upper u = {
        .options = {.shared = SHARED_DEFAULTS, .listen = LISTEN_DEFAULTS(12000)},
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &u.options, &first);

    if (status >= 0)
        return status;
    if (check_options(&u.options, argc - first, &why) < 0 || prepare(&u, &why) < 0)
        return command_misused(self, &why);
    hosting_run(&u.serving.host);
    option_words_clear(&u.options.shared.binds);
    text_report(&u.options.text, &u.counts);
    return runtime_end(&u.serving.host.run, io);
}

const struct command upper_command = {
    .name = "upper",
    .summary = "Listen; answer everything in upper case",
    .synopsis = "upper [OPTIONS]",
    .examples = "  tcptool upper -p 12000\n"
                "  tcptool upper --single -e gbk\n",
    .tables = tables,
    .hints = listen_hints,
    .run = run,
};
