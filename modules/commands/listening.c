/* Owns the life of a listening command: from the first look-up to the last signal. */
#include "commands/listening.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "base/num.h"
#include "commands/hints.h"
#include "commands/listening_stages.h"
#include "commands/port_file.h"
#include "commands/socket_options.h"
#include "commands/text_options.h"
#include "commands/workers.h"

enum { PORT_FILE_RETRY_MS = 20 };

#define AT(field) .offset = offsetof(struct listen_options, field)

const struct option_spec listen_specs[] = {
    {OPTION_PORT, "port", 'p', .value = "PORT", AT(port), .essential = true,
     .given_offset = offsetof(struct listen_options, port_given),
     .help = "listen on PORT; 0 picks a free port"},
    {OPTION_NUMBER, "backlog", 0, .value = "N", AT(backlog), .max = INT32_MAX,
     .help = "queue up to N pending connections"},
    {OPTION_ON, "once", '1', AT(once), .essential = true,
     .help = "serve one connection, exit with its status"},
    {OPTION_NUMBER, "max-conns", 0, .value = "N", AT(max_conns),
     .help = "serve up to N at a time; 0 sets no limit"},
    {OPTION_DURATION, "accept-timeout", 0, .value = "TIME", AT(accept_timeout_ms),
     .help = "exit when no client connects within TIME"},
    {OPTION_WORD, "port-file", 0, .value = "FILE", AT(port_file),
     .help = "write the port to FILE once listening"},
    {OPTION_WORD, "socket-mode", 0, .value = "MODE", AT(socket_mode),
     .help = "the mode of unix:PATH (0600 less the umask)"},
    {OPTION_WORD, "socket-group", 0, .value = "NAME", AT(socket_group),
     .help = "the group of unix:PATH"},
    {OPTION_DURATION, "drain", 0, .value = "TIME", AT(drain_ms),
     .help = "when stopped, wait TIME for clients"},
    {.kind = OPTION_END},
};

const struct option_spec listen_worker_specs[] = {
    {OPTION_NUMBER, "workers", 0, .value = "N", AT(workers), .min = 1, .max = 256,
     .help = "share the port among N threads"},
    {.kind = OPTION_END},
};

const struct option_spec listen_access_specs[] = {
    {OPTION_WORDS, "allow", 0, .value = "RULE", AT(allow),
     .help = "serve clients of RULE or @FILE only (repeatable)"},
    {OPTION_WORDS, "deny", 0, .value = "RULE", AT(deny),
     .help = "refuse clients of RULE or @FILE (repeatable)"},
    {OPTION_NUMBER, "max-conns-per-host", 0, .value = "N", AT(max_conns_per_host),
     .help = "serve up to N per address (IPv6: /64) at a time"},
    {OPTION_ON, "accept-proxy", 0, AT(accept_proxy),
     .help = "require a PROXY header from each client"},
    {.kind = OPTION_END},
};

void listening_clear_options(struct listen_options *o)
{
    options_clear_words(&o->allow);
    options_clear_words(&o->deny);
}

int listening_take_word(struct listen_options *o, struct common_options *common, const char *word,
                        struct error *err)
{
    if (endpoint_kind(word) != ENDPOINT_PORT)
        return options_add_word(&common->binds, word, err);
    o->port_given = true;
    return endpoint_parse_port(word, 0, &o->port, err);
}

int listening_take_place(struct listen_options *o, struct common_options *common, int count,
                         char **words, struct error *err)
{
    enum endpoint_kind kind = count > 0 ? endpoint_kind(words[0]) : ENDPOINT_NONE;

    if (count > 1 && kind != ENDPOINT_NONE)
        error_set(err, EXITCODE_USAGE, "unexpected argument \"%s\": expected one port or address",
                  words[1]);
    else if (kind != ENDPOINT_NONE)
        return listening_take_word(o, common, words[0], err);
    else if (count > 0)
        error_set(err, EXITCODE_USAGE,
                  "unexpected argument \"%s\": taken for a program, as it is no port and no "
                  "ADDR:PORT: %s",
                  words[0], hints_text(HINTS_LINE, "-e"));
    return count == 0 ? 0 : -1;
}

/* Sockets that were passed come before --bind and --port. */
static int find_inherited(struct listen_options *o, const struct common_options *common,
                          struct error *err)
{
    if (inherited_find(&o->inherited, !o->port_given && common->binds.count == 0, err) < 0)
        return -1;
    if (o->inherited.is_connection) {
        o->once = true;
        o->workers = 1;
    }
    return 0;
}

int listening_check(struct listen_options *o, const struct common_options *common,
                    const char *shares, struct error *err)
{
    if (find_inherited(o, common, err) < 0)
        return -1;
    if (o->workers > 1 && o->once)
        shares = "--once serves only one connection";
    else if (common->hexdump)
        shares = "--hexdump has one output";
    if (o->workers <= 1 || shares == NULL)
        return tls_options_check(&common->tls, "", TLS_SERVER, err);
    error_set(err, EXITCODE_USAGE, "--workers %llu: %s", (unsigned long long)o->workers, shares);
    return -1;
}

int listening_check_output(const struct listen_options *o, struct error *err)
{
    if (!o->inherited.is_standard)
        return 0;
    error_set(err, EXITCODE_USAGE,
              "standard output is the client, and what it sends cannot be printed there; use "
              "--port to listen");
    return -1;
}

void listening_plan(struct listening *l)
{
    l->plan.goal = GOAL_BOTH_END;
    l->plan.idle_ms = l->common->idle_timeout_ms;
    l->plan.from_near.read_max = l->plan.from_far.read_max = l->common->recv_size;
    l->plan.from_near.rate = l->plan.from_far.rate = l->common->rate;
    l->plan.from_far.one_send = !l->common->sendall;
}

void listening_stop_if_idle(struct listening *l)
{
    if (l->idle && workers_are_done(l->workers))
        loop_stop(l->run.loop);
}

static void on_idle(void *arg)
{
    struct listening *l = arg;

    l->idle = true;
    listening_stop_if_idle(l);
}

static void report_stopping(const struct listening *l)
{
    unsigned long long clients = atomic_load(&l->limit.clients);
    char limit[32];

    num_format_duration(l->options->drain_ms, limit, sizeof(limit));
    if (clients > 0)
        event_notice(
            clients == 1
                ? "stopping: waiting up to %s for %llu connection to close; again to end it now"
                : "stopping: waiting up to %s for %llu connections to close; again to end them "
                  "now",
            limit, clients);
}

static bool has_files(const struct listening *l)
{
    return access_source_has_files(&l->rules) || tls_options_have_files(&l->common->tls) ||
           tls_options_have_files(l->to_tls) || event_log_is_file(l->common->log);
}

/* SIGHUP reads files again, or ends the program at once where there are none. The first other
 * signal waits for clients to close; the second ends the program at once. */
static void on_signal(void *arg, int number)
{
    struct listening *l = arg;
    bool waits_for_first = l->options->once && atomic_load(&l->limit.accepted) == 0;

    if (number == SIGHUP && has_files(l)) {
        notify_reloading(&l->notify);
        tls_options_reload(l->tls.context);
        tls_options_reload(l->to_tls_context);
        event_log_reopen(l->run.log);
        access_source_reload(&l->rules);
        return;
    }
    if (number == SIGHUP || l->server == NULL || l->run.stopped || waits_for_first) {
        l->run.signal = number;
        loop_stop(l->run.loop);
        return;
    }
    l->run.stopped = true;
    report_stopping(l);
    notify_stopping(&l->notify);
    workers_order(l->workers, WORKERS_STOP);
    server_stop(l->server);
}

static void on_reread(void *arg)
{
    notify_ready(&((struct listening *)arg)->notify);
}

static void on_accept_limit(struct timer *t)
{
    struct listening *l = container_of(t, struct listening, accept_limit);
    struct error why = {0};
    char limit[32];

    if (atomic_load(&l->limit.accepted) > 0)
        return;
    num_format_duration(l->options->accept_timeout_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "timed out after %s: no client connected (--accept-timeout)",
              limit);
    run_fail(&l->run, &why);
}

static void write_port_file(struct listening *l, bool again)
{
    struct error why = {0};

    switch (port_file_write(l->options->port_file, server_listeners(l->server), again, &why)) {
    case PORT_FILE_WRITTEN:
        break;
    case PORT_FILE_NO_READER:
        loop_set_timer(l->run.loop, &l->port_file_retry, PORT_FILE_RETRY_MS);
        break;
    case PORT_FILE_FAILED:
        run_fail(&l->run, &why);
        break;
    }
}

static void on_port_file_retry(struct timer *t)
{
    write_port_file(container_of(t, struct listening, port_file_retry), true);
}

void listening_open(struct listening *l)
{
    struct error why = {0};
    sigset_t signals;
    struct sigaction action;

    event_show_clients(l->common->verbose || (l->shows_clients && isatty(STDERR_FILENO)));
    l->accept_limit.on_due = on_accept_limit;
    l->port_file_retry.on_due = on_port_file_retry;
    l->access = (struct access)ACCESS_INIT;
    l->rights.root = -1;
    l->rules = (struct access_source){
        .allow = &l->options->allow,
        .deny = &l->options->deny,
        .access = &l->access,
        .next = l->target_rules,
        .on_reread = on_reread,
        .arg = l,
    };
    l->binds.loopback_only = l->loopback_only;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (has_files(l) || (sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN))
        sigaddset(&signals, SIGHUP); /* unless it is ignored, nohup(1): paths are removed first */
    if (run_init(&l->run, l->common->deadline_ms, &why) < 0 ||
        common_options_watch(l->common, &l->run, &why) < 0 ||
        loop_catch_signals(l->run.loop, &signals, on_signal, l, &why) < 0)
        run_fail(&l->run, &why);
    else
        notify_open(&l->notify, l->run.loop, &l->limit);
}

/* Rights that no file would get are a mistake. */
static int read_file_options(const struct listening *l, struct socket_file_options *file,
                             struct error *err)
{
    const struct listen_options *o = l->options;

    if (socket_options_parse(o->socket_mode, o->socket_group, file, err) < 0)
        return -1;
    if (!file->has_mode && !file->has_group)
        return 0;
    for (size_t i = 0; i < l->binds.count; i++)
        if (addr_is_file(&l->binds.items[i].addresses.items[0]))
            return 0;
    error_set(err, EXITCODE_USAGE, "%s requires --bind unix:PATH",
              file->has_mode ? "--socket-mode" : "--socket-group");
    return -1;
}

static int plan_server(struct listening *l, struct error *err)
{
    const struct listen_options *o = l->options;
    struct socket_file_options file = {0};

    if (confine_prepare(l, err) < 0 ||
        (o->inherited.count == 0 && bind_words_look_up(&l->binds, l->common, &l->run, err) < 0) ||
        read_file_options(l, &file, err) < 0 || access_source_open(&l->rules, &l->run, err) < 0 ||
        tls_options_prepare(&l->common->tls, "", TLS_SERVER, &l->tls.context, err) < 0)
        return -1;
    l->limit.max = o->max_conns;
    l->limit.loops = 1;
    l->server_options = (struct server_options){
        .listen = {.binds = l->binds.items,
                   .count = l->binds.count,
                   .port = o->port,
                   .inherited = o->inherited,
                   .socket = {.backlog = (int)o->backlog,
                              .file = file,
                              .socket = common_options_socket(l->common, l->replies)}},
        .once = o->once,
        .drain_ms = o->drain_ms,
        .handshake_ms = l->common->handshake_timeout_ms,
        .stages = l->stages,
        .stage_count = listening_stages_plan(l),
        .limit = &l->limit,
    };
    return inherited_detach(&l->server_options.listen.inherited, err);
}

static void report_backlog(const struct listening *l)
{
    int limit = l->options->backlog != 128 && l->options->inherited.count == 0
                    ? socket_backlog_limit()
                    : -1;

    if (limit >= 0 && l->options->backlog > (uint64_t)limit)
        event_notice("--backlog %llu: reduced to %d (net.core.somaxconn)",
                     (unsigned long long)l->options->backlog, limit);
}

static void announce(const struct listening *l)
{
    const struct listeners *listeners = server_listeners(l->server);
    char text[ADDR_TEXT_SIZE];

    if (l->options->inherited.count > 0 && (l->options->port_given || l->common->binds.count > 0))
        event_notice("LISTEN_FDS: using the sockets passed instead of --bind and --port");
    for (size_t i = 0; i < listeners->count; i++)
        event_report(&(struct event){.kind = EVENT_LISTENING,
                                     .local = addr_format(&listeners->items[i].address, text)});
    if (listeners->count > 0)
        tls_options_announce(&l->tls, l->reached_by != NULL ? l->reached_by : "send",
                             &listeners->items[0].address);
}

static int start(struct listening *l, struct error *err)
{
    size_t workers = l->options->workers > 1 ? (size_t)l->options->workers - 1 : 0;

    if (plan_server(l, err) < 0)
        return -1;
    l->service = service_new(l->ops, l->config, &l->plan, &l->run, err);
    if (l->service == NULL)
        return -1;
    l->server = server_open(&l->server_options, NULL, l->service, on_idle, l, err);
    if (l->server == NULL) {
        bind_words_explain(&l->common->binds, err);
        return -1;
    }
    if (l->options->port_file != NULL)
        write_port_file(l, false);
    report_backlog(l);
    if (run_is_over(&l->run) || confine_enter(l, err) < 0 ||
        (workers > 0 && workers_start(l, workers, err) < 0))
        return -1;
    announce(l);
    notify_ready(&l->notify);
    server_start(l->server);
    if (l->options->accept_timeout_ms > 0 && !l->options->inherited.is_connection)
        loop_set_timer(l->run.loop, &l->accept_limit, l->options->accept_timeout_ms);
    return 0;
}

int listening_run(struct listening *l, struct error *err)
{
    struct error why = {0};

    if (run_is_over(&l->run))
        return 0;
    if (start(l, &why) == 0) {
        if (!l->idle) /* an inherited connection may be over already */
            run_loop(&l->run);
    } else if (why.status == EXITCODE_USAGE) {
        error_move(err, &why);
        return -1;
    } else if (error_is_set(&why)) {
        run_fail(&l->run, &why);
    }
    return 0;
}

static void clear(struct listening *l)
{
    bind_words_clear(&l->binds);
    access_source_close(&l->rules);
    tls_context_free(l->tls.context);
    confine_clear(l);
}

int listening_end(struct listening *l, const struct local_startup *startup)
{
    unsigned long long refused = atomic_load(&l->limit.refused);
    struct error why = {0};

    notify_stopping(&l->notify);
    workers_end(l);
    if (l->server != NULL) {
        server_end(l->server);
        l->cut += server_cut(l->server);
    }
    if (refused > 0)
        event_notice(refused == 1 ? "refused %llu client" : "refused %llu clients", refused);
    if (l->cut > 0) {
        error_set(&why, EXITCODE_FAILED,
                  l->cut == 1 ? "%llu connection was closed before all of its data was delivered"
                              : "%llu connections were closed before all of their data was "
                                "delivered",
                  (unsigned long long)l->cut);
        run_report(&l->run, &why);
    }
    server_free(l->server);
    l->server = NULL;
    if (l->service != NULL)
        text_options_add_counts(&l->counts, &l->service->counts);
    service_free(l->service);
    clear(l);
    if (l->text != NULL)
        text_options_report(l->text, &l->counts);
    notify_close(&l->notify);
    return run_end(&l->run, startup);
}
