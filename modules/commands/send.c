/* The command send: its options, what it sends, and how much of an answer it waits for. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "commands/command.h"
#include "commands/common_options.h"
#include "commands/progress.h"
#include "commands/prompt.h"
#include "commands/runtime.h"
#include "commands/target.h"
#include "commands/text_options.h"
#include "core/conversation.h"

enum until { UNTIL_EOF, UNTIL_FIRST, UNTIL_LINE, UNTIL_NONE };

static const char *const until_words[] = {"eof", "first", "line", "none", NULL};

struct send_options {
    struct shared_options shared;
    struct connect_options connect;
    struct text_options text;
    const char *file;
    int until;
    bool half_close;
    bool progress;
    bool raw;
};

#define AT(field) .offset = offsetof(struct send_options, field)

static const struct option_spec where_specs[] = {
    {OPTION_WORDS, "bind", 'b', .value = "ADDR[:PORT]", AT(shared.binds),
     .help = "connect from this local address (and port)"},
    {.kind = OPTION_END},
};

static const struct option_spec what_specs[] = {
    {OPTION_WORD, "file", 'f', .value = "FILE", AT(file), .help = "send the content of FILE"},
    {OPTION_ON, "progress", 0, AT(progress), .help = "show how far it has come"},
    {OPTION_CHOICE, "until", 0, .value = "eof|first|line|none", AT(until), .choices = until_words,
     .help = "how much of an answer to wait for (eof: all)"},
    {OPTION_OFF, "no-half-close", 0, AT(half_close),
     .help = "keep the sending side open at the end of the input"},
    {OPTION_ON, "raw", 0, AT(raw), .help = "print the answer as it is, also on a terminal"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"Where", where_specs, 0},
    {"", connect_specs, offsetof(struct send_options, connect)},
    {"What is sent, and what is waited for", what_specs, 0},
    {"Text", text_specs, offsetof(struct send_options, text)},
    {"Limits", shared_limit_specs, offsetof(struct send_options, shared)},
    {"Connection", shared_socket_specs, offsetof(struct send_options, shared)},
    {"Messages", shared_message_specs, offsetof(struct send_options, shared)},
    {NULL, NULL, 0},
};

struct send {
    struct send_options options;
    struct runtime run;
    char *host; /* owned */
    unsigned port;
    struct stream whole; /* an input of which all has to be here for one send call ... */
    struct buf input;    /* ... which then is this */
    struct buf message;  /* as it goes over the wire */
    bool has_message;
    struct stream source;
    struct stream output;
    struct pump_plan in_plan;
    struct pump_plan out_plan;
    struct pump out_pump;
    struct conversation_plan plan;
    struct conversation talk;
    struct dialer *dialer;
    struct progress progress;
    uint64_t size; /* of what is sent, or 0: not known */
    struct text_look look;
    struct text_counts counts;
};

static struct send *send_of(struct pump *p)
{
    struct conversation *talk = p->owner;

    return talk->owner;
}

static struct filter *make_in_filter(struct pump *p, struct error *err)
{
    struct send *s = send_of(p);

    return text_inward(&s->options.text, &s->look, &s->counts, err);
}

static struct filter *make_out_filter(struct pump *p, struct error *err)
{
    struct send *s = send_of(p);

    return text_outward(&s->options.text, &s->counts, err);
}

static void on_closed(struct conversation *c)
{
    struct send *s = c->owner;
    char text[ADDR_TEXT_SIZE];

    progress_stop(&s->progress);
    log_verbose("%s closed: %llu bytes in, %llu bytes out", transport_name(&c->net.transport, text),
                (unsigned long long)c->net.in_bytes, (unsigned long long)c->net.out_bytes);
    if (error_is_set(&c->why))
        runtime_fail(&s->run, &c->why);
    else
        loop_stop(s->run.loop);
}

static void on_output_closed(struct stream *output)
{
    struct send *s = output->owner;
    struct error why = {0};

    transport_write_error(&output->transport, EPIPE, &why);
    runtime_fail(&s->run, &why);
}

static void on_connected(void *arg, int fd, const struct addr *peer)
{
    struct send *s = arg;
    struct socket_options socket = shared_sock_options(&s->options.shared, false);
    struct error why = {0};
    struct addr local;
    char from[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE];

    s->dialer = NULL;
    if (log_level() == LOG_VERBOSE && socket_local_addr(fd, &local) == 0)
        log_verbose("%s connected, from %s", addr_format(peer, to), addr_format(&local, from));
    if (socket_configure(fd, &socket, &why) < 0) {
        close(fd);
        runtime_fail(&s->run, &why);
        return;
    }
    conversation_init(&s->talk, &s->plan, &s->run.work, s, fd, peer);
    if (s->options.progress)
        progress_start(&s->progress, s->run.loop, &s->talk.net.out_bytes, s->size);
    conversation_speak(&s->talk, &s->out_pump, &s->source);
    conversation_listen(&s->talk, s->options.until == UNTIL_NONE ? NULL : &s->output);
    conversation_watch(&s->talk);
}

static void on_connect_failed(void *arg, struct error *why)
{
    struct send *s = arg;

    s->dialer = NULL;
    runtime_fail(&s->run, why);
}

static void on_retry(void *arg, const struct error *why)
{
    (void)arg;
    log_verbose("%s; trying again", why->text);
}

static const struct dialer_events dialer_events = {
    .on_connected = on_connected,
    .on_failed = on_connect_failed,
    .on_retry = on_retry,
};

static void plan_directions(struct send *s)
{
    const struct send_options *o = &s->options;
    bool plain_in = o->until == UNTIL_NONE || text_is_plain_inward(&o->text, &s->look);
    bool plain_out = s->has_message || text_is_plain_outward(&o->text);
    bool waits_open = o->until == UNTIL_FIRST || o->until == UNTIL_LINE;

    s->in_plan = (struct pump_plan){
        .read_max = o->shared.recv_size,
        .shut_at_end = o->until != UNTIL_NONE,
        .one_read = o->until == UNTIL_FIRST,
        .make_filter = plain_in ? NULL : make_in_filter,
        .on_end = conversation_in_ended,
    };
    s->out_plan = (struct pump_plan){
        .read_max = o->shared.sendall ? o->shared.recv_size : buf_length(&s->message) + 1,
        .shut_at_end = o->half_close && !waits_open,
        .one_write = !o->shared.sendall,
        .make_filter = plain_out ? NULL : make_out_filter,
        .on_end = conversation_out_ended,
    };
    s->plan = (struct conversation_plan){
        .in = &s->in_plan,
        .out = &s->out_plan,
        .idle_ms = o->shared.idle_timeout_ms,
        .answer_needed = o->until != UNTIL_NONE,
        .satisfied_is_enough = waits_open,
        .missing_answer = o->until == UNTIL_FIRST
                              ? "the peer ended the connection without an answer"
                              : "the peer ended the connection before a line came",
        .on_closing = progress_tell_totals,
        .on_closed = on_closed,
    };
}

static int join(struct buf *text, int count, char **words)
{
    for (int i = 0; i < count; i++)
        if ((i > 0 && buf_add(text, " ", 1) < 0) || buf_add(text, words[i], strlen(words[i])) < 0)
            return -1;
    return 0;
}

static int out_of_memory(struct error *err)
{
    error_errno(err, ENOMEM, "reading the message");
    return -1;
}

/* The message of the command line, or of the prompt, as it goes over the wire. */
static int find_message(struct send *s, int count, char **words, struct error *err)
{
    struct buf text = {0};
    char *asked = NULL;
    int result = 0;

    if (count == 0 && s->options.file == NULL && prompt_is_possible()) {
        asked = target_word(NULL, "message", err);
        if (asked == NULL)
            return -1;
        count = 1;
        words = &asked;
    }
    s->has_message = count > 0;
    if (s->has_message) {
        result = join(&text, count, words) < 0
                     ? out_of_memory(err)
                     : text_encode_message(&s->options.text, buf_head(&text), buf_length(&text),
                                           &s->counts, &s->message, err);
        if (result < 0 && err->status == EXITCODE_DATA) {
            char *why = err->text;

            err->text = NULL;
            error_set(err, EXITCODE_DATA, "the message: %s", why);
            free(why);
        }
    }
    buf_free(&text);
    free(asked);
    return result;
}

/* How much a regular file still has, from its position; 0: not known. */
static uint64_t size_of(const struct stream *source)
{
    struct stat status;
    int fd = source->transport.fd;
    off_t position;

    if (source->transport.kind != TRANSPORT_FILE || fstat(fd, &status) < 0)
        return 0;
    position = lseek(fd, 0, SEEK_CUR);
    return position >= 0 && position < status.st_size ? (uint64_t)(status.st_size - position) : 0;
}

static int open_input(struct send *s, struct stream *input, struct error *err)
{
    const char *file = s->options.file;

    return file == NULL || strcmp(file, "-") == 0 ? stdio_open_input(input, s->run.loop, err)
                                                  : stdio_open_file(input, s->run.loop, file, err);
}

static int open_message(struct send *s, struct error *err)
{
    struct transport t;

    transport_init_memory(&t, buf_head(&s->message), buf_length(&s->message), "the message");
    return stream_open(&s->source, s->run.loop, &t, err);
}

static int open_output(struct send *s, struct error *err)
{
    bool terminal = !s->options.raw && isatty(STDOUT_FILENO);

    s->look = (struct text_look){
        .printable = terminal,
        .end_with_newline = terminal,
        .first_line = s->options.until == UNTIL_LINE,
    };
    if (s->options.until == UNTIL_NONE)
        return 0;
    if (stdio_open_output(&s->output, s->run.loop, err) < 0)
        return -1;
    s->output.owner = s;
    s->output.on_hangup = on_output_closed;
    return 0;
}

static int dial(struct send *s, struct error *err)
{
    struct dialer_target target =
        connect_target(&s->options.connect, &s->options.shared, s->host, s->port);

    plan_directions(s);
    s->size = s->has_message                            ? buf_length(&s->message)
              : text_is_plain_outward(&s->options.text) ? size_of(&s->source)
                                                        : 0;
    s->dialer = dialer_start(s->run.loop, &target, &dialer_events, s, err);
    return s->dialer != NULL ? 0 : -1;
}

/* All of the input is here: it becomes the message. */
static int take_input(struct send *s, struct error *err)
{
    if (text_encode_input(&s->options.text, &s->input, &s->counts, &s->message, err) < 0)
        return -1;
    buf_free(&s->input);
    stream_close(&s->whole, false);
    s->has_message = true;
    return open_message(s, err) < 0 ? -1 : dial(s, err);
}

/* Reads what there is; IO_END: that was all. */
static enum io gather(struct send *s, struct error *err)
{
    enum io result = IO_OK;

    while (result == IO_OK) {
        size_t got, most = 1 << 16;
        char *to = buf_reserve(&s->input, most);

        if (to == NULL) {
            error_errno(err, ENOMEM, "reading %s", s->whole.transport.name);
            return IO_FAILED;
        }
        result = stream_read(&s->whole, to, most, &got, err);
        buf_added(&s->input, got);
    }
    return result;
}

static void on_input(struct stream *source)
{
    struct send *s = source->reader;
    struct error why = {0};
    enum io result = gather(s, &why);

    if (result == IO_FAILED || (result == IO_END && take_input(s, &why) < 0))
        runtime_fail(&s->run, &why);
}

static int start(struct send *s, struct error *err)
{
    if (open_output(s, err) < 0)
        return -1;
    if (s->has_message)
        return open_message(s, err) < 0 ? -1 : dial(s, err);
    if (s->options.shared.sendall)
        return open_input(s, &s->source, err) < 0 ? -1 : dial(s, err);
    if (open_input(s, &s->whole, err) < 0)
        return -1;
    stream_set_reader(&s->whole, on_input, s);
    if (s->whole.readable)
        on_input(&s->whole);
    return 0;
}

static void clear(struct send *s)
{
    dialer_cancel(s->dialer);
    progress_stop(&s->progress);
    if (s->talk.work != NULL)
        conversation_drop(&s->talk);
    stream_close(&s->whole, false);
    stream_close(&s->source, false);
    stream_close(&s->output, false);
    buf_free(&s->input);
    buf_free(&s->message);
    free(s->host);
    option_words_clear(&s->options.shared.binds);
}

static int check_options(struct send *s, int count, char **words, struct error *err)
{
    const struct send_options *o = &s->options;
    int used;

    if (o->shared.binds.count > 1) {
        error_set(err, EXITCODE_USAGE, "--bind: one local address is enough to connect from");
        return -1;
    }
    if (text_check(&o->text, err) < 0 || shared_apply(&o->shared, err) < 0 ||
        target_find(count, words, &s->host, &s->port, &used, err) < 0)
        return -1;
    if (o->file != NULL && count > used) {
        error_set(err, EXITCODE_USAGE, "\"%s\": a message and --file exclude each other",
                  words[used]);
        return -1;
    }
    return find_message(s, count - used, words + used, err);
}

static int run(const struct command *self, const struct stdio *io, int argc, char **argv)
{
    struct send s = {
        .options = {.shared = SHARED_DEFAULTS, .connect = CONNECT_DEFAULTS, .half_close = true},
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &s.options, &first);

    if (status >= 0)
        return status;
    if (check_options(&s, argc - first, argv + first, &why) < 0 ||
        runtime_init(&s.run, s.options.shared.deadline_ms, &why) < 0) {
        clear(&s);
        return command_misused(self, &why);
    }
    if (start(&s, &why) < 0) {
        if (why.status == EXITCODE_USAGE) {
            clear(&s);
            runtime_clear(&s.run);
            return command_misused(self, &why);
        }
        runtime_fail(&s.run, &why);
    }
    runtime_run(&s.run);
    if (!s.options.shared.sendall && !error_is_set(&s.run.fatal))
        log_notice("one send call took all %zu bytes", buf_length(&s.message));
    clear(&s);
    text_report(&s.options.text, &s.counts);
    return runtime_end(&s.run, io);
}

const struct command send_command = {
    .name = "send",
    .summary = "Connect; send a message or standard input; print the reply",
    .synopsis = "send [OPTIONS] [HOST PORT] [MESSAGE...]\nsend [OPTIONS] HOST:PORT [MESSAGE...]",
    .examples = "  tcptool send localhost 8888 hello\n"
                "  tcptool send localhost:8888 < file > reply\n",
    .tables = tables,
    .hints = connect_hints,
    .run = run,
};
