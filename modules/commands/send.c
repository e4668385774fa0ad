/* The command send: its options, what it sends, and how much of a reply it waits for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/connecting.h"
#include "commands/progress.h"
#include "commands/prompt.h"
#include "commands/text_options.h"
#include "core/conversation.h"
#include "core/memory.h"
#include "core/whole.h"

enum until { UNTIL_EOF, UNTIL_FIRST, UNTIL_LINE, UNTIL_NONE };

static const char *const until_words[] = {"eof", "first", "line", "none", NULL};

struct send_options {
    struct common_options common;
    struct connect_options connect;
    struct text_options text;
    const char *file;
    int until;
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
    {OPTION_CHOICE, "until", 0, .value = "eof|first|line|none", AT(until), .choices = until_words,
     .essential = true, .help = "how much of a reply to wait for (eof)"},
    {OPTION_OFF, "no-half-close", 0, AT(half_close), .essential = true,
     .help = "keep the sending side open after the input"},
    {OPTION_ON, "raw", 0, AT(raw), .help = "print exact bytes, on a terminal too"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"Where", common_connect_bind_specs, offsetof(struct send_options, common), NULL},
    {"", connect_specs, offsetof(struct send_options, connect), NULL},
    {"", connect_retry_specs, offsetof(struct send_options, connect), NULL},
    {"Sending and receiving", what_specs, 0, NULL},
    {"Text", text_specs, offsetof(struct send_options, text), NULL},
    {"Limits", common_limit_specs, offsetof(struct send_options, common), NULL},
    {"Connection", common_socket_specs, offsetof(struct send_options, common), NULL},
    {"Messages", common_message_specs, offsetof(struct send_options, common), NULL},
    {NULL, NULL, 0, NULL},
};

struct send {
    struct send_options options;
    struct run run;
    struct connecting_words words;
    struct connecting *connecting;
    struct buf message; /* as it goes over the wire */
    bool has_message;
    struct stream *source; /* NULL once the conversation has them */
    struct stream *output;
    uint64_t size; /* of what is sent; 0: not known */
    struct conversation_plan plan;
    struct conversation *conversation;
    struct progress progress;
    struct text_format format;
    struct text_counts counts;
};

static struct filter *make_incoming(void *owner, struct stream *from, struct error *err)
{
    struct send *s = owner;

    (void)from;
    return filters_incoming(&s->options.text, &s->format, &s->counts, err);
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
    event_detail("%s closed: %llu bytes in, %llu bytes out", o->name,
                 (unsigned long long)o->in_bytes, (unsigned long long)o->out_bytes);
    if (o->whose != FAULT_NONE)
        run_fail(&s->run, &o->why);
    else
        loop_stop(s->run.loop);
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
    if (event_level() == EVENT_VERBOSE && stream_local_name(peer) != NULL)
        event_detail("%s connected, from %s", stream_name(peer), stream_local_name(peer));
    else if (event_level() == EVENT_VERBOSE)
        event_detail("%s connected", stream_name(peer));
    if (s->options.progress)
        progress_start(&s->progress, peer, true, s->size);
    s->source = s->output = NULL;
    s->conversation = conversation_start(&s->plan, &s->run.work, &near, &far, s, &why);
    if (s->conversation == NULL)
        run_fail(&s->run, &why);
}

static void on_connect_failed(void *arg, struct error *why)
{
    struct send *s = arg;

    s->connecting = NULL;
    run_fail(&s->run, why);
}

static void on_retry(void *arg, const struct error *why)
{
    (void)arg;
    event_detail("%s; trying again", why->text);
}

static const struct connect_events connect_events = {
    .on_connected = on_connected,
    .on_failed = on_connect_failed,
    .on_retry = on_retry,
};

static void plan_conversation(struct send *s)
{
    const struct send_options *o = &s->options;
    bool waits_open = o->until == UNTIL_FIRST || o->until == UNTIL_LINE;
    bool keeps = o->until == UNTIL_NONE || filters_incoming_are_none(&o->text, &s->format);

    s->plan = (struct conversation_plan){
        .from_near = {.read_max = o->common.recv_size,
                      .first_is_enough = o->until == UNTIL_FIRST,
                      .make_filter = keeps ? NULL : make_incoming},
        .from_far = {.read_max = o->common.recv_size,
                     .at_end = o->half_close && !waits_open ? AT_END_SHUT : AT_END_KEEP,
                     .one_send = !o->common.sendall,
                     .make_filter = s->has_message || filters_outgoing_are_none(&o->text)
                                        ? NULL
                                        : make_outgoing},
        .goal = o->until == UNTIL_NONE ? GOAL_DELIVERED
                : waits_open           ? GOAL_ANSWERED
                                       : GOAL_BOTH_END,
        .idle_ms = o->common.idle_timeout_ms,
        .unanswered = o->until == UNTIL_FIRST
                          ? "the peer closed the connection without a reply"
                          : "the peer closed the connection before a whole line came",
        .on_closing = on_closing,
        .on_over = on_over,
    };
}

static int join(struct buf *text, int count, char **words)
{
    for (int i = 0; i < count; i++)
        if ((i > 0 && buf_add(text, " ", 1) < 0) || buf_add(text, words[i], strlen(words[i])) < 0)
            return -1;
    return 0;
}

/* Encodes the message of the command line, or of the prompt. */
static int find_message(struct send *s, int count, char **words, struct error *err)
{
    struct buf text = {0};
    char *asked = NULL;
    int result = 0;

    if (count == 0 && s->options.file == NULL && prompt_is_possible()) {
        asked = connecting_word(NULL, "message", "missing message", err);
        if (asked == NULL)
            return -1;
        count = 1;
        words = &asked;
    }
    s->has_message = count > 0;
    if (join(&text, count, words) < 0) {
        error_errno(err, ENOMEM, "cannot read the message");
        result = -1;
    } else if (s->has_message) {
        result = filters_encode(&s->options.text, buf_head(&text), buf_length(&text), true,
                                &s->counts, &s->message, err);
        if (result < 0 && err->status == EXITCODE_DATA)
            error_prefix(err, "message");
    }
    buf_free(&text);
    free(asked);
    return result;
}

static struct stream *open_input(struct send *s, struct error *err)
{
    const char *file = s->options.file;

    return file == NULL || strcmp(file, "-") == 0 ? local_open_input(s->run.loop, err)
                                                  : local_open_file(s->run.loop, file, err);
}

/* Reads the whole input, which then is the message: one send call has to take it. */
static int read_message(struct send *s, struct error *err)
{
    struct stream *input = open_input(s, err);
    struct buf whole = {0};
    int result = -1;

    if (input != NULL && whole_read(&s->run, input, &whole, err) == 0)
        result = filters_encode(&s->options.text, buf_head(&whole), buf_length(&whole), false,
                                &s->counts, &s->message, err);
    s->has_message = true;
    buf_free(&whole);
    return result;
}

/* Returns how many bytes a regular file has from its position on; 0: not known. */
static uint64_t size_of(const struct stream *source)
{
    int fd = stream_descriptor(source);
    struct stat status;
    off_t position;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    position = lseek(fd, 0, SEEK_CUR);
    return position >= 0 && position < status.st_size ? (uint64_t)(status.st_size - position) : 0;
}

static int open_source(struct send *s, struct error *err)
{
    if (!s->has_message && !s->options.common.sendall && read_message(s, err) < 0)
        return -1;
    if (s->has_message) {
        s->size = buf_length(&s->message);
        s->source = memory_open(s->run.loop, buf_head(&s->message), s->size, "the message", err);
    } else {
        s->source = open_input(s, err);
        if (s->source != NULL && filters_outgoing_are_none(&s->options.text))
            s->size = size_of(s->source);
    }
    return s->source != NULL ? 0 : -1;
}

static int open_output(struct send *s, struct error *err)
{
    bool terminal = !s->options.raw && isatty(STDOUT_FILENO);

    s->format = (struct text_format){
        .printable = terminal,
        .end_with_newline = terminal,
        .first_line = s->options.until == UNTIL_LINE,
    };
    if (s->options.until == UNTIL_NONE)
        return 0;
    s->output = local_open_output(s->run.loop, err);
    if (s->output == NULL)
        return -1;
    stream_on_hangup(s->output, on_output_gone, s);
    return 0;
}

static int start(struct send *s, struct error *err)
{
    struct connect_plan plan =
        connecting_plan(&s->words, &s->options.connect, &s->options.common, false);

    if (open_output(s, err) < 0 || open_source(s, err) < 0)
        return -1;
    plan_conversation(s);
    s->connecting = connect_start(s->run.loop, &plan, &connect_events, s, err);
    return s->connecting != NULL ? 0 : -1;
}

static void clear(struct send *s)
{
    connect_cancel(s->connecting);
    if (s->conversation != NULL)
        conversation_end(s->conversation, CONVERSATION_ABORT);
    stream_close(s->source, STREAM_AT_ONCE);
    stream_close(s->output, STREAM_AT_ONCE);
    buf_free(&s->message);
}

static int check_options(struct send *s, int count, char **words, struct error *err)
{
    const struct send_options *o = &s->options;

    if (text_options_check(&o->text, err) < 0 || common_options_apply(&o->common, err) < 0 ||
        connecting_find_target(&s->words, count, words, err) < 0 ||
        connecting_check(&s->words, &o->common, err) < 0)
        return -1;
    if (o->file != NULL && count > s->words.used) {
        error_set(err, EXITCODE_USAGE, "unexpected argument \"%s\": --file replaces MESSAGE",
                  words[s->words.used]);
        return -1;
    }
    return find_message(s, count - s->words.used, words + s->words.used, err);
}

/* Returns the exit status, or -1 with a usage error. */
static int send_all(struct send *s, const struct local_startup *startup, struct error *err)
{
    struct error why = {0};
    bool misused = false;

    if (run_init(&s->run, s->options.common.deadline_ms, &why) < 0)
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
            event_notice("one send call took all %zu bytes", buf_length(&s->message));
    }
    clear(s);
    text_options_report(&s->options.text, &s->counts);
    return misused ? (run_clear(&s->run), -1) : run_end(&s->run, startup);
}

static int run(const struct command *self, const struct local_startup *startup, int argc,
               char **argv)
{
    struct send s = {
        .options = {.common = COMMON_DEFAULTS, .connect = CONNECT_DEFAULTS, .half_close = true},
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &s.options, &first);

    if (status < 0 && (check_options(&s, argc - first, argv + first, &why) < 0 ||
                       (status = send_all(&s, startup, &why)) < 0))
        status = command_misused(self, &why);
    buf_free(&s.message);
    free(s.words.host);
    options_clear_words(&s.options.common.binds);
    return status;
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
