/* The conversation of two: both directions in lines, and the ways in which it ends. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "chat/bye.h"
#include "chat/console.h"
#include "commands/chat.h"
#include "commands/serving.h"
#include "text/colour.h"

enum {
    DELIVERY_MS = 100,    /* how often delivery is looked at before that */
    LAST_WORDS_MS = 2000, /* how long what the other still says is shown */
    TURN_MS = 1000,       /* how long a message without a line end waits for an answer */
};

struct talk {
    const struct chat_options *options;
    struct runtime *run;
    struct conversation *conversation;
    struct console *console;
    struct bye_words byes;
    struct pump_plan in_plan;
    struct pump_plan out_plan;
    struct conversation_plan plan;
    struct pump out_pump;
    struct timer last_words;
    struct timer turn;
    struct text_counts counts;
    bool heard_bye;
    bool leaving; /* one of the two has ended it */
    bool said_or_heard_bye;
    bool all_delivered; /* what was said has arrived: the last words' time runs */
};

static const char *const default_byes[] = {"bye", "再见"};

static bool sends_bare(const struct talk *t)
{
    return t->options->text.eol == TEXT_EOL_NONE;
}

/* One of the two has ended it: what the other still says has its time. */
static void begin_to_leave(struct talk *t)
{
    if (t->leaving)
        return;
    t->leaving = true;
    pump_stop(&t->out_pump);
    if (t->conversation != NULL && !t->conversation->over)
        stream_shut(&t->conversation->net, NULL);
    loop_set_timer(t->run->loop, &t->last_words, 0);
}

static void on_last_words_over(struct timer *timer)
{
    struct talk *t = container_of(timer, struct talk, last_words);
    struct stream *net = &t->conversation->net;

    if (t->all_delivered) {
        conversation_end(t->conversation);
        return;
    }
    t->all_delivered = stream_is_delivered(net) || stream_is_broken(net, NULL);
    loop_set_timer(t->run->loop, timer, t->all_delivered ? LAST_WORDS_MS : DELIVERY_MS);
}

static void on_turn_over(struct timer *timer)
{
    console_give_turn(container_of(timer, struct talk, turn)->console);
}

/* Colours and safety are for terminals; a pipe gets the text as it is. */
static struct filter *make_heard(struct talk *t, struct error *err)
{
    bool terminal = isatty(STDOUT_FILENO);
    struct text_look look = {
        .printable = terminal,
        .judge = bye_watcher_new(&t->byes, sends_bare(t), &t->heard_bye),
        .paint = terminal && console_has_colours() ? colour_new() : NULL,
    };

    return text_inward(&t->options->text, &look, &t->counts, err);
}

static struct filter *make_said(struct talk *t, struct error *err)
{
    struct filter *row = chain_new();

    if (row != NULL && chain_add(row, bye_sender_new(&t->byes, sends_bare(t))) == 0 &&
        chain_add(row, text_outward(&t->options->text, &t->counts, err)) == 0)
        return row;
    filter_free(row);
    if (!error_is_set(err))
        error_errno(err, ENOMEM, "chatting");
    return NULL;
}

static void heard(struct talk *t)
{
    loop_cancel_timer(t->run->loop, &t->turn);
    console_give_turn(t->console);
    if (!t->heard_bye)
        return;
    t->said_or_heard_bye = true;
    begin_to_leave(t);
}

static void said(struct talk *t)
{
    if (sends_bare(t) && !console_is_interactive(t->console))
        loop_set_timer(t->run->loop, &t->turn, TURN_MS);
}

/* A person is told that nobody listens any more; a pipe still gives what it has. */
static void peer_ended(struct talk *t)
{
    if (!t->leaving && console_is_interactive(t->console)) {
        log_notice("the other side has left");
        t->leaving = true;
        pump_stop(&t->out_pump);
    }
}

static void said_all(struct talk *t, enum pump_end end)
{
    if (end == PUMP_SATISFIED)
        t->said_or_heard_bye = true;
    if (end == PUMP_SATISFIED || end == PUMP_DELIVERED)
        begin_to_leave(t);
}

/* After a bye it does not matter how the other one hangs up. */
static void forgive(struct talk *t, struct conversation *c)
{
    if (t->said_or_heard_bye && error_is_set(&c->why) && !c->output_failed &&
        c->why.status == EXITCODE_FAILED)
        error_clear(&c->why);
}

static void plan_talk(struct talk *t, const struct chat_options *o)
{
    t->options = o;
    t->byes = o->byes.count > 0 ? (struct bye_words){o->byes.words, o->byes.count}
                                : (struct bye_words){default_byes, 2};
    t->last_words.on_due = on_last_words_over;
    t->turn.on_due = on_turn_over;
    pump_init(&t->out_pump);
    t->in_plan = (struct pump_plan){.read_max = o->shared.recv_size};
    t->out_plan = (struct pump_plan){.shut_at_end = true, .one_write = !o->shared.sendall};
    t->plan = (struct conversation_plan){
        .in = &t->in_plan,
        .out = &t->out_plan,
        .idle_ms = o->shared.idle_timeout_ms,
        .answer_needed = true,
    };
}

static void on_output_closed(struct stream *output)
{
    struct talk *t = output->owner;
    struct error why = {0};

    transport_write_error(&output->transport, EPIPE, &why);
    runtime_fail(t->run, &why);
}

static int open_console(struct talk *t, const struct stdio *io, struct error *err)
{
    t->console = console_open(t->run->loop, "> ", io->input_closed, err);
    if (t->console == NULL)
        return -1;
    console_output(t->console)->owner = t;
    console_output(t->console)->on_hangup = on_output_closed;
    if (sends_bare(t) && !console_is_interactive(t->console))
        console_take_turns(t->console);
    return 0;
}

/* Whoever joins a room takes the name there; between two it is just a line. */
static int introduce(struct talk *t, struct error *err)
{
    struct text_options text = t->options->text;
    struct buf wire = {0};
    char *line;
    int result;

    if (t->options->name == NULL)
        return 0;
    if (asprintf(&line, "/nick %s", t->options->name) < 0) {
        error_errno(err, ENOMEM, "taking a name");
        return -1;
    }
    if (text.eol <= TEXT_EOL_NONE)
        text.eol = TEXT_EOL_LF; /* a room reads lines */
    result = text_encode_message(&text, line, strlen(line), &t->counts, &wire, err);
    if (result == 0 &&
        stream_write(&t->conversation->net, buf_head(&wire), buf_length(&wire), err) == IO_FAILED)
        result = -1;
    free(line);
    buf_free(&wire);
    return result;
}

static struct talk *talk_of(const struct pump *p)
{
    const struct conversation *c = p->owner;

    return container_of(c->plan, struct talk, plan);
}

static struct filter *make_in_filter(struct pump *p, struct error *err)
{
    return make_heard(talk_of(p), err);
}

static struct filter *make_out_filter(struct pump *p, struct error *err)
{
    return make_said(talk_of(p), err);
}

static void on_heard(struct pump *p)
{
    heard(talk_of(p));
}

static void on_said(struct pump *p)
{
    said(talk_of(p));
}

static void on_said_all(struct pump *p, enum pump_end end, struct error *why)
{
    struct talk *t = talk_of(p);

    said_all(t, end);
    conversation_out_ended(p, end, why);
}

static void on_peer_end(struct conversation *c)
{
    struct talk *t = container_of(c->plan, struct talk, plan);

    peer_ended(t);
}

/* The console goes first, so that what is told after it finds the terminal in order. */
static void end_talk(struct talk *t, struct conversation *c)
{
    loop_cancel_timer(t->run->loop, &t->last_words);
    loop_cancel_timer(t->run->loop, &t->turn);
    forgive(t, c);
    console_close(t->console);
    t->console = NULL;
}

static void begin_talk(struct talk *t, struct conversation *c)
{
    struct error why = {0};

    t->conversation = c;
    if (introduce(t, &why) < 0) {
        conversation_fail(c, &why);
        return;
    }
    conversation_speak(c, &t->out_pump, console_input(t->console));
    conversation_listen(c, console_output(t->console));
}

static void plan_callbacks(struct talk *t, void (*on_closed)(struct conversation *c))
{
    t->in_plan.make_filter = make_in_filter;
    t->in_plan.on_data = on_heard;
    t->in_plan.on_end = conversation_in_ended;
    t->out_plan.make_filter = make_out_filter;
    t->out_plan.on_data = on_said;
    t->out_plan.on_end = on_said_all;
    t->plan.on_peer_end = on_peer_end;
    t->plan.on_closed = on_closed;
}

/* Connecting to somebody. */

struct call {
    struct talk talk;
    struct runtime run;
    struct dialer *dialer;
    struct conversation conversation;
    const struct stdio *io;
};

static void on_call_closed(struct conversation *c)
{
    struct call *call = c->owner;

    end_talk(&call->talk, c);
    if (error_is_set(&c->why))
        runtime_fail(&call->run, &c->why);
    else
        loop_stop(call->run.loop);
}

static int begin_call(struct call *call, int fd, const struct addr *peer, struct error *err)
{
    struct socket_options socket = shared_sock_options(&call->talk.options->shared, true);

    if (socket_configure(fd, &socket, err) < 0) {
        close(fd);
        return -1;
    }
    conversation_init(&call->conversation, &call->talk.plan, &call->run.work, call, fd, peer);
    return open_console(&call->talk, call->io, err);
}

static void on_connected(void *arg, int fd, const struct addr *peer)
{
    struct call *call = arg;
    struct error why = {0};
    char text[ADDR_TEXT_SIZE];

    call->dialer = NULL;
    if (begin_call(call, fd, peer, &why) < 0) {
        runtime_fail(&call->run, &why);
        return;
    }
    log_verbose("%s connected", addr_format(peer, text));
    begin_talk(&call->talk, &call->conversation);
    conversation_watch(&call->conversation);
}

static void on_connect_failed(void *arg, struct error *why)
{
    struct call *call = arg;

    call->dialer = NULL;
    runtime_fail(&call->run, why);
}

static const struct dialer_events dialer_events = {
    .on_connected = on_connected,
    .on_failed = on_connect_failed,
};

/* The first signal ends the talk as the end of the input does. */
static void on_call_signal(void *arg, int number)
{
    struct call *call = arg;

    if (call->talk.conversation != NULL && !call->talk.leaving) {
        begin_to_leave(&call->talk);
        return;
    }
    call->run.signal = number;
    loop_stop(call->run.loop);
}

static int start_call(struct call *call, const struct chat_options *o, struct error *err)
{
    struct dialer_target target = connect_target(&o->connect, &o->shared, o->host, o->target_port);
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (loop_catch_signals(call->run.loop, &signals, on_call_signal, call, err) < 0)
        return -1;
    call->dialer = dialer_start(call->run.loop, &target, &dialer_events, call, err);
    return call->dialer != NULL ? 0 : -1;
}

int chat_call(const struct chat_options *o, const struct stdio *io)
{
    struct call call = {.io = io};
    struct error why = {0};

    plan_talk(&call.talk, o);
    plan_callbacks(&call.talk, on_call_closed);
    call.talk.run = &call.run;
    if (runtime_init(&call.run, o->shared.deadline_ms, &why) < 0 || start_call(&call, o, &why) < 0)
        runtime_fail(&call.run, &why);
    runtime_run(&call.run);
    dialer_cancel(call.dialer);
    if (call.conversation.work != NULL)
        conversation_drop(&call.conversation);
    console_close(call.talk.console);
    text_report(&o->text, &call.talk.counts);
    return runtime_end(&call.run, io);
}

/* Waiting for one partner. */

struct wait {
    struct talk talk;
    struct serving serving;
    const struct stdio *io;
    struct stream lookout; /* the output, before there is a console */
};

/* Nobody who waits for what a partner says may be waited for in vain. */
static void watch_output(struct wait *w)
{
    if (isatty(STDOUT_FILENO) || stdio_open_output_again(&w->lookout, w->talk.run->loop, NULL) < 0)
        return; /* the console tells what is wrong with it */
    w->lookout.owner = &w->talk;
    w->lookout.on_hangup = on_output_closed;
}

static void stop_watching_output(struct wait *w)
{
    stream_close(&w->lookout, false);
}

static void on_wait_closed(struct conversation *c)
{
    end_talk(container_of(c->plan, struct talk, plan), c);
    serving_closed(c);
}

static void begin(struct serving_client *client)
{
    struct wait *w = client->serving->command;
    struct error why = {0};

    stop_watching_output(w);
    if (open_console(&w->talk, w->io, &why) < 0)
        conversation_fail(&client->talk, &why);
    else
        begin_talk(&w->talk, &client->talk);
}

static void on_leave(struct hosting *h)
{
    struct wait *w = container_of(h, struct wait, serving.host);

    if (w->talk.conversation != NULL)
        begin_to_leave(&w->talk);
}

int chat_wait(const struct chat_options *o, const struct stdio *io)
{
    struct listen_options listen = o->listen;
    struct wait w = {.io = io};
    struct error why = {0};

    listen.once = true;
    plan_talk(&w.talk, o);
    plan_callbacks(&w.talk, on_wait_closed);
    w.serving = (struct serving){
        .host = {.listen = &listen, .shared = &o->shared, .replies = true, .on_leave = on_leave},
        .plan = &w.talk.plan,
        .begin = begin,
        .command = &w,
    };
    w.talk.run = &w.serving.host.run;
    if (serving_open(&w.serving, &why) < 0) {
        runtime_fail(&w.serving.host.run, &why);
    } else {
        watch_output(&w);
        hosting_run(&w.serving.host);
        stop_watching_output(&w);
    }
    console_close(w.talk.console);
    text_report(&o->text, &w.talk.counts);
    return runtime_end(&w.serving.host.run, io);
}
