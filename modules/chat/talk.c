/* Owns the lines, the turns and the byes of two parties. */
#include "chat/talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/line_guard.h"

enum {
    LAST_WORDS_MS = 2000, /* how long the other's words are still shown */
    TURN_MS = 1000,       /* how long a message without a line ending waits for a reply */
};

static bool sends_bare(const struct talk *t)
{
    return t->config->text->eol == TEXT_EOL_NONE;
}

/* Colours and safety are for terminals; a pipe gets the text as it is. */
static struct filter *make_heard(void *owner, struct stream *from, struct error *err)
{
    struct talk *t = owner;
    bool terminal = isatty(STDOUT_FILENO);
    struct text_format format = {
        .printable = terminal,
        .observer = bye_watcher_new(&t->config->byes, sends_bare(t), &t->heard_bye),
        .coloured = terminal && console_has_colours(),
    };

    (void)from;
    if (format.observer != NULL)
        return filters_incoming(t->config->text, &format, t->counts, err);
    error_errno(err, ENOMEM, "cannot chat");
    return NULL;
}

static struct filter *make_wire(void *arg, struct error *err)
{
    struct talk *t = arg;

    return filters_outgoing(t->config->text, t->counts, err);
}

/* A user sees the reason and can type it differently; a script sees the exit status. */
static void on_rejected(void *arg, struct error *why)
{
    struct talk *t = arg;

    error_prefix(why, "your line was not sent");
    if (console_is_interactive(t->console))
        event_error("%s", why->text);
    else
        run_report(t->run, why);
    console_give_turn(t->console);
}

static const struct line_guard_ops guard_ops = {
    .make = make_wire,
    .on_rejected = on_rejected,
};

static struct filter *make_said(void *owner, struct stream *from, struct error *err)
{
    struct talk *t = owner;
    struct filter *chain = filter_chain_new();

    (void)from;
    if (chain != NULL &&
        filter_chain_add(chain, bye_sender_new(&t->config->byes, sends_bare(t), &t->said_bye)) ==
            0 &&
        filter_chain_add(chain, line_guard_new(&guard_ops, t)) == 0)
        return chain;
    filter_free(chain);
    error_errno(err, ENOMEM, "cannot chat");
    return NULL;
}

void talk_leave(struct talk *t)
{
    if (t->leaving || t->conversation == NULL)
        return;
    t->leaving = true;
    conversation_end(t->conversation, CONVERSATION_FINISH);
}

static void on_heard(void *owner)
{
    struct talk *t = owner;

    loop_cancel_timer(t->run->loop, &t->turn);
    console_give_turn(t->console);
    if (t->heard_bye)
        talk_leave(t);
}

static void on_said(void *owner)
{
    struct talk *t = owner;

    if (sends_bare(t) && !console_is_interactive(t->console))
        loop_set_timer(t->run->loop, &t->turn, TURN_MS);
}

static void on_turn_over(struct timer *timer)
{
    console_give_turn(container_of(timer, struct talk, turn)->console);
}

/* After the peer's bye a reset is no failure, unless data was lost before. */
static void forgive_hangup(const struct talk *t, struct outcome *o)
{
    if (t->heard_bye && !o->cut && o->whose == FAULT_NEAR &&
        (o->why.number == ECONNRESET || o->why.number == EPIPE)) {
        error_clear(&o->why);
        o->whose = FAULT_NONE;
    }
}

/* The console goes first, so that messages find the terminal in order. */
static void on_over(void *owner, struct outcome *o)
{
    struct talk *t = owner;
    bool was_left = console_is_interactive(t->console) && !console_has_ended(t->console) &&
                    !t->leaving && !t->said_bye;

    t->conversation = NULL;
    loop_cancel_timer(t->run->loop, &t->turn);
    console_close(t->console);
    t->console = NULL;
    forgive_hangup(t, o);
    if (was_left && o->whose == FAULT_NONE)
        event_notice("the peer has left");
    t->on_over(t->arg, o);
}

static void plan(struct talk *t)
{
    const struct talk_config *c = t->config;

    t->plan = c->plan;
    t->plan.from_near.make_filter = make_heard;
    t->plan.from_near.on_moved = on_heard;
    t->plan.from_far.make_filter = make_said;
    t->plan.from_far.on_moved = on_said;
    t->plan.last_words_ms = LAST_WORDS_MS;
    t->plan.on_over = on_over;
    /* A user is notified that the peer has left; a pipe still sends its pending input. */
    t->plan.goal = console_is_interactive(t->console) ? GOAL_NEAR_END : GOAL_BOTH_END;
}

/* Sends /nick, which sets the name in a room; to any other peer it is just a line. */
static int introduce(const struct talk *t, struct stream *peer, struct error *err)
{
    struct text_options text = *t->config->text;
    struct buf wire = {0};
    char *line;
    int result;

    if (t->config->name == NULL)
        return 0;
    if (asprintf(&line, "/nick %s", t->config->name) < 0) {
        error_errno(err, ENOMEM, "cannot take a name");
        return -1;
    }
    if (text.eol <= TEXT_EOL_NONE)
        text.eol = TEXT_EOL_LF; /* a room reads lines */
    result = filters_encode(&text, line, strlen(line), true, t->counts, &wire, err);
    if (result == 0 && stream_write(peer, buf_head(&wire), buf_length(&wire)) == IO_FAILED) {
        error_copy(err, stream_failure(peer));
        result = -1;
    }
    free(line);
    buf_free(&wire);
    return result;
}

/* "bye, 再见" */
static int list_byes(const struct bye_words *byes, struct buf *list)
{
    for (size_t i = 0; i < byes->count; i++)
        if ((i > 0 && buf_add(list, ", ", 2) < 0) ||
            buf_add(list, byes->words[i], strlen(byes->words[i])) < 0)
            return -1;
    return 0;
}

/* Reports how the conversation ends to a user who can type it. */
static void report_beginning(const struct talk *t, struct stream *peer)
{
    struct buf byes = {0};

    if (console_is_interactive(t->console) && list_byes(&t->config->byes, &byes) == 0)
        event_notice("connected to %s; %.*s or Ctrl-D ends it", stream_name(peer),
                     (int)buf_length(&byes), buf_head(&byes));
    buf_free(&byes);
}

static struct console_options console_options_of(const struct talk_config *config)
{
    return (struct console_options){
        .without_input = config->without_input,
        .edited = filters_local_is_utf8(config->text),
        .prompted = true,
        .marked = true,
    };
}

int talk_begin(struct talk *t, const struct talk_config *config, struct run *run,
               struct text_counts *counts, struct stream *peer,
               void (*on_end)(void *arg, struct outcome *o), void *arg, struct error *err)
{
    const struct console_options options = console_options_of(config);
    struct end near = {.in = peer, .out = peer}, far;

    t->config = config;
    t->run = run;
    t->counts = counts;
    t->turn = (struct timer){.on_due = on_turn_over};
    t->on_over = on_end;
    t->arg = arg;
    t->console = console_open(run->loop, &options, err);
    if (t->console == NULL || introduce(t, peer, err) < 0) {
        stream_close(peer, STREAM_ABORT);
        return -1;
    }
    report_beginning(t, peer);
    if (sends_bare(t) && !console_is_interactive(t->console))
        console_take_turns(t->console);
    plan(t);
    far = console_take_end(t->console);
    t->conversation = conversation_start(&t->plan, &run->work, &near, &far, t, err);
    return t->conversation != NULL ? 0 : -1;
}

/* The service. */

struct talk_service {
    struct service service;
    struct talk talk;
    struct stream *lookout; /* the output, while no client is there */
};

static void on_output_gone(void *owner)
{
    struct talk_service *s = owner;
    struct error why = {0};

    if (stream_failure(s->lookout) == NULL)
        return;
    error_copy(&why, stream_failure(s->lookout));
    run_fail(s->service.run, &why);
}

/* Ends the wait for a client once the reader of standard output is gone. A failure to open
 * it is reported when the client is there. */
static int prepare(struct service *v, struct error *err)
{
    struct talk_service *s = (struct talk_service *)v;
    const struct console_options options = console_options_of(v->config);

    (void)err;
    console_prepare(&options);
    if (isatty(STDOUT_FILENO))
        return 0;
    s->lookout = local_open_output_shared(v->run->loop, true, NULL);
    if (s->lookout != NULL)
        stream_on_hangup(s->lookout, on_output_gone, s);
    return 0;
}

static void on_client_over(void *arg, struct outcome *o)
{
    struct client *c = arg;

    if (o->whose == FAULT_FAR_OUT)
        run_fail(client_service(c)->run, &o->why);
    client_over(c, o);
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    struct talk_service *s = (struct talk_service *)v;
    struct stream *peer = c->stream;

    stream_close(s->lookout, STREAM_AT_ONCE);
    s->lookout = NULL;
    c->stream = NULL;
    return talk_begin(&s->talk, v->config, v->run, &v->counts, peer, on_client_over, c, err);
}

static void stop(struct service *v)
{
    talk_leave(&((struct talk_service *)v)->talk);
}

static void drop(struct service *v, struct client *c)
{
    struct talk *t = &((struct talk_service *)v)->talk;

    (void)c;
    conversation_end(t->conversation, CONVERSATION_STOP);
}

static void clear(struct service *v)
{
    struct talk_service *s = (struct talk_service *)v;

    stream_close(s->lookout, STREAM_AT_ONCE);
    console_close(s->talk.console);
}

const struct service_ops talk_ops = {
    .size = sizeof(struct talk_service),
    .prepare = prepare,
    .begin = begin,
    .stop = stop,
    .drop = drop,
    .clear = clear,
};
