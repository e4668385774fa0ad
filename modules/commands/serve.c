/* The command serve: its options, and which way its clients' bytes go. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/progress.h"
#include "commands/serving.h"
#include "commands/text_options.h"

struct serve_options {
    struct shared_options shared;
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

static const struct option_spec where_specs[] = {
    {OPTION_WORDS, "bind", 'b', .value = "ADDR[:PORT]", AT(shared.binds),
     .help = "listen on this address; may be given again"},
    {.kind = OPTION_END},
};

static const struct option_spec what_specs[] = {
    {OPTION_WORD, "reply", 0, .value = "TEXT", AT(reply),
     .help = "answer each client's first data with TEXT"},
    {OPTION_WORD, "reply-file", 0, .value = "FILE", AT(reply_file),
     .help = "send each client the content of FILE"},
    {OPTION_ON, "echo", 0, AT(echo), .help = "send everything back; print nothing"},
    {OPTION_ON, "discard", 0, AT(discard), .help = "count what comes and drop it"},
    {OPTION_ON, "label", 0, AT(label), .help = "print lines, each with its client's address"},
    {OPTION_ON, "raw", 0, AT(raw), .help = "print the bytes as they are, also on a terminal"},
    {OPTION_ON, "progress", 0, AT(progress), .help = "with --once: show how far it has come"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"Where", where_specs, 0},
    {"", listen_specs, offsetof(struct serve_options, listen)},
    {"", worker_specs, offsetof(struct serve_options, listen)},
    {"What clients get, and how it is shown", what_specs, 0},
    {"Text", text_specs, offsetof(struct serve_options, text)},
    {"Limits", shared_limit_specs, offsetof(struct serve_options, shared)},
    {"Connections", shared_socket_specs, offsetof(struct serve_options, shared)},
    {"Messages", shared_message_specs, offsetof(struct serve_options, shared)},
    {NULL, NULL, 0},
};

struct serve {
    struct serve_options options;
    struct serving serving;
    struct pump_plan in_plan;
    struct pump_plan out_plan;
    struct conversation_plan plan;
    struct stream output; /* standard output */
    struct stream input;  /* standard input, with --once */
    struct pump input_pump;
    struct progress progress;
    bool prints;
    bool sends_input;
    struct text_look look;
    struct label_screen screen;
    struct text_counts counts;
    struct buf reply; /* as it goes over the wire */
    int reply_fd;     /* or -1 */
};

static struct serve *serve_of(struct pump *p)
{
    return serving_client_of(p)->serving->command;
}

static struct filter *make_in_filter(struct pump *p, struct error *err)
{
    struct serve *s = serve_of(p);
    struct text_look look = s->look;
    char label[ADDR_TEXT_SIZE];

    look.label = transport_name(&p->from->transport, label);
    return text_inward(&s->options.text, &look, &s->counts, err);
}

static struct filter *make_out_filter(struct pump *p, struct error *err)
{
    struct serve *s = serve_of(p);

    return text_outward(&s->options.text, &s->counts, err);
}

static void on_first_data(struct pump *p)
{
    struct serving_client *c = serving_client_of(p);
    struct serve *s = serve_of(p);
    struct transport t;

    if (c->answer != NULL)
        return;
    transport_init_memory(&t, buf_head(&s->reply), buf_length(&s->reply), "the reply");
    serving_answer(c, &t);
}

/* The plan's in_plan has what is common; here is what a client is told. */
static void begin(struct serving_client *c)
{
    struct serve *s = c->serving->command;
    struct transport t;

    if (s->options.progress)
        progress_start(&s->progress, s->serving.host.run.loop, &c->talk.net.in_bytes, 0);
    if (s->reply_fd >= 0) {
        transport_init_file(&t, s->reply_fd, s->options.reply_file);
        serving_answer(c, &t);
    } else if (s->sends_input) {
        conversation_speak(&c->talk, &s->input_pump, &s->input);
    }
    conversation_listen(&c->talk, s->options.echo ? &c->talk.net : s->prints ? &s->output : NULL);
}

static void on_closing(struct conversation *c)
{
    struct serving_client *client = c->owner;
    struct serve *s = client->serving->command;

    progress_stop(&s->progress);
    progress_tell_totals(c);
}

static void on_output_closed(struct stream *output)
{
    struct serve *s = output->owner;
    struct error why = {0};

    transport_write_error(&output->transport, EPIPE, &why);
    runtime_fail(&s->serving.host.run, &why);
}

static int contradiction(const char *text, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "%s", text);
    return -1;
}

static const char *shares_output(const struct serve_options *o)
{
    bool answers = o->reply != NULL || o->reply_file != NULL || o->echo || o->discard;

    return answers ? NULL
                   : "what clients send is printed in order, which needs one loop; it goes with "
                     "--echo, --discard, --reply and --reply-file";
}

static int check_options(const struct serve_options *o, int operands, struct error *err)
{
    if (operands > 0)
        return contradiction("takes no arguments; the port is given with -p, the address with -b",
                             err);
    if ((o->reply != NULL) + (o->reply_file != NULL) + o->echo + o->discard > 1)
        return contradiction("--reply, --reply-file, --echo and --discard exclude each other", err);
    if (o->label && o->raw)
        return contradiction("--label and --raw exclude each other", err);
    if (o->progress && !o->listen.once)
        return contradiction("--progress goes with --once", err);
    if (text_check(&o->text, err) < 0 ||
        listen_check_workers(&o->listen, shares_output(o), err) < 0)
        return -1;
    return shared_apply(&o->shared, err);
}

/* What is no regular file is read once, now, so that every client can have it. */
static int copy_to_memory(int fd, const char *path, struct error *err)
{
    int copy = memfd_create("reply", MFD_CLOEXEC);
    char block[65536];
    ssize_t n = 0;

    while (copy >= 0 && (n = read(fd, block, sizeof(block))) > 0) {
        if (write(copy, block, (size_t)n) != n) {
            n = -1;
            break;
        }
    }
    if (copy >= 0 && n == 0)
        return copy;
    error_errno(err, errno, "reading %s", path);
    if (copy >= 0)
        close(copy);
    return -1;
}

static int open_reply_file(const char *path, struct error *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC), copy;

    if (fd < 0 || fstat(fd, &status) < 0) {
        error_errno(err, errno, "opening %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (S_ISREG(status.st_mode))
        return fd;
    copy = copy_to_memory(fd, path, err);
    close(fd);
    return copy;
}

static int prepare_answer(struct serve *s, struct error *err)
{
    const struct serve_options *o = &s->options;

    s->reply_fd = -1;
    if (o->reply != NULL)
        return text_encode_message(&o->text, o->reply, strlen(o->reply), &s->counts, &s->reply,
                                   err);
    if (o->reply_file == NULL)
        return 0;
    s->reply_fd = open_reply_file(o->reply_file, err);
    return s->reply_fd < 0 ? -1 : 0;
}

static int open_output(struct serve *s, bool again, struct error *err)
{
    const struct serve_options *o = &s->options;
    bool labelled = o->label || (!o->raw && isatty(STDOUT_FILENO));
    struct loop *l = s->serving.host.run.loop;

    s->look = (struct text_look){.printable = labelled, .screen = labelled ? &s->screen : NULL};
    if (o->listen.workers > 1 && !text_is_plain_inward(&o->text, &s->look)) {
        error_set(err, EXITCODE_USAGE,
                  "--workers %llu: lines and characters can be kept whole by one loop only; add "
                  "--raw, without -e",
                  (unsigned long long)o->listen.workers);
        return -1;
    }
    if ((again ? stdio_open_output_again(&s->output, l, err)
               : stdio_open_output(&s->output, l, err)) < 0)
        return -1;
    /* splice(2) takes a shared file position without its lock. */
    if (o->listen.workers > 1 && s->output.transport.kind == TRANSPORT_FILE)
        s->output.transport.kind = TRANSPORT_OPAQUE;
    s->output.owner = s;
    s->output.on_hangup = on_output_closed;
    return 0;
}

static void plan_directions(struct serve *s)
{
    const struct serve_options *o = &s->options;
    bool plain = !s->prints || text_is_plain_inward(&o->text, &s->look);
    /* What --reply gives is on the wire already. */
    bool plain_out = o->reply != NULL || text_is_plain_outward(&o->text);

    s->in_plan = (struct pump_plan){
        .read_max = o->shared.recv_size,
        .shut_at_end = o->echo || (o->listen.once && s->prints),
        .one_write = o->echo && !o->shared.sendall,
        .make_filter = plain ? NULL : make_in_filter,
        .on_data = o->reply != NULL ? on_first_data : NULL,
        .on_end = conversation_in_ended,
    };
    s->out_plan = (struct pump_plan){
        .read_max =
            s->reply_fd < 0 && o->reply != NULL ? buf_length(&s->reply) + 1 : o->shared.recv_size,
        .shut_at_end = true,
        .empty_is_open = s->sends_input,
        .one_write = !o->shared.sendall,
        .make_filter = plain_out ? NULL : make_out_filter,
        .on_end = conversation_out_ended,
    };
    s->plan = (struct conversation_plan){
        .in = &s->in_plan,
        .out = &s->out_plan,
        .idle_ms = o->shared.idle_timeout_ms,
        .answer_needed = true,
        .on_closing = on_closing,
        .on_closed = serving_closed,
    };
}

static int prepare(struct serve *s, const struct stdio *io, struct error *err)
{
    const struct serve_options *o = &s->options;
    bool answers = o->reply != NULL || o->reply_file != NULL || o->echo || o->discard;

    s->prints = !o->echo && !o->discard;
    s->sends_input = o->listen.once && !answers && !o->label && !io->input_closed;
    if (prepare_answer(s, err) < 0)
        return -1;
    if (s->prints && open_output(s, false, err) < 0)
        return -1;
    if (s->sends_input && stdio_open_input(&s->input, s->serving.host.run.loop, err) < 0)
        return -1;
    plan_directions(s);
    return 0;
}

static struct hosting *make_worker(struct hosting *h, struct error *err);
static void end_worker(struct hosting *h, struct hosting *worker);

static int open_serving(struct serve *s, struct error *err)
{
    const struct serve_options *o = &s->options;

    s->serving = (struct serving){
        .host = {.listen = &o->listen,
                 .shared = &o->shared,
                 .replies = o->reply != NULL || o->reply_file != NULL || o->echo,
                 .make_worker = make_worker,
                 .end_worker = end_worker},
        .plan = &s->plan,
        .begin = begin,
        .command = s,
    };
    return serving_open(&s->serving, err);
}

/* A worker has its own way to the output; what it answers with is the first one's. */
static struct hosting *make_worker(struct hosting *h, struct error *err)
{
    const struct serve *s = container_of(h, struct serve, serving.host);
    struct serve *w = calloc(1, sizeof(*w));

    if (w == NULL) {
        error_errno(err, ENOMEM, "starting a worker");
        return NULL;
    }
    w->options = s->options;
    w->prints = s->prints;
    w->reply = s->reply;
    w->reply_fd = s->reply_fd;
    if (open_serving(w, err) < 0) {
        free(w);
        return NULL;
    }
    if (w->prints && open_output(w, true, err) < 0) {
        runtime_clear(&w->serving.host.run);
        free(w);
        return NULL;
    }
    plan_directions(w);
    return &w->serving.host;
}

static void end_worker(struct hosting *h, struct hosting *worker)
{
    struct serve *s = container_of(h, struct serve, serving.host);
    struct serve *w = container_of(worker, struct serve, serving.host);

    text_add_counts(&s->counts, &w->counts);
    stream_close(&w->output, false);
    runtime_clear(&worker->run);
    free(w);
}

static void clear(struct serve *s)
{
    struct error why = {0};

    progress_stop(&s->progress);
    if (buf_length(&s->output.out) > 0) {
        error_set(&why, EXITCODE_FAILED, "writing standard output: %zu bytes were not taken",
                  buf_length(&s->output.out));
        runtime_report(&s->serving.host.run, &why);
    }
    /* Only closing tells of some full disks. */
    if (s->prints && s->output.loop != NULL && !error_is_set(&s->serving.host.run.fatal) &&
        stream_shut(&s->output, &why) < 0)
        runtime_fail(&s->serving.host.run, &why);
    stream_close(&s->output, false);
    stream_close(&s->input, false);
    if (s->reply_fd >= 0)
        close(s->reply_fd);
    buf_free(&s->reply);
    option_words_clear(&s->options.shared.binds);
}

static int run(const struct command *self, const struct stdio *io, int argc, char **argv)
{
    struct serve s = {
        .options = {.shared = SHARED_DEFAULTS, .listen = LISTEN_DEFAULTS(8888)},
        .reply_fd = -1,
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &s.options, &first);

    if (status >= 0)
        return status;
    if (check_options(&s.options, argc - first, &why) < 0)
        return command_misused(self, &why);
    if (open_serving(&s, &why) < 0)
        return command_misused(self, &why);
    if (prepare(&s, io, &why) < 0)
        runtime_fail(&s.serving.host.run, &why);
    else
        hosting_run(&s.serving.host);
    clear(&s);
    text_report(&s.options.text, &s.counts);
    return runtime_end(&s.serving.host.run, io);
}

const struct command serve_command = {
    .name = "serve",
    .summary = "Listen; print what clients send, or answer them",
    .synopsis = "serve [OPTIONS]",
    .examples = "  tcptool serve -p 8888 > received\n"
                "  tcptool serve --reply 'thank you!' -v\n",
    .tables = tables,
    .hints = listen_hints,
    .run = run,
};
