/* The command send: its options, what it sends, and how much of a reply it waits for. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/console.h"
#include "commands/command.h"
#include "commands/connecting.h"
#include "commands/message.h"
#include "commands/progress.h"
#include "commands/retry_line.h"
#include "commands/text_options.h"
#include "core/conversation.h"
#include "text/guess.h"

enum until { UNTIL_EOF, UNTIL_FIRST, UNTIL_LINE, UNTIL_QUIET, UNTIL_NONE };

static const char *const until_words[] = {"eof", "first", "line", "quiet[:TIME]", "none", NULL};

struct send_options {
    struct common_options common;
    struct connect_options connect;
    struct text_options text;
    const char *file;
    int until;
    int64_t quiet_ms;
    bool half_close;
    bool progress;
    bool raw;
};

#define AT(field) .offset = offsetof(struct send_options, field)

static const struct option_spec what_specs[] = {
    {OPTION_WORD, "file", 'f', .value = "FILE", AT(file), .essential = true,
     .help = "send the contents of FILE"},
    {OPTION_ON, "progress", 0, AT(progress), .essential = true,
     .help = "show bytes, rate and time left"},
    {OPTION_CHOICE, "until", 0, .value = "eof|first|line|quiet[:TIME]|none", AT(until),
     .time_offset = offsetof(struct send_options, quiet_ms), .choices = until_words,
     .essential = true, .help = "how much of a reply to wait for (eof)"},
    {OPTION_OFF, "no-half-close", 0, AT(half_close), .essential = true,
     .help = "keep the sending side open after the input"},
    {OPTION_ON, "raw", 0, AT(raw), .help = "print exact bytes, on a terminal too"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"where", "Where", common_connect_bind_specs, offsetof(struct send_options, common), NULL},
    {"where", "", connect_specs, offsetof(struct send_options, connect), NULL},
    {"where", "", connect_retry_specs, offsetof(struct send_options, connect), NULL},
    {"data", "Sending and receiving", what_specs, 0, NULL},
    {"text", "Text", text_wire_specs, offsetof(struct send_options, text), NULL},
    {"text", "", text_local_specs, offsetof(struct send_options, text), NULL},
    {"text", "", text_errors_specs, offsetof(struct send_options, text), NULL},
    {"tls", "TLS", tls_specs, offsetof(struct send_options, common.tls), NULL},
    {"limits", "Limits", common_limit_specs, offsetof(struct send_options, common), NULL},
    {"limits", "", common_rate_specs, offsetof(struct send_options, common), NULL},
    {"connection", "Connection", common_socket_specs, offsetof(struct send_options, common), NULL},
    {"messages", "Messages", common_message_specs, offsetof(struct send_options, common), NULL},
    {"messages", "", common_watch_specs, offsetof(struct send_options, common), NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct send_options defaults = {
    .common = COMMON_DEFAULTS,
    .connect = CONNECT_DEFAULTS,
    .quiet_ms = 1000,
    .half_close = true,
};

struct send {
    struct send_options options;
    struct run run;
    struct connecting_words words;
    struct tls_context *tls; /* NULL: none */
    struct connecting *connecting;
    struct retry_line waiting;
    struct message message;
    struct console *console; /* NULL, or source and output are its own: a live conversation */
    struct stream *source;   /* NULL once the conversation has them */
    struct stream *output;
    struct conversation_plan plan;
    struct conversation *conversation;
    struct progress progress;
    struct text_format format;
    struct text_counts counts;
    bool guesses; /* at the encoding of the reply */
    struct guess guess;
};

static struct filter *make_incoming(void *owner, struct stream *from, struct error *err)
{
    struct send *s = owner;
    struct text_format format = s->format;

    (void)from;
    if (s->guesses)
        format.observer = guess_new(&s->guess);
    return filters_incoming(&s->options.text, &format, &s->counts, err);
}

static struct filter *make_outgoing(void *owner, struct stream *from, struct error *err)
{
    struct send *s = owner;

    (void)from;
    return filters_outgoing(&s->options.text, &s->counts, err);
}

static void on_closing(void *owner, struct stream *near, int64_t duration_ms)
{
    struct send *s = owner;

    progress_stop(&s->progress);
    progress_report_totals(near, duration_ms);
}

static void on_over(void *owner, struct outcome *o)
{
    struct send *s = owner;

    s->conversation = NULL;
    console_close(s->console);
    s->console = NULL;
    event_detail("%s closed: %llu bytes in, %llu bytes out", o->name,
                 (unsigned long long)o->in_bytes, (unsigned long long)o->out_bytes);
    if (o->whose == FAULT_NONE && o->unanswered && s->options.until == UNTIL_EOF)
        event_notice("no reply; if you expected one, the server may need --no-half-close");
    connecting_over(&s->run, o);
}

static void on_output_gone(void *owner)
{
    struct send *s = owner;
    struct error why = {0};

    if (stream_failure(s->output) == NULL)
        return;
    error_copy(&why, stream_failure(s->output));
    run_fail(&s->run, &why);
}

static void on_connected(void *arg, struct stream *peer)
{
    struct send *s = arg;
    struct end near = {peer, peer, false}, far = {s->source, s->output, false};
    struct error why = {0};

    s->connecting = NULL;
    retry_line_clear(&s->waiting);
    connecting_log(peer);
    if (event_level() == EVENT_VERBOSE && stream_local_name(peer) != NULL)
        event_detail("%s connected, from %s", stream_name(peer), stream_local_name(peer));
    else if (event_level() == EVENT_VERBOSE)
        event_detail("%s connected", stream_name(peer));
    if (s->console != NULL)
        event_notice("connected to %s; Ctrl-D ends the input", stream_name(peer));
    if (s->options.progress)
        progress_start(&s->progress, peer, true, s->message.size);
    s->source = s->output = NULL;
    s->conversation = conversation_start(&s->plan, &s->run.work, &near, &far, s, &why);
    if (s->conversation == NULL)
        run_fail(&s->run, &why);
}

static void on_connect_failed(void *arg, struct error *why)
{
    struct send *s = arg;

    s->connecting = NULL;
    retry_line_clear(&s->waiting);
    run_fail(&s->run, why);
}

static void on_retry(void *arg, const struct error *why, int64_t left_ms)
{
    struct send *s = arg;

    event_detail("%s; trying again", why->text);
    retry_line_show(&s->waiting, s->run.loop, &s->words.target, left_ms);
}

static const struct connect_events connect_events = {
    .on_connected = on_connected,
    .on_failed = on_connect_failed,
    .on_retry = on_retry,
};

static void plan_conversation(struct send *s)
{
    const struct send_options *o = &s->options;
    bool waits_open = o->until == UNTIL_FIRST || o->until == UNTIL_LINE || o->until == UNTIL_QUIET;
    bool keeps = o->until == UNTIL_NONE || filters_incoming_are_none(&o->text, &s->format);

    s->plan = (struct conversation_plan){
        .from_near = {.read_max = o->common.recv_size,
                      .rate = o->common.rate,
                      .first_is_enough = o->until == UNTIL_FIRST,
                      .make_filter = keeps ? NULL : make_incoming},
        .from_far = {.read_max = o->common.recv_size,
                     .rate = o->common.rate,
                     .at_end = o->half_close && !waits_open ? AT_END_SHUT : AT_END_KEEP,
                     .one_send = !o->common.sendall,
                     .make_filter = s->message.is_known || filters_outgoing_are_none(&o->text)
                                        ? NULL
                                        : make_outgoing},
        .goal = o->until == UNTIL_NONE ? GOAL_DELIVERED
                : waits_open           ? GOAL_ANSWERED
                : s->console != NULL   ? GOAL_NEAR_END
                                       : GOAL_BOTH_END,
        .idle_ms = o->common.idle_timeout_ms,
        .quiet_ms = o->until == UNTIL_QUIET ? o->quiet_ms : 0,
        .unanswered = o->until == UNTIL_LINE
                          ? "the peer closed the connection before a whole line arrived"
                          : "the peer closed the connection without a reply",
        .on_closing = on_closing,
        .on_over = on_over,
    };
}

static void set_format(struct send *s)
{
    bool terminal = !s->options.raw && isatty(STDOUT_FILENO);

    s->format = (struct text_format){
        .printable = terminal,
        .end_with_newline = terminal,
        .first_line = s->options.until == UNTIL_LINE,
    };
    s->guesses =
        terminal && s->options.text.encoding == NULL && s->options.text.local_encoding == NULL;
}

static int open_ends(struct send *s, struct error *err)
{
    if (s->options.until != UNTIL_NONE) {
        s->output = local_open_output(s->run.loop, err);
        if (s->output == NULL)
            return -1;
        stream_on_hangup(s->output, on_output_gone, s);
    }
    /* One send call has to take everything, so everything is read before. */
    s->source = message_open(&s->message, &s->run, !s->options.common.sendall, err);
    return s->source != NULL ? 0 : -1;
}

/* Returns true when a user types the input, line by line, and is to see the replies. */
static bool is_live(const struct send *s)
{
    const struct send_options *o = &s->options;

    return !s->message.is_known && o->file == NULL && o->common.sendall && !o->progress &&
           !o->raw && o->until != UNTIL_NONE && isatty(STDIN_FILENO);
}

/* The terminal is left as it was found before a signal ends the program. */
static void on_signal(void *arg, int number)
{
    struct send *s = arg;

    s->run.signal = number;
    loop_stop(s->run.loop);
}

static int open_console(struct send *s, struct error *err)
{
    const struct console_options options = {.edited = filters_local_is_utf8(&s->options.text)};
    sigset_t signals;
    struct end e;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (loop_catch_signals(s->run.loop, &signals, on_signal, s, err) < 0)
        return -1;
    s->console = console_open(s->run.loop, &options, err);
    if (s->console == NULL)
        return -1;
    e = console_take_end(s->console);
    s->source = e.in;
    s->output = e.out;
    return 0;
}

static int start(struct send *s, struct error *err)
{
    const struct send_options *o = &s->options;
    struct connect_plan plan;

    set_format(s);
    if (tls_options_prepare(&o->common.tls, "", TLS_CLIENT, &s->tls, err) < 0 ||
        (is_live(s) ? open_console(s, err) : open_ends(s, err)) < 0)
        return -1;
    plan_conversation(s);
    s->words.dump = s->run.dump;
    plan = connecting_plan(&s->words, &o->connect, &o->common, false, s->tls);
    s->connecting = connect_start(s->run.loop, &plan, &connect_events, s, err);
    return s->connecting != NULL ? 0 : -1;
}

static void clear(struct send *s)
{
    connect_cancel(s->connecting);
    retry_line_clear(&s->waiting);
    if (s->conversation != NULL)
        conversation_end(s->conversation, CONVERSATION_ABORT);
    stream_close(s->source, STREAM_AT_ONCE);
    stream_close(s->output, STREAM_AT_ONCE);
    console_close(s->console);
    message_clear(&s->message);
}

static int check_options(struct send *s, int count, char **words, struct error *err)
{
    const struct send_options *o = &s->options;

    if (text_options_check(&o->text, err) < 0 ||
        common_options_apply(&o->common, o->text.encoding, err) < 0 ||
        connecting_find_target(&s->words, &o->common, count, words, err) < 0 ||
        connecting_check(&s->words, &s->options.connect, &o->common, err) < 0)
        return -1;
    if (o->until == UNTIL_QUIET && o->quiet_ms == 0) {
        error_set(err, EXITCODE_USAGE, "--until quiet requires a time above 0");
        return -1;
    }
    if (o->file != NULL && count > s->words.used) {
        error_set(err, EXITCODE_USAGE, "unexpected argument \"%s\": --file replaces MESSAGE",
                  words[s->words.used]);
        return -1;
    }
    s->message.text = &o->text;
    s->message.counts = &s->counts;
    s->message.file = o->file;
    /* A user who is prompted for HOST or PORT is prompted for one line of a message, too. */
    return message_find(&s->message, count - s->words.used, words + s->words.used,
                        o->file == NULL && s->words.prompted, err);
}

static void report_guess(struct send *s)
{
    const char *name = guess_encoding(&s->guess);
    char option[16] = "";

    for (size_t i = 0; name != NULL && name[i] != '\0' && i + 1 < sizeof(option); i++)
        option[i] = (char)tolower((unsigned char)name[i]);
    if (name != NULL)
        event_notice("these bytes may be %s: try -e %s", name, option);
    guess_clear(&s->guess);
}

/* Returns the exit status, or -1 with a usage error. */
static int send_all(struct send *s, const struct local_startup *startup, struct error *err)
{
    struct error why = {0};
    bool misused = false;

    if (run_init(&s->run, s->options.common.deadline_ms, &why) < 0 ||
        common_options_watch(&s->options.common, &s->run, &why) < 0)
        run_fail(&s->run, &why);
    if (!run_is_over(&s->run) && start(s, &why) < 0) {
        misused = why.status == EXITCODE_USAGE;
        if (misused)
            error_move(err, &why);
        else if (error_is_set(&why))
            run_fail(&s->run, &why);
    } else {
        run_loop(&s->run);
        if (!s->options.common.sendall && !run_is_over(&s->run))
            event_notice("one send call took all %zu bytes", buf_length(&s->message.bytes));
    }
    clear(s);
    text_options_report(&s->options.text, &s->counts);
    report_guess(s);
    return misused ? (run_clear(&s->run), -1) : run_end(&s->run, startup);
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct send s = {.options = defaults};
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &s.options, &first);

    if (status < 0 && (check_options(&s, argc - first, argv + first, &why) < 0 ||
                       (status = send_all(&s, startup, &why)) < 0))
        status = command_misused(self, &why);
    message_clear(&s.message);
    connecting_clear(&s.words);
    proxy_options_clear(&s.options.connect.proxy);
    tls_context_free(s.tls);
    common_options_clear(&s.options.common);
    return status;
}

const struct command send_command = {
    .name = "send",
    .summary = "Connect; send a message or standard input; print the reply",
    .synopsis = "send [OPTIONS] [HOST PORT] [MESSAGE...]\nsend [OPTIONS] HOST:PORT [MESSAGE...]",
    .examples = "  tcptool send localhost 8888 hello\n"
                "  tcptool send localhost:8888 < file > reply\n",
    .tables = tables,
    .defaults = &defaults,
    .run = run,
};
