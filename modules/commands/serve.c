/* The command serve: its options, and which service they ask for. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/listening.h"
#include "commands/progress.h"
#include "commands/text_options.h"
#include "core/whole.h"
#include "services/answer.h"
#include "services/echo.h"

struct serve_options {
    struct common_options common;
    struct listen_options listen;
    struct text_options text;
    const char *reply;
    const char *reply_file;
    bool echo;
    bool discard;
    bool label;
    bool raw;
    bool progress;
};

#define AT(field) .offset = offsetof(struct serve_options, field)

static const struct option_spec what_specs[] = {
    {OPTION_WORD, "reply", 0, .value = "TEXT", AT(reply), .essential = true,
     .help = "reply to each client's first data with TEXT"},
    {OPTION_WORD, "reply-file", 0, .value = "FILE", AT(reply_file), .essential = true,
     .help = "send each client the contents of FILE"},
    {OPTION_ON, "echo", 0, AT(echo), .essential = true,
     .help = "send everything back, print nothing"},
    {OPTION_ON, "discard", 0, AT(discard), .help = "count received data and discard it"},
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
    {"output", "Replies and output", what_specs, 0, NULL},
    {"text", "Text", text_wire_specs, offsetof(struct serve_options, text), NULL},
    {"text", "", text_local_specs, offsetof(struct serve_options, text), NULL},
    {"text", "", text_errors_specs, offsetof(struct serve_options, text), NULL},
    {"tls", "TLS", tls_specs, offsetof(struct serve_options, common.tls), NULL},
    {"limits", "Limits", common_limit_specs, offsetof(struct serve_options, common), NULL},
    {"connection", "Connections", common_socket_specs, offsetof(struct serve_options, common),
     NULL},
    {"messages", "Messages", common_message_specs, offsetof(struct serve_options, common), NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct serve_options defaults = {.common = COMMON_DEFAULTS,
                                              .listen = LISTEN_DEFAULTS(8888)};

struct serve {
    struct serve_options options;
    struct listening listening;
    struct answer_config answer; /* begins with the configuration of print */
    struct echo_config echo;
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
    struct serve *s = v->ops == &echo_ops ? echo->arg : print->arg;

    progress_stop(&s->progress);
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

static bool is_labelled(const struct serve_options *o)
{
    return o->label || (!o->raw && isatty(STDOUT_FILENO));
}

static int check_workers(const struct serve_options *o, struct error *err)
{
    const struct text_format format = {.printable = is_labelled(o)};
    const char *shares = NULL;

    if (!replies(o))
        shares = "requires --echo, --discard, --reply or --reply-file: printing in order takes "
                 "one loop";
    else if (!o->echo && !o->discard && !filters_incoming_are_none(&o->text, &format))
        shares = "only one loop can keep lines and characters whole: use --raw, without -e";
    return listening_check(&o->listen, &o->common, shares, err);
}

/* Returns true for text that may be meant for a shell to unescape: 'a\r\n'. */
static bool has_escape(const char *text)
{
    while ((text = strchr(text, '\\')) != NULL && strchr("rntx0", text[1]) == NULL)
        text += text[1] != '\0' ? 2 : 1;
    return text != NULL && text[1] != '\0';
}

static int check_options(struct serve_options *o, int count, char **words, struct error *err)
{
    if (listening_take_place(&o->listen, &o->common, count, words, err) < 0)
        return -1;
    if ((o->reply != NULL) + (o->reply_file != NULL) + o->echo + o->discard > 1)
        return usage("--reply, --reply-file, --echo and --discard cannot be used together", err);
    if (o->label && o->raw)
        return usage("--label and --raw cannot be used together", err);
    if (o->progress && !o->listen.once)
        return usage("--progress requires --once", err);
    if (text_options_check(&o->text, err) < 0 || check_workers(o, err) < 0 ||
        common_options_apply(&o->common, err) < 0)
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

static void configure(struct serve *s, const struct local_startup *startup)
{
    const struct serve_options *o = &s->options;
    struct listening *l = &s->listening;

    *l = (struct listening){
        .options = &o->listen,
        .common = &o->common,
        .text = &o->text,
        .ops = o->echo                                     ? &echo_ops
               : o->reply != NULL || o->reply_file != NULL ? &answer_ops
                                                           : &print_ops,
        .config = o->echo ? (const void *)&s->echo : &s->answer,
        .plan.on_closing = o->progress || o->common.verbose ? on_closing : NULL,
        .replies = replies(o) && !o->discard,
        .shows_clients = true,
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
    listening_plan(l);
    l->plan.from_near.one_send = o->echo && !o->common.sendall;
}

static int serve(struct serve *s, const struct local_startup *startup, struct error *err)
{
    struct error why = {0};
    int result = 0;

    configure(s, startup);
    listening_open(&s->listening);
    if (!run_is_over(&s->listening.run) && prepare_reply(s, &why) < 0) {
        if (error_is_set(&why))
            run_fail(&s->listening.run, &why);
    } else {
        result = listening_run(&s->listening, err);
    }
    return result;
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct serve s = {
        .options = defaults,
        .answer.reply_fd = -1,
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &s.options, &first);

    if (status < 0 && check_options(&s.options, argc - first, argv + first, &why) < 0)
        status = command_misused(self, &why);
    if (status < 0) {
        if (serve(&s, startup, &why) < 0)
            status = command_misused(self, &why);
        first = listening_end(&s.listening, startup);
        status = status < 0 ? first : status;
    }
    if (s.answer.reply_fd >= 0)
        close(s.answer.reply_fd);
    buf_free(&s.reply);
    listening_clear_options(&s.options.listen);
    common_options_clear(&s.options.common);
    return status;
}

const struct command serve_command = {
    .name = "serve",
    .summary = "Listen; print what clients send, or reply to them",
    .synopsis = "serve [OPTIONS] [PORT|ADDR:PORT]",
    .examples = "  tcptool serve -p 8888 > received\n"
                "  tcptool serve --reply 'thank you!' -v\n",
    .tables = tables,
    .defaults = &defaults,
    .run = run,
};
