/* The command chat: its options, and which form of it is meant. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "chat/room_service.h"
#include "chat/talk.h"
#include "commands/command.h"
#include "commands/connecting.h"
#include "commands/listening.h"
#include "commands/text_options.h"

struct chat_options {
    struct common_options common;
    struct listen_options listen;
    struct connect_options connect;
    struct text_options text;
    bool listens;
    bool room;
    const char *name;
    struct option_words byes;
    uint64_t history;
    uint64_t buffer_bytes;
};

#define AT(field) .offset = offsetof(struct chat_options, field)

static const struct option_spec where_specs[] = {
    {OPTION_ON, "listen", 'l', AT(listens), .essential = true,
     .help = "wait for a peer instead of connecting"},
    {OPTION_WORDS, "bind", 'b', .value = "ADDR[:PORT]", AT(common.binds),
     .help = "the local address (repeatable to listen)"},
    {.kind = OPTION_END},
};

static const struct option_spec chat_specs[] = {
    {OPTION_WORDS, "bye", 0, .value = "WORD", AT(byes),
     .help = "a line that ends the chat (repeatable)"},
    {OPTION_WORD, "name", 0, .value = "NAME", AT(name), .essential = true,
     .help = "your name in a room, or the console's (host)"},
    {OPTION_ON, "room", 0, AT(room), .essential = true, .help = "with --listen: a room for many"},
    {.kind = OPTION_END},
};

static const struct option_spec room_specs[] = {
    {OPTION_NUMBER, "history", 0, .value = "N", AT(history), .max = 1000000,
     .help = "show new members the last N lines"},
    {OPTION_SIZE, "buffer", 0, .value = "SIZE", AT(buffer_bytes), .min = 1 << 16, .max = 1ull << 32,
     .help = "keep up to SIZE for slow members"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"where", "Where", where_specs, 0, NULL},
    {"where", "To listen", listen_specs, offsetof(struct chat_options, listen), NULL},
    {"where", "To connect", connect_specs, offsetof(struct chat_options, connect), NULL},
    {"where", "", connect_retry_specs, offsetof(struct chat_options, connect), NULL},
    {"access", "Who gets in", listen_access_specs, offsetof(struct chat_options, listen), NULL},
    {"rights", "Rights", confine_specs, offsetof(struct chat_options, listen.confine), NULL},
    {"chat", "Chatting", chat_specs, 0, NULL},
    {"chat", "", room_specs, 0, NULL},
    {"text", "Text", text_wire_specs, offsetof(struct chat_options, text), NULL},
    {"text", "", text_local_specs, offsetof(struct chat_options, text), NULL},
    {"text", "", text_errors_specs, offsetof(struct chat_options, text), NULL},
    {"tls", "TLS", tls_specs, offsetof(struct chat_options, common.tls), NULL},
    {"limits", "Limits", common_limit_specs, offsetof(struct chat_options, common), NULL},
    {"limits", "", common_rate_specs, offsetof(struct chat_options, common), NULL},
    {"connection", "Connections", common_socket_specs, offsetof(struct chat_options, common), NULL},
    {"messages", "Messages", common_message_specs, offsetof(struct chat_options, common), NULL},
    {"messages", "", common_watch_specs, offsetof(struct chat_options, common), NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct chat_options defaults = {
    .common = COMMON_DEFAULTS,
    .listen = LISTEN_DEFAULTS(9999),
    .connect = CONNECT_DEFAULTS,
    .history = 20,
    .buffer_bytes = 8 << 20,
};

static const char *const default_byes[] = {"bye", "再见"};

static void configure_talk(struct talk_config *c, const struct chat_options *o,
                           const struct local_startup *startup)
{
    *c = (struct talk_config){
        .text = &o->text,
        .byes = o->byes.count > 0 ? (struct bye_words){o->byes.words, o->byes.count}
                                  : (struct bye_words){default_byes, 2},
        .name = o->name,
        .without_input = startup->input_closed,
        .plan = {.idle_ms = o->common.idle_timeout_ms,
                 .from_near = {.read_max = o->common.recv_size, .rate = o->common.rate},
                 .from_far = {.rate = o->common.rate, .one_send = !o->common.sendall}},
    };
}

/* Connecting. */

struct call {
    const struct chat_options *options;
    struct run run;
    struct tls_context *tls; /* NULL: none */
    struct connecting *connecting;
    struct talk_config config;
    struct talk talk;
    struct text_counts counts;
    struct timer drain;
};

static void on_over(void *arg, struct outcome *o)
{
    struct call *c = arg;

    if (o->whose == FAULT_NONE && o->cut)
        error_set(&o->why, EXITCODE_FAILED, "%s: closed before all data was delivered", o->name);
    connecting_over(&c->run, o);
}

static void on_connected(void *arg, struct stream *peer)
{
    struct call *c = arg;
    struct error why = {0};

    c->connecting = NULL;
    connecting_log(peer);
    event_detail("%s connected", stream_name(peer));
    if (talk_begin(&c->talk, &c->config, &c->run, &c->counts, peer, on_over, c, &why) < 0)
        run_fail(&c->run, &why);
}

static void on_connect_failed(void *arg, struct error *why)
{
    struct call *c = arg;

    c->connecting = NULL;
    run_fail(&c->run, why);
}

static const struct connect_events connect_events = {
    .on_connected = on_connected,
    .on_failed = on_connect_failed,
};

static void on_drained(struct timer *t)
{
    struct call *c = container_of(t, struct call, drain);

    if (c->talk.conversation != NULL)
        conversation_end(c->talk.conversation, CONVERSATION_STOP);
}

/* The first signal ends the chat as the end of input does. */
static void on_signal(void *arg, int number)
{
    struct call *c = arg;

    if (c->talk.conversation != NULL && !c->talk.leaving) {
        talk_leave(&c->talk);
        loop_set_timer(c->run.loop, &c->drain, c->options->listen.drain_ms);
        return;
    }
    c->run.signal = number;
    loop_stop(c->run.loop);
}

static int start(struct call *c, struct connecting_words *words, struct error *err)
{
    const struct chat_options *o = c->options;
    struct connect_plan plan;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (run_init(&c->run, o->common.deadline_ms, err) < 0 ||
        common_options_watch(&o->common, &c->run, err) < 0 ||
        loop_catch_signals(c->run.loop, &signals, on_signal, c, err) < 0 ||
        tls_options_prepare(&o->common.tls, "", TLS_CLIENT, &c->tls, err) < 0)
        return -1;
    words->dump = c->run.dump;
    plan = connecting_plan(words, &o->connect, &o->common, true, c->tls);
    c->connecting = connect_start(c->run.loop, &plan, &connect_events, c, err);
    return c->connecting != NULL ? 0 : -1;
}

static int call(const struct chat_options *o, struct connecting_words *words,
                const struct local_startup *startup)
{
    struct call c = {.options = o, .drain.on_due = on_drained};
    struct error why = {0};

    configure_talk(&c.config, o, startup);
    if (start(&c, words, &why) < 0)
        run_fail(&c.run, &why);
    run_loop(&c.run);
    connect_cancel(c.connecting);
    if (c.talk.conversation != NULL)
        conversation_end(c.talk.conversation, CONVERSATION_STOP);
    console_close(c.talk.console);
    tls_context_free(c.tls);
    text_options_report(&o->text, &c.counts);
    return run_end(&c.run, startup);
}

/* Listening. */

/* Returns true where no one can speak: a service's /dev/null. */
static bool has_no_speaker(const struct local_startup *startup)
{
    struct stat status;

    return startup->input_closed ||
           (fstat(STDIN_FILENO, &status) == 0 && S_ISCHR(status.st_mode) && !isatty(STDIN_FILENO));
}

static int listen_for(const struct chat_options *o, const struct local_startup *startup,
                      struct error *err)
{
    struct listen_options options = o->listen;
    struct talk_config talk;
    struct room_config room = {
        .text = &o->text,
        .buffer_bytes = o->buffer_bytes,
        .history = o->history,
        .name = o->name != NULL ? o->name : "host",
        .without_input = has_no_speaker(startup),
    };
    struct listening l = {
        .options = &options,
        .common = &o->common,
        .text = &o->text,
        .ops = o->room ? &room_ops : &talk_ops,
        .config = o->room ? (const void *)&room : &talk,
        .replies = true,
        .reached_by = "chat",
    };
    int result, status;

    configure_talk(&talk, o, startup);
    options.once = options.once || !o->room;
    listening_plan(&l);
    listening_open(&l);
    result = listening_run(&l, err);
    status = listening_end(&l, startup);
    return result < 0 ? -1 : status;
}

/* The command line. */

static int usage(const char *text, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "%s", text);
    return -1;
}

static int find_target(struct chat_options *o, struct connecting_words *w, int count, char **words,
                       struct error *err)
{
    if (connecting_find_target(w, &o->common, count, words, err) < 0 ||
        connecting_check(w, &o->connect, &o->common, err) < 0)
        return -1;
    if (count > w->used) {
        error_set(err, EXITCODE_USAGE, "unexpected argument \"%s\": type messages after connecting",
                  words[w->used]);
        return -1;
    }
    return 0;
}

/* Refuses what means something only to the other role, or to a room. */
static int check_role(const struct chat_options *o, struct error *err)
{
    const char *changed = NULL;
    struct listen_options listen = o->listen;

    listen.drain_ms = defaults.listen.drain_ms; /* means something to both */
    if (o->listens) {
        changed = options_find_changed(connect_specs, &o->connect, &defaults.connect);
        if (changed == NULL)
            changed = options_find_changed(connect_retry_specs, &o->connect, &defaults.connect);
        if (changed != NULL)
            error_set(err, EXITCODE_USAGE, "--%s and --listen cannot be used together", changed);
    } else {
        changed = options_find_changed(listen_specs, &listen, &defaults.listen);
        if (changed == NULL)
            changed = options_find_changed(listen_access_specs, &listen, &defaults.listen);
        if (changed == NULL)
            changed =
                options_find_changed(confine_specs, &o->listen.confine, &defaults.listen.confine);
        if (changed != NULL)
            error_set(err, EXITCODE_USAGE, "--%s requires --listen", changed);
    }
    if (changed == NULL && !o->room) {
        changed = options_find_changed(room_specs, o, &defaults);
        if (changed != NULL)
            error_set(err, EXITCODE_USAGE, "--%s requires --room", changed);
    }
    return changed == NULL ? 0 : -1;
}

static int check_options(struct chat_options *o, struct connecting_words *w, int count,
                         char **words, struct error *err)
{
    if (o->room && !o->listens)
        return usage("--room requires --listen", err);
    if (check_role(o, err) < 0)
        return -1;
    if (o->listens && listening_take_place(&o->listen, &o->common, count, words, err) < 0)
        return -1;
    if (text_options_check(&o->text, err) < 0 ||
        common_options_apply(&o->common, o->text.encoding, err) < 0)
        return -1;
    if (o->text.eol == TEXT_EOL_DEFAULT)
        o->text.eol = TEXT_EOL_LF;
    if (!o->listens)
        return find_target(o, w, count, words, err);
    if (listening_check(&o->listen, &o->common, NULL, err) < 0)
        return -1;
    return listening_check_output(&o->listen, err);
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct chat_options o = defaults;
    struct connecting_words words = {0};
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &o, &first);

    if (status < 0 && check_options(&o, &words, argc - first, argv + first, &why) < 0)
        status = command_misused(self, &why);
    if (status < 0)
        status = o.listens ? listen_for(&o, startup, &why) : call(&o, &words, startup);
    if (status < 0)
        status = command_misused(self, &why);
    connecting_clear(&words);
    listening_clear_options(&o.listen);
    proxy_options_clear(&o.connect.proxy);
    common_options_clear(&o.common);
    options_clear_words(&o.byes);
    return status;
}

const struct command chat_command = {
    .name = "chat",
    .summary = "Chat in lines, with one peer or in a room",
    .synopsis = "chat [OPTIONS] [HOST PORT]\nchat --listen [--room] [OPTIONS] [PORT|ADDR:PORT]",
    .examples = "  tcptool chat --listen\n"
                "  tcptool chat localhost 9999\n",
    .tables = tables,
    .defaults = &defaults,
    .run = run,
};
