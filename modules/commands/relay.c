/* The command relay: its options, and the targets. What clients get is the relay service's
 * business. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/endpoint.h"
#include "base/first_line.h"
#include "commands/command.h"
#include "commands/connecting.h"
#include "commands/listening.h"
#include "commands/progress.h"
#include "commands/text_options.h"
#include "net/tls_library.h"
#include "services/relay.h"
#include "stages/request.h"

/* Of two structs of the same kind, the second is of the options with "to-". */
struct relay_options {
    struct common_options common, to_common;
    struct listen_options listen;
    struct connect_options connect;
    struct text_options text, to_text;
    bool spread;
    bool to_any;
    const char *login;
    struct option_words to_allow, to_deny;
};

#define AT(field) .offset = offsetof(struct relay_options, field)

enum {
    REQUEST_LOGIN_MAX = 255 + 1 + 255 + 1,
    OWN_FILES = 32,    /* that are open without any client */
    WORKER_FILES = 16, /* for each worker: its loop and its pipes */
};

static const struct option_spec target_specs[] = {
    {OPTION_ON, "spread", 0, AT(spread), .essential = true,
     .help = "begin with another ADDRESS for each client"},
    {OPTION_ON, "to-any", 0, AT(to_any), .essential = true,
     .help = "let clients name the target: SOCKS, CONNECT"},
    {OPTION_WORD, "login", 0, .value = "USER:PASS|@FILE", AT(login),
     .help = "with --to-any: require this login"},
    {OPTION_WORDS, "to-allow", 0, .value = "RULE", AT(to_allow),
     .help = "with --to-any: these targets only (repeatable)"},
    {OPTION_WORDS, "to-deny", 0, .value = "RULE", AT(to_deny),
     .help = "with --to-any: not these (repeatable)"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"where", "Where", common_listen_bind_specs, offsetof(struct relay_options, common), NULL},
    {"where", "", listen_specs, offsetof(struct relay_options, listen), NULL},
    {"where", "", listen_worker_specs, offsetof(struct relay_options, listen), NULL},
    {"access", "Who gets in", listen_access_specs, offsetof(struct relay_options, listen), NULL},
    {"rights", "Rights", confine_specs, offsetof(struct relay_options, listen.confine), NULL},
    {"target", "The other side", target_specs, 0, NULL},
    {"target", "", connect_specs, offsetof(struct relay_options, connect), NULL},
    {"target", "", connect_retry_specs, offsetof(struct relay_options, connect), NULL},
    {"text", "Text", text_wire_specs, offsetof(struct relay_options, text), NULL},
    {"text", "", text_wire_specs, offsetof(struct relay_options, to_text), "to-"},
    {"text", "", text_errors_specs, offsetof(struct relay_options, text), NULL},
    {"tls", "TLS with clients", tls_specs, offsetof(struct relay_options, common.tls), NULL},
    {"tls", "TLS with the other side", tls_specs, offsetof(struct relay_options, to_common.tls),
     "to-"},
    {"limits", "Limits", common_limit_specs, offsetof(struct relay_options, common), NULL},
    {"limits", "", common_rate_specs, offsetof(struct relay_options, common), NULL},
    {"connection", "Connections of clients", common_socket_specs,
     offsetof(struct relay_options, common), NULL},
    {"connection", "Connections of the other side", common_socket_specs,
     offsetof(struct relay_options, to_common), "to-"},
    {"messages", "Messages", common_message_specs, offsetof(struct relay_options, common), NULL},
    {"messages", "", common_watch_specs, offsetof(struct relay_options, common), NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct relay_options defaults = {
    .common = COMMON_DEFAULTS,
    .to_common = COMMON_DEFAULTS,
    .listen = LISTEN_DEFAULTS(8080),
    .connect = CONNECT_DEFAULTS,
};

struct relay {
    struct relay_options options;
    struct listening listening;
    struct relay_config config;
    struct connecting_words *words; /* of each target */
    struct connect_target *targets;
    size_t count;
    atomic_size_t turn;
    char *login; /* USER:PASS */
    struct request_config request;
    struct access access; /* to targets that clients name */
    struct access_source rules;
    struct connecting_words none; /* what the plan to connect is made from */
    struct tls_context *tls;      /* with the other side; NULL: none */
};

static void on_closing(void *client, struct stream *near, int64_t duration_ms)
{
    (void)client;
    progress_report_totals(near, duration_ms);
}

/* Nobody is asked for the port of the last word. */
static int check_last_word(const char *word, struct error *err)
{
    struct endpoint e;
    bool complete;

    if (endpoint_parse(word, &e, err) < 0)
        return -1;
    complete = e.port != NULL || e.address.sa.sa_family != 0;
    endpoint_clear(&e);
    if (!complete)
        error_set(err, EXITCODE_USAGE, "missing port after \"%s\"", word);
    return complete ? 0 : -1;
}

static int find_targets(struct relay *r, int count, char **words, struct error *err)
{
    if (count == 0) {
        error_set(err, EXITCODE_USAGE, "missing ADDRESS, or --to-any");
        return -1;
    }
    r->words = calloc((size_t)count, sizeof(*r->words));
    r->targets = calloc((size_t)count, sizeof(*r->targets));
    if (r->words == NULL || r->targets == NULL) {
        error_errno(err, ENOMEM, "cannot read the addresses");
        return -1;
    }
    while (count > 0) {
        struct connecting_words *w = &r->words[r->count];

        if ((count == 1 && check_last_word(words[0], err) < 0) ||
            connecting_find_target(w, &r->options.common, count, words, err) < 0)
            return -1;
        r->count++;
        if (tls_options_check_target(&r->options.to_common.tls, "to-", w->host, err) < 0 ||
            connecting_check(w, &r->options.connect, &r->options.to_common, err) < 0)
            return -1;
        count -= w->used;
        words += w->used;
    }
    return 0;
}

static char *read_login(const char *path, struct error *err)
{
    char *line = first_line_read(fopen(path, "re"));

    if (line == NULL)
        error_errno(err, errno, "--login: cannot read %s", path);
    return line;
}

/* A login on the command line is hidden from ps(1): it does not quote what it refuses, either. */
static int find_login(struct relay *r, struct error *err)
{
    const char *word = r->options.login;

    if (word == NULL)
        return 0;
    if (*word == '@') {
        r->login = read_login(word + 1, err);
    } else {
        r->login = strdup(word);
        if (r->login == NULL)
            error_errno(err, ENOMEM, "--login");
        memset((char *)word, '*', strlen(word));
    }
    if (r->login == NULL)
        return -1;
    if (strchr(r->login, ':') != NULL && strlen(r->login) < REQUEST_LOGIN_MAX)
        return 0;
    error_set(err, EXITCODE_USAGE, "--login: expected USER:PASS, with at most 255 bytes each");
    return -1;
}

static int check_requests(struct relay *r, int count, char **words, struct error *err)
{
    const struct relay_options *o = &r->options;

    if (o->to_any && count > 0)
        error_set(err, EXITCODE_USAGE, "--to-any and ADDRESS \"%s\" cannot be used together",
                  words[0]);
    else if (o->to_any && (o->spread || o->connect.proxy.word != NULL))
        error_set(err, EXITCODE_USAGE, "--to-any and %s cannot be used together",
                  o->spread ? "--spread" : "--proxy");
    else if (!o->to_any && (o->login != NULL || o->to_allow.count > 0 || o->to_deny.count > 0))
        error_set(err, EXITCODE_USAGE, "%s requires --to-any",
                  o->login != NULL        ? "--login"
                  : o->to_allow.count > 0 ? "--to-allow"
                                          : "--to-deny");
    else
        return find_login(r, err);
    return -1;
}

/* Where strangers could use the relay, they have to be kept out. */
static bool is_for_all(const struct relay_options *o)
{
    return o->to_any && o->login == NULL && o->listen.allow.count == 0;
}

static int check_inherited(const struct relay_options *o, struct error *err)
{
    const struct inherited *i = &o->listen.inherited;
    char text[ADDR_TEXT_SIZE];

    for (size_t k = 0; is_for_all(o) && k < i->count; k++) {
        struct addr a = {.length = sizeof(a.un)};

        if (getsockname(i->first + (int)k, &a.sa, &a.length) == 0 && access_is_local(&a))
            continue;
        error_set(err, EXITCODE_USAGE, "%s is not loopback: requires --login or --allow",
                  addr_format(&a, text));
        return -1;
    }
    return 0;
}

/* OpenSSL cannot be loaded any more when a proxy asks for a digest. */
static void load_digests(const struct proxy_options *p)
{
    if (proxy_options_proxy(p) != NULL && proxy_url_is_http(&p->url) && p->url.user != NULL)
        tls_library_load(NULL);
}

static int check_options(struct relay *r, int count, char **words, struct error *err)
{
    struct relay_options *o = &r->options;

    o->to_text.errors = o->text.errors;
    if (text_options_check(&o->text, err) < 0 || text_options_check(&o->to_text, err) < 0 ||
        listening_check(&o->listen, &o->common, NULL, err) < 0 ||
        common_options_check(&o->to_common, "to-", err) < 0 ||
        tls_options_check(&o->to_common.tls, "to-", TLS_CLIENT, err) < 0 ||
        common_options_apply(&o->common, o->text.encoding, err) < 0)
        return -1;
    if (check_requests(r, count, words, err) < 0 || check_inherited(o, err) < 0 ||
        (!o->to_any && find_targets(r, count, words, err) < 0))
        return -1;
    load_digests(&o->connect.proxy);
    return tls_options_prepare(&o->to_common.tls, "to-", TLS_CLIENT, &r->tls, err);
}

static void plan_connections(struct relay *r)
{
    const struct relay_options *o = &r->options;
    struct connect_plan *plan = &r->config.connect;

    *plan = connecting_plan(&r->none, &o->connect, &o->to_common, true, NULL);
    for (size_t i = 0; i < r->count; i++) {
        connecting_use_tls(&r->words[i], r->tls);
        r->targets[i] = r->words[i].target;
    }
    plan->targets = r->targets;
    plan->count = r->count;
    plan->handshake_ms = o->common.handshake_timeout_ms;
}

/* A client whose target finds no descriptor would have been accepted only to be dropped: it has to
 * wait in the backlog. */
static void limit_clients(struct relay *r)
{
    struct relay_options *o = &r->options;
    bool has_handshakes = o->to_any || o->common.tls.on || o->listen.accept_proxy;
    uint64_t own = OWN_FILES + WORKER_FILES * o->listen.workers, most = 1;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    /* There may be as many in their handshake as are served. */
    if (files.rlim_max > own)
        most += (files.rlim_max - own) / (has_handshakes ? 3 : 2);
    if (o->listen.max_conns != 0 && o->listen.max_conns <= most)
        return;
    if (o->listen.max_conns != 0)
        event_notice("--max-conns %llu: reduced to %llu by the limit of open files",
                     (unsigned long long)o->listen.max_conns, (unsigned long long)most);
    o->listen.max_conns = most;
}

static void configure(struct relay *r)
{
    const struct relay_options *o = &r->options;
    struct listening *l = &r->listening;

    *l = (struct listening){
        .options = &o->listen,
        .common = &o->common,
        .text = &o->text,
        .ops = &relay_ops,
        .config = &r->config,
        .plan.on_closing = o->common.verbose ? on_closing : NULL,
        .replies = true,
        .shows_clients = true,
        .connects = true,
        .target_rules = &r->rules,
        .to_text = &o->to_text,
        .to_tls = &o->to_common.tls,
        .to_tls_context = r->tls,
        .loopback_only = is_for_all(o),
    };
    r->access = (struct access)ACCESS_INIT;
    r->rules = (struct access_source){
        .allow = &o->to_allow, .deny = &o->to_deny, .of_targets = true, .access = &r->access};
    r->request.login = r->login;
    if (o->to_any)
        l->last_stage = (struct stage_plan){.make = request_stage, .config = &r->request};
    listening_plan(l);
    l->plan.from_near.one_send = !o->to_common.sendall;
    r->config = (struct relay_config){
        .near_text = &o->text,
        .far_text = &o->to_text,
        .spread = o->spread,
        .turn = &r->turn,
        .targets = &r->access,
        .tls = r->tls,
        .send_proxy = o->connect.send_proxy,
        .proxy_version = o->connect.proxy_version,
    };
    plan_connections(r);
}

static void clear(struct relay *r)
{
    for (size_t i = 0; i < r->count; i++)
        connecting_clear(&r->words[i]);
    free(r->words);
    free(r->targets);
    free(r->login);
    options_clear_words(&r->options.to_allow);
    options_clear_words(&r->options.to_deny);
    proxy_options_clear(&r->options.connect.proxy);
    listening_clear_options(&r->options.listen);
    common_options_clear(&r->options.common);
    common_options_clear(&r->options.to_common);
    tls_context_free(r->tls);
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct relay r = {.options = defaults};
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &r.options, &first);

    if (status < 0 && check_options(&r, argc - first, argv + first, &why) < 0)
        status = command_misused(self, &why);
    if (status < 0) {
        limit_clients(&r);
        configure(&r);
        listening_open(&r.listening);
        if (listening_run(&r.listening, &why) < 0)
            status = command_misused(self, &why);
        first = listening_end(&r.listening, startup);
        status = status < 0 ? first : status;
    }
    clear(&r);
    return status;
}

const struct command relay_command = {
    .name = "relay",
    .summary = "Listen; connect each client to another address",
    .synopsis = "relay [OPTIONS] ADDRESS...\nrelay [OPTIONS] --to-any",
    .examples = "  tcptool relay -p 8080 web1:80 web2:80\n"
                "  tcptool relay -p 2323 --to-encoding big5 bbs 23\n"
                "  tcptool relay -p 1080 --to-any\n",
    .tables = tables,
    .defaults = &defaults,
    .run = run,
};
