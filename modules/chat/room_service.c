/* Owns the room of a server, and its console. */
#include "chat/room_service.h"

#include <sys/stat.h>
#include <unistd.h>

#include "chat/console.h"
#include "chat/member.h"

enum { READ_SIZE = 16 << 10 }; /* of one guest, before the others have their turn */

struct room_service {
    struct service service;
    const struct room_config *config;
    struct room *room;
    struct console *console;
    struct conversation_plan console_plan;
    struct conversation *console_conversation; /* NULL when it is over */
    bool speaks_alone;                 /* a file does, not a user who sees which lines were not
                                        * sent */
    struct text_counts console_counts; /* what the console is shown was counted before */
};

static struct filter *make_heard(void *client, struct stream *from, struct error *err)
{
    (void)from;
    return room_decoder(((struct room_service *)client_service(client))->room, err);
}

/* Typed text is in the local encoding. */
static struct filter *make_typed(void *owner, struct stream *from, struct error *err)
{
    struct room_service *s = owner;

    (void)from;
    return transcode_new(s->config->text->local_encoding, "UTF-8", TRANSCODE_INWARD,
                         filters_incoming_policy(s->config->text), &s->service.counts.incoming,
                         err);
}

static struct filter *make_shown(void *owner, struct stream *from, struct error *err)
{
    struct room_service *s = owner;
    struct text_format format = {.coloured = console_has_colours()};

    (void)from;
    return filters_incoming(s->config->text, &format, &s->console_counts, err);
}

static void on_console_quit(void *arg)
{
    struct room_service *s = arg;

    server_stop(s->service.server);
}

/* Without its own input or output the room has nothing left to do. */
static void on_console_over(void *owner, struct outcome *o)
{
    struct room_service *s = owner;
    struct error why = {0};

    s->console_conversation = NULL;
    console_close(s->console);
    s->console = NULL;
    if (o->whose == FAULT_NONE && o->cut) {
        error_set(&why, EXITCODE_FAILED, "error writing standard output: lines lost");
        run_report(s->service.run, &why);
    } else if (o->whose != FAULT_NONE) {
        run_fail(s->service.run, &o->why);
    }
    s->service.busy = false;
    if (s->service.server != NULL)
        server_check_idle(s->service.server);
}

static void plan_console(struct room_service *s)
{
    const struct text_options *text = s->config->text;
    const struct text_format format = {.coloured = console_has_colours()};
    bool has_local = !filters_local_is_utf8(text);

    s->console_plan = (struct conversation_plan){
        /* The end of a user's input closes the room; that of a file does not. */
        .from_near = {.at_end = console_is_interactive(s->console) ? AT_END_SHUT : AT_END_KEEP,
                      .make_filter = has_local ? make_typed : NULL},
        .from_far = {.make_filter = filters_incoming_are_none(text, &format) && !has_local
                                        ? NULL
                                        : make_shown},
        .goal = GOAL_DELIVERED,
        .on_over = on_console_over,
    };
}

static int open_console(struct room_service *s, struct error *err)
{
    const struct room_config *c = s->config;
    const struct console_options options = {
        .without_input = c->without_input,
        .edited = filters_local_is_utf8(c->text),
        .prompted = true,
    };
    struct stream *member;
    struct end near, far;

    s->console = console_open(s->service.run->loop, &options, err);
    if (s->console == NULL)
        return -1;
    s->speaks_alone = !console_is_interactive(s->console);
    member = member_join(s->room, MEMBER_CONSOLE, c->without_input ? NULL : c->name, err);
    if (member == NULL)
        return -1;
    plan_console(s);
    near = console_take_end(s->console);
    far = (struct end){.in = member, .out = member};
    s->console_conversation =
        conversation_start(&s->console_plan, &s->service.run->work, &near, &far, s, err);
    s->service.busy = s->console_conversation != NULL;
    return s->console_conversation != NULL ? 0 : -1;
}

/* A guest that falls behind is disconnected; that is no failure. */
static void on_guest_over(void *owner, struct outcome *o)
{
    if (o->whose == FAULT_FAR_IN) {
        o->why.status = EXITCODE_OK;
        o->dropped = true;
    }
    client_over(owner, o);
}

static int prepare(struct service *v, struct error *err)
{
    struct room_service *s = (struct room_service *)v;
    const struct room_config *c = v->config;
    struct room_options options = {
        .buffer_bytes = c->buffer_bytes,
        .history = c->history,
        .encoding = c->text->encoding,
        .crlf = c->text->eol == TEXT_EOL_CRLF,
        .incoming = filters_incoming_policy(c->text),
        .outgoing = filters_outgoing_policy(c->text),
        .incoming_count = &v->counts.incoming,
        .outgoing_count = &v->counts.outgoing,
    };

    s->config = c;
    s->room = room_new(v->run->loop, &options, on_console_quit, s, err);
    if (s->room == NULL)
        return -1;
    v->plan.goal = GOAL_DELIVERED;
    v->plan.from_near.read_max = READ_SIZE;
    v->plan.from_near.make_filter = room_is_plain(s->room) ? NULL : make_heard;
    v->plan.from_far.at_end = AT_END_SHUT;
    v->plan.on_over = on_guest_over;
    return open_console(s, err);
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    struct room_service *s = (struct room_service *)v;
    struct stream *member = member_join(s->room, MEMBER_GUEST, NULL, err);
    struct end far = {.in = member, .out = member};

    return member == NULL ? -1 : service_converse(v, c, &far, err);
}

static void stop(struct service *v)
{
    room_close(((struct room_service *)v)->room);
}

static void report_lost_lines(struct room_service *s)
{
    uint64_t unseen = room_unseen(s->room), unsaid = s->speaks_alone ? room_unsaid(s->room) : 0;
    struct error why = {0};

    if (unseen > 0) {
        error_set(&why, EXITCODE_FAILED,
                  unseen == 1 ? "error writing standard output: %llu line lost"
                              : "error writing standard output: %llu lines lost",
                  (unsigned long long)unseen);
        run_report(s->service.run, &why);
    }
    if (unsaid > 0) {
        error_set(&why, EXITCODE_FAILED,
                  unsaid == 1 ? "standard input: %llu line was not sent"
                              : "standard input: %llu lines were not sent",
                  (unsigned long long)unsaid);
        run_report(s->service.run, &why);
    }
}

static void clear(struct service *v)
{
    struct room_service *s = (struct room_service *)v;

    v->server = NULL;
    if (s->console_conversation != NULL)
        conversation_end(s->console_conversation, CONVERSATION_STOP);
    console_close(s->console);
    if (s->room != NULL)
        report_lost_lines(s);
    room_free(s->room);
}

const struct service_ops room_ops = {
    .size = sizeof(struct room_service),
    .prepare = prepare,
    .begin = begin,
    .stop = stop,
    .clear = clear,
};
