/* The command wait: its options, and the program that follows it. */
#include <stdlib.h>
#include <string.h>

#include "base/executable.h"
#include "commands/command.h"
#include "commands/text_options.h"
#include "commands/wait_now.h"
#include "commands/wait_until.h"

enum { NOT_GIVEN = -1 };

struct wait_options {
    struct common_options common;
    struct connect_options connect;
    struct text_options text;
    bool any;
    bool gone;
    bool now;
    const char *send;
    const char *expect;
};

#define AT(field) .offset = offsetof(struct wait_options, field)

static const struct option_spec what_specs[] = {
    {OPTION_ON, "any", 0, AT(any), .essential = true, .help = "wait for one ADDRESS only"},
    {OPTION_ON, "gone", 0, AT(gone), .essential = true,
     .help = "wait until connecting is no longer possible"},
    {OPTION_WORD, "send", 0, .value = "TEXT", AT(send), .essential = true,
     .help = "send TEXT first"},
    {OPTION_WORD, "expect", 0, .value = "TEXT", AT(expect), .essential = true,
     .help = "wait for a reply that contains TEXT"},
    {OPTION_ON, "now", 0, AT(now), .essential = true, .help = "try once, print which are open"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"what", "What to wait for", what_specs, 0, NULL},
    {"where", "Where", common_connect_bind_specs, offsetof(struct wait_options, common), NULL},
    {"where", "", connect_specs, offsetof(struct wait_options, connect), NULL},
    {"text", "Text", text_wire_specs, offsetof(struct wait_options, text), NULL},
    {"text", "", text_local_specs, offsetof(struct wait_options, text), NULL},
    {"text", "", text_errors_specs, offsetof(struct wait_options, text), NULL},
    {"tls", "TLS", tls_specs, offsetof(struct wait_options, common.tls), NULL},
    {"limits", "Limits", common_limit_specs, offsetof(struct wait_options, common), NULL},
    {"connection", "Connection", common_socket_specs, offsetof(struct wait_options, common), NULL},
    {"messages", "Messages", common_message_specs, offsetof(struct wait_options, common), NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct wait_options defaults = {
    .common = {COMMON_DEFAULT_FIELDS, .deadline_ms = 60000},
    .connect = CONNECT_DEFAULTS,
};

struct wait {
    struct wait_options options;
    char **program; /* NULL: none */
    struct run run;
    struct tls_context *tls; /* of all addresses; NULL: none */
    struct wait_addresses addresses;
    struct buf message;
    struct wait_tries tries;
};

/* The first -- ends what is for tcptool. Returns how many words that are. */
static int split(int argc, char **argv, char ***program)
{
    int count = 0;

    while (count < argc && strcmp(argv[count], "--") != 0)
        count++;
    *program = count < argc ? argv + count + 1 : NULL;
    return count;
}

static int check_words(const struct wait *w, int count, struct error *err)
{
    const struct wait_options *o = &w->options;

    if (count == 0)
        error_set(err, EXITCODE_USAGE, "missing ADDRESS");
    else if (o->now && (o->any || o->gone))
        error_set(err, EXITCODE_USAGE,
                  o->any ? "--now and --any cannot be used together"
                         : "--now and --gone cannot be used together");
    else if (o->now && w->program != NULL)
        error_set(err, EXITCODE_USAGE, "--now and PROGRAM cannot be used together");
    else if (w->program != NULL && w->program[0] == NULL)
        error_set(err, EXITCODE_USAGE, "missing PROGRAM after --");
    else if (o->send != NULL && o->expect == NULL)
        error_set(err, EXITCODE_USAGE, "--send requires --expect");
    else if (o->expect != NULL && *o->expect == '\0')
        error_set(err, EXITCODE_USAGE, "--expect: missing TEXT");
    else
        return 0;
    return -1;
}

static int encode_message(struct wait *w, struct error *err)
{
    const char *text = w->options.send;

    if (text == NULL || filters_encode(&w->options.text, text, strlen(text), true, &w->tries.counts,
                                       &w->message, err) == 0)
        return 0;
    error_prefix(err, "--send");
    return -1;
}

/* It is looked up again when its time has come. */
static int check_program(const char *word, struct error *err)
{
    char *path = executable_find(word, err);

    free(path);
    return path != NULL ? 0 : -1;
}

static int check(struct wait *w, int count, char **words, struct error *err)
{
    const struct wait_options *o = &w->options;

    if (text_options_check(&o->text, err) < 0 || check_words(w, count, err) < 0 ||
        common_options_apply(&o->common, NULL, err) < 0 ||
        wait_address_read(&w->addresses, count, words, o->now, err) < 0 ||
        encode_message(w, err) < 0)
        return -1;
    for (size_t i = 0; i < w->addresses.count; i++)
        if (connecting_check(&w->addresses.items[i].words, &w->options.connect, &o->common, err) <
            0)
            return -1;
    if (tls_options_prepare(&o->common.tls, "", TLS_CLIENT, &w->tls, err) < 0)
        return -1;
    for (size_t i = 0; i < w->addresses.count; i++) {
        struct wait_address *a = &w->addresses.items[i];

        a->plan = connecting_plan(&a->words, &o->connect, &o->common, false, w->tls);
    }
    return w->program != NULL ? check_program(w->program[0], err) : 0;
}

static void prepare_tries(struct wait *w)
{
    const struct common_options *c = &w->options.common;

    w->tries.run = &w->run;
    w->tries.text = &w->options.text;
    w->tries.message = &w->message;
    w->tries.expect = w->options.expect;
    w->tries.plan.from_near.read_max = c->recv_size;
    w->tries.plan.from_far.one_send = !c->sendall;
    w->tries.plan.idle_ms = c->idle_timeout_ms;
    wait_try_prepare(&w->tries);
}

static void try_now(struct wait *w)
{
    int64_t given_ms = w->options.common.deadline_ms;
    struct error why = {0};

    if (run_init(&w->run, given_ms == NOT_GIVEN ? 0 : given_ms, &why) < 0)
        run_fail(&w->run, &why);
    else
        wait_now(&w->tries, &w->addresses);
}

/* Messages are written without a loop, since that would open standard error again, in the place
 * of the one that PROGRAM gets. */
static void wait_long(struct wait *w)
{
    int64_t given_ms = w->options.common.deadline_ms;
    struct wait_goal goal = {
        .any = w->options.any,
        .gone = w->options.gone,
        .deadline_ms = given_ms == NOT_GIVEN ? defaults.common.deadline_ms : given_ms,
    };
    struct error why = {0};

    if (run_init_worker(&w->run, &why) < 0)
        run_fail(&w->run, &why);
    else
        wait_until(&w->tries, &w->addresses, &goal);
}

/* Becomes PROGRAM. Returns the exit status on failure. */
static int become(char **program, const struct local_startup *startup)
{
    struct error why = {0};
    int status;

    local_restore_signals(startup);
    local_restore_descriptors(startup);
    executable_become(program, &why);
    status = (int)why.status;
    event_error("%s", why.text);
    error_clear(&why);
    return status;
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct wait w = {.options = defaults};
    struct error why = {0};
    int first, count = split(argc, argv, &w.program), status;

    w.options.common.deadline_ms = NOT_GIVEN;
    status = command_parse(self, count, argv, &w.options, &first);
    if (status < 0 && check(&w, count - first, argv + first, &why) < 0) {
        status = command_misused(self, &why);
    } else if (status < 0) {
        prepare_tries(&w);
        if (w.options.now)
            try_now(&w);
        else
            wait_long(&w);
        text_options_report(&w.options.text, &w.tries.counts);
        status = run_end(&w.run, startup);
        if (status == EXITCODE_OK && w.program != NULL)
            status = become(w.program, startup);
    }
    buf_free(&w.message);
    wait_address_clear(&w.addresses);
    proxy_options_clear(&w.options.connect.proxy);
    tls_context_free(w.tls);
    common_options_clear(&w.options.common);
    return status;
}

const struct command wait_command = {
    .name = "wait",
    .summary = "Wait until addresses accept connections, then run a program",
    .synopsis = "wait [OPTIONS] ADDRESS... [-- PROGRAM [ARG...]]\nwait --now [OPTIONS] ADDRESS...",
    .examples = "  tcptool wait db:5432 cache:6379 -- ./server\n"
                "  tcptool wait --now localhost:20-25\n",
    .tables = tables,
    .defaults = &defaults,
    .run = run,
};
