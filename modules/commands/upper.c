/* The command upper: its options. The echo service replies to the clients. */
#include "commands/command.h"
#include "commands/listening.h"
#include "commands/progress.h"
#include "commands/text_options.h"
#include "services/echo.h"

/* How long a client may go on after the reply to its first read: closing while it sends would
 * reset the connection before it has read the reply. */
enum { LINGER_MS = 500 };

struct upper_options {
    struct common_options common;
    struct listen_options listen;
    struct text_options text;
    bool single;
};

#define AT(field) .offset = offsetof(struct upper_options, field)

static const struct option_spec what_specs[] = {
    {OPTION_ON, "single", 0, AT(single), .essential = true,
     .help = "reply to the first read, then close"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"where", "Where", common_listen_bind_specs, offsetof(struct upper_options, common), NULL},
    {"where", "", listen_specs, offsetof(struct upper_options, listen), NULL},
    {"where", "", listen_worker_specs, offsetof(struct upper_options, listen), NULL},
    {"access", "Who gets in", listen_access_specs, offsetof(struct upper_options, listen), NULL},
    {"rights", "Rights", confine_specs, offsetof(struct upper_options, listen.confine), NULL},
    {"output", "Replies", what_specs, 0, NULL},
    {"text", "Text", text_wire_specs, offsetof(struct upper_options, text), NULL},
    {"text", "", text_local_specs, offsetof(struct upper_options, text), NULL},
    {"text", "", text_errors_specs, offsetof(struct upper_options, text), NULL},
    {"tls", "TLS", tls_specs, offsetof(struct upper_options, common.tls), NULL},
    {"limits", "Limits", common_limit_specs, offsetof(struct upper_options, common), NULL},
    {"limits", "", common_rate_specs, offsetof(struct upper_options, common), NULL},
    {"connection", "Connections", common_socket_specs, offsetof(struct upper_options, common),
     NULL},
    {"messages", "Messages", common_message_specs, offsetof(struct upper_options, common), NULL},
    {"messages", "", common_watch_specs, offsetof(struct upper_options, common), NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct upper_options defaults = {.common = COMMON_DEFAULTS,
                                              .listen = LISTEN_DEFAULTS(12000)};

static void on_closing(void *client, struct stream *near, int64_t duration_ms)
{
    (void)client;
    progress_report_totals(near, duration_ms);
}

static int check_options(struct upper_options *o, int count, char **words, struct error *err)
{
    if (listening_take_place(&o->listen, &o->common, count, words, err) < 0)
        return -1;
    if (text_options_check(&o->text, err) < 0 ||
        listening_check(&o->listen, &o->common, NULL, err) < 0)
        return -1;
    return common_options_apply(&o->common, o->text.encoding, err);
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct upper_options o = defaults;
    struct echo_config config = {.text = &o.text};
    struct listening l = {
        .options = &o.listen,
        .common = &o.common,
        .text = &o.text,
        .ops = &echo_ops,
        .config = &config,
        .plan.on_closing = on_closing,
        .replies = true,
        .shows_clients = true,
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &o, &first);

    if (status < 0 && check_options(&o, argc - first, argv + first, &why) < 0)
        status = command_misused(self, &why);
    if (status >= 0)
        goto done;
    listening_plan(&l);
    l.plan.from_near.first_is_enough = o.single;
    l.plan.last_words_ms = o.single ? LINGER_MS : 0;
    l.plan.from_near.one_send = !o.common.sendall;
    listening_open(&l);
    if (listening_run(&l, &why) < 0)
        status = command_misused(self, &why);
    first = listening_end(&l, startup);
    status = status < 0 ? first : status;
done:
    listening_clear_options(&o.listen);
    common_options_clear(&o.common);
    return status;
}

const struct command upper_command = {
    .name = "upper",
    .summary = "Listen; reply with everything in upper case",
    .synopsis = "upper [OPTIONS] [PORT|ADDR:PORT]",
    .examples = "  tcptool upper -p 12000\n"
                "  tcptool upper --single -e gbk\n",
    .tables = tables,
    .defaults = &defaults,
    .run = run,
};
