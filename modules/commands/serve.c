/* The command serve: its options, and the service that they select. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "base/executable.h"
#include "commands/command.h"
#include "commands/listening.h"
#include "commands/progress.h"
#include "commands/text_options.h"
#include "core/whole.h"
#include "services/answer.h"
#include "services/broadcast.h"
#include "services/echo.h"
#include "services/program.h"

struct serve_options {
    struct common_options common;
    struct listen_options listen;
    struct text_options text;
    const char *reply;
    const char *reply_file;
    bool echo;
    bool discard;
    bool broadcast;
    bool broker;
    uint64_t buffer_bytes; /* 0: the default */
    bool label;
    bool raw;
    bool progress;
    bool has_place; /* among the operands */
};

enum { BUFFER_DEFAULT = 8 << 20 };

#define AT(field) .offset = offsetof(struct serve_options, field)

static const struct option_spec what_specs[] = {
    {OPTION_WORD, "reply", 0, .value = "TEXT", AT(reply), .essential = true,
     .help = "reply to each client's first data with TEXT"},
    {OPTION_WORD, "reply-file", 0, .value = "FILE", AT(reply_file), .essential = true,
     .help = "send each client the contents of FILE"},
    {OPTION_ON, "echo", 0, AT(echo), .essential = true,
     .help = "send everything back, print nothing"},
    {OPTION_ON, "discard", 0, AT(discard), .help = "count received data and discard it"},
    {OPTION_ON, "broadcast", 0, AT(broadcast), .help = "send standard input to all clients"},
    {OPTION_ON, "broker", 0, AT(broker), .help = "send what a client sends to all others"},
    {OPTION_SIZE, "buffer", 0, .value = "SIZE", AT(buffer_bytes), .min = 1 << 16, .max = 1ull << 32,
     .help = "keep up to SIZE for slow clients (8M)"},
    {OPTION_ON, "label", 0, AT(label), .help = "print lines, each with its client's address"},
    {OPTION_ON, "raw", 0, AT(raw), .help = "print exact bytes, on a terminal too"},
    {OPTION_ON, "progress", 0, AT(progress), .help = "with --once: show bytes and rate"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"where", "Where", common_listen_bind_specs, offsetof(struct serve_options, common), NULL},
    {"where", "", listen_specs, offsetof(struct serve_options, listen), NULL},
    {"where", "", listen_worker_specs, offsetof(struct serve_options, listen), NULL},
    {"access", "Who gets in", listen_access_specs, offsetof(struct serve_options, listen), NULL},
    {"rights", "Rights", confine_specs, offsetof(struct serve_options, listen.confine), NULL},
    {"output", "Replies and output", what_specs, 0, NULL},
    {"text", "Text", text_wire_specs, offsetof(struct serve_options, text), NULL},
    {"text", "", text_local_specs, offsetof(struct serve_options, text), NULL},
    {"text", "", text_errors_specs, offsetof(struct serve_options, text), NULL},
    {"tls", "TLS", tls_specs, offsetof(struct serve_options, common.tls), NULL},
    {"limits", "Limits", common_limit_specs, offsetof(struct serve_options, common), NULL},
    {"limits", "", common_rate_specs, offsetof(struct serve_options, common), NULL},
    {"connection", "Connections", common_socket_specs, offsetof(struct serve_options, common),
     NULL},
    {"messages", "Messages", common_message_specs, offsetof(struct serve_options, common), NULL},
    {"messages", "", common_watch_specs, offsetof(struct serve_options, common), NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct serve_options defaults = {.common = COMMON_DEFAULTS,
                                              .listen = LISTEN_DEFAULTS(8888)};

struct serve {
    struct serve_options options;
    struct listening listening;
    struct answer_config answer; /* begins with the configuration of print */
    struct echo_config echo;
    struct broadcast_config broadcast;
    struct program_config program;
    struct child_table *children;
    char *program_path;
    int error_output; /* for programs */
    struct progress progress;
    struct buf reply; /* as it goes over the wire */
};

static void on_begin(void *arg, struct stream *client)
{
    progress_start(&((struct serve *)arg)->progress, client, false, 0);
}

static void on_closing(void *client, struct stream *near, int64_t duration_ms)
{
    const struct service *v = client_service(client);
    const struct print_config *print = v->config;
    const struct echo_config *echo = v->config;

    if (v->ops != &program_ops && v->ops != &broadcast_ops)
        progress_stop(&((struct serve *)(v->ops == &echo_ops ? echo->arg : print->arg))->progress);
    progress_report_totals(near, duration_ms);
}

static int usage(const char *text, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "%s", text);
    return -1;
}

static bool replies(const struct serve_options *o)
{
    return o->reply != NULL || o->reply_file != NULL || o->echo || o->discard;
}

static bool shares_data(const struct serve_options *o)
{
    return o->broadcast || o->broker;
}

static bool is_labelled(const struct serve_options *o)
{
    return o->label || (!o->raw && isatty(STDOUT_FILENO));
}

static int check_listening(struct serve_options *o, bool runs_program, struct error *err)
{
    const struct text_format format = {.printable = is_labelled(o)};
    const char *shares = NULL;

    if (runs_program)
        shares = NULL;
    else if (shares_data(o))
        shares = "one worker sends the same data to all clients";
    else if (!replies(o))
        shares = "requires --echo, --discard, --reply, --reply-file or PROGRAM: one worker prints";
    else if (!o->echo && !o->discard && !filters_incoming_are_none(&o->text, &format))
        shares = "only one worker keeps lines and characters whole: use --raw, without -e";
    if (listening_check(&o->listen, &o->common, shares, err) < 0)
        return -1;
    return replies(o) || runs_program ? 0 : listening_check_output(&o->listen, err);
}

/* Returns the option that has no meaning where nothing is printed and each client is not
 * answered for itself, or NULL. */
static const char *find_other_use(const struct serve_options *o)
{
    return o->label             ? "--label"
           : o->raw             ? "--raw"
           : o->progress        ? "--progress"
           : !o->common.sendall ? "--no-sendall"
                                : NULL;
}

/* Returns the option that decides what clients get, or NULL. */
static const char *find_service(const struct serve_options *o)
{
    return o->reply != NULL        ? "--reply"
           : o->reply_file != NULL ? "--reply-file"
           : o->echo               ? "--echo"
           : o->discard            ? "--discard"
           : o->broadcast          ? "--broadcast"
           : o->broker             ? "--broker"
                                   : NULL;
}

static int check_program(const struct serve_options *o, char **words, struct error *err)
{
    const char *other = find_service(o) != NULL ? find_service(o) : find_other_use(o);

    if (other != NULL)
        error_set(err, EXITCODE_USAGE, "%s and PROGRAM cannot be used together", other);
    else if (o->has_place && endpoint_kind(words[0]) != ENDPOINT_NONE)
        error_set(err, EXITCODE_USAGE, "unexpected argument \"%s\": expected one port or address",
                  words[0]);
    else
        return 0;
    return -1;
}

/* A broadcast converts its input, once for all; a broker passes bytes on unchanged. */
static int check_shared_data(const struct serve_options *o, struct error *err)
{
    const char *other = find_other_use(o);

    if (!shares_data(o))
        return o->buffer_bytes == 0 ? 0 : usage("--buffer requires --broadcast or --broker", err);
    if (other == NULL && o->broker && o->text.encoding != NULL)
        other = "--encoding";
    if (other == NULL && o->broker && o->text.eol != TEXT_EOL_DEFAULT)
        other = "--eol";
    if (other == NULL)
        return 0;
    error_set(err, EXITCODE_USAGE, "%s and %s cannot be used together", find_service(o), other);
    return -1;
}

/* Returns true for text that may be meant for a shell to unescape: 'a\r\n'. */
static bool has_escape(const char *text)
{
    while ((text = strchr(text, '\\')) != NULL && strchr("rntx0", text[1]) == NULL)
        text += text[1] != '\0' ? 2 : 1;
    return text != NULL && text[1] != '\0';
}

static int check_options(struct serve_options *o, char **words, struct error *err)
{
    bool runs_program = words[0] != NULL;

    if (runs_program && check_program(o, words, err) < 0)
        return -1;
    if ((o->reply != NULL) + (o->reply_file != NULL) + o->echo + o->discard + o->broadcast +
            o->broker >
        1)
        return usage("--reply, --reply-file, --echo, --discard, --broadcast and --broker cannot be "
                     "used together",
                     err);
    if (o->label && o->raw)
        return usage("--label and --raw cannot be used together", err);
    if (o->progress && !o->listen.once)
        return usage("--progress requires --once", err);
    if (check_shared_data(o, err) < 0 || text_options_check(&o->text, err) < 0 ||
        check_listening(o, runs_program, err) < 0 ||
        common_options_apply(&o->common, o->text.encoding, err) < 0)
        return -1;
    if (o->reply != NULL && has_escape(o->reply) && isatty(STDERR_FILENO))
        event_notice("--reply: a backslash is sent as typed; for a line ending, type $'%s'",
                     o->reply);
    return 0;
}

/* An input that is not a regular file is read once, now, so that every client gets it. */
static int copy_to_memory(struct serve *s, const char *path, struct error *err)
{
    struct run *r = &s->listening.run;
    struct stream *input = local_open_file(r->loop, path, err);
    struct buf content = {0};
    int fd = -1;

    if (input == NULL)
        return -1;
    if (whole_read(r, input, &content, err) == 0) {
        fd = memfd_create("reply", MFD_CLOEXEC);
        if (fd < 0 ||
            (buf_length(&content) > 0 && write(fd, buf_head(&content), buf_length(&content)) !=
                                             (ssize_t)buf_length(&content))) {
            error_errno(err, errno, "cannot keep %s", path);
            if (fd >= 0)
                close(fd);
            fd = -1;
        }
    }
    buf_free(&content);
    return fd;
}

static int open_reply_file(struct serve *s, const char *path, struct error *err)
{
    struct stat status;
    int fd;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return copy_to_memory(s, path, err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        error_errno(err, errno, "cannot open %s", path);
    return fd;
}

static int prepare_reply(struct serve *s, struct error *err)
{
    const struct serve_options *o = &s->options;

    s->answer.reply_name = o->reply_file;
    if (o->reply != NULL) {
        s->answer.reply = &s->reply;
        return filters_encode(&o->text, o->reply, strlen(o->reply), true, &s->listening.counts,
                              &s->reply, err);
    }
    if (o->reply_file == NULL)
        return 0;
    s->answer.reply_fd = open_reply_file(s, o->reply_file, err);
    return s->answer.reply_fd < 0 ? -1 : 0;
}

static void configure(struct serve *s, char **words, const struct local_startup *startup)
{
    const struct serve_options *o = &s->options;
    struct listening *l = &s->listening;

    *l = (struct listening){
        .options = &o->listen,
        .common = &o->common,
        .text = &o->text,
        .ops = words[0] != NULL                            ? &program_ops
               : shares_data(o)                            ? &broadcast_ops
               : o->echo                                   ? &echo_ops
               : o->reply != NULL || o->reply_file != NULL ? &answer_ops
                                                           : &print_ops,
        .config = words[0] != NULL ? (const void *)&s->program
                  : shares_data(o) ? (const void *)&s->broadcast
                  : o->echo        ? (const void *)&s->echo
                                   : &s->answer,
        .plan.on_closing = o->progress || o->common.verbose ? on_closing : NULL,
        .replies = words[0] != NULL || shares_data(o) || (replies(o) && !o->discard),
        .shows_clients = true,
        .program = s->program_path,
    };
    s->echo = (struct echo_config){.on_begin = o->progress ? on_begin : NULL, .arg = s};
    s->answer.print = (struct print_config){
        .text = &o->text,
        .discards = o->discard,
        .labelled = is_labelled(o),
        .is_shared = o->listen.workers > 1,
        .ends_output = o->listen.once && !o->discard,
        .sends_input = o->listen.once && !replies(o) && !o->label && !startup->input_closed,
        .on_begin = o->progress ? on_begin : NULL,
        .arg = s,
    };
    s->broadcast = (struct broadcast_config){
        .text = &o->text,
        .buffer_bytes = o->buffer_bytes > 0 ? o->buffer_bytes : BUFFER_DEFAULT,
        .recv_size = o->common.recv_size,
        .is_broker = o->broker,
    };
    s->program = (struct program_config){
        .path = s->program_path,
        .argv = words,
        .text = &o->text,
        .startup = startup,
        .error_output = s->error_output,
        .drain_ms = o->listen.drain_ms,
        .once = o->listen.once,
        .table = &s->children,
    };
    listening_plan(l);
    l->plan.from_near.one_send = o->echo && !o->common.sendall;
}

/* Messages may put another description in the place of standard error. */
static int find_program(struct serve *s, const char *word, struct error *err)
{
    s->program_path = executable_find(word, err);
    if (s->program_path == NULL || executable_check_script(s->program_path, word, err) < 0) {
        if (err->number != ENOMEM)
            err->status = EXITCODE_USAGE;
        return -1;
    }
    s->error_output = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (s->error_output < 0)
        error_errno(err, errno, "cannot prepare to run programs");
    return s->error_output < 0 ? -1 : 0;
}

static int serve(struct serve *s, char **words, const struct local_startup *startup,
                 struct error *err)
{
    struct error why = {0};
    int result = 0;

    configure(s, words, startup);
    listening_open(&s->listening);
    if (!run_is_over(&s->listening.run) && prepare_reply(s, &why) < 0) {
        if (error_is_set(&why))
            run_fail(&s->listening.run, &why);
    } else {
        result = listening_run(&s->listening, err);
    }
    return result;
}

/* Options end with PROGRAM, but not with where to listen. */
static enum options_operand on_operand(void *target, const char *word, struct error *err)
{
    struct serve_options *o = target;

    if (o->has_place || endpoint_kind(word) == ENDPOINT_NONE)
        return OPTIONS_OPERAND_FIRST;
    o->has_place = true;
    return listening_take_word(&o->listen, &o->common, word, err) == 0 ? OPTIONS_OPERAND_TAKEN
                                                                       : OPTIONS_OPERAND_FAILED;
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct serve s = {
        .options = defaults,
        .answer.reply_fd = -1,
        .error_output = -1,
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &s.options, &first);

    if (status < 0 && (check_options(&s.options, argv + first, &why) < 0 ||
                       (argv[first] != NULL && find_program(&s, argv[first], &why) < 0)))
        status = command_misused(self, &why);
    if (status < 0) {
        if (serve(&s, argv + first, startup, &why) < 0)
            status = command_misused(self, &why);
        first = listening_end(&s.listening, startup);
        status = status < 0 ? first : status;
    }
    if (s.answer.reply_fd >= 0)
        close(s.answer.reply_fd);
    if (s.error_output >= 0)
        close(s.error_output);
    free(s.program_path);
    buf_free(&s.reply);
    listening_clear_options(&s.options.listen);
    common_options_clear(&s.options.common);
    return status;
}

const struct command serve_command = {
    .name = "serve",
    .summary = "Listen; print what clients send, reply, or run a program",
    .synopsis = "serve [OPTIONS] [PORT|ADDR:PORT] [PROGRAM [ARG...]]",
    .examples = "  tcptool serve -p 8888 > received\n"
                "  tcptool serve --reply 'thank you!' -v\n"
                "  tcptool serve -b 127.0.0.1 tr a-z A-Z\n",
    .tables = tables,
    .defaults = &defaults,
    .on_operand = on_operand,
    .run = run,
};
