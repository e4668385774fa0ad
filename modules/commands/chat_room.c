/* The room on the network: guests' streams, the console, and the room's pace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "chat/console.h"
#include "chat/room.h"
#include "commands/chat.h"
#include "commands/hosting.h"
#include "text/colour.h"

enum {
    READ_SIZE = 16 << 10,
    READ_ROUNDS = 4, /* reads of one guest before the others get their turn */
    PIECES = 64,
};

struct hall {
    const struct chat_options *options;
    struct hosting host;
    struct room *room;
    struct console *console;
    struct filter *shown; /* what becomes of text on its way to the console, or NULL */
    struct buf screen;    /* what the filter gave */
    uint64_t unshown;     /* lines that standard output did not take */
    struct task round;    /* the room goes on after the events of a round */
    struct timer next;    /* or when its time has come */
    struct text_counts counts;
    bool has_news;
    bool flowing_again;
    bool closing;
};

struct guest {
    struct client client;
    struct room_member member;
    struct stream net;
    struct hall *hall;
    struct stream_writer waiting;
    struct task turn; /* goes on reading and writing */
    struct task bury;
    struct timer idle;
    bool quitting; /* gets what is left, then it is closed */
    bool gone;
};

static int64_t now_ms(const struct hall *h)
{
    return loop_now_ms(h->host.run.loop);
}

static void go_on(struct hall *h)
{
    loop_later(h->host.run.loop, &h->round);
}

static void bury(struct task *t)
{
    free(container_of(t, struct guest, bury));
}

/* Lets go of a guest's descriptor and place; its memory goes after the round. */
static void part(struct guest *g, enum room_leaving how, bool gracefully)
{
    struct hall *h = g->hall;

    g->gone = true;
    hosting_tell_closed(&h->host, &g->net);
    list_remove(&g->waiting.link);
    task_cancel(&g->turn);
    loop_cancel_timer(h->host.run.loop, &g->idle);
    stream_close(&g->net, gracefully);
    room_leave(&g->member, how, now_ms(h));
    loop_later(h->host.run.loop, &g->bury);
    go_on(h);
}

static void close_guest(struct guest *g, enum room_leaving how, bool gracefully)
{
    if (g->gone)
        return;
    part(g, how, gracefully);
    server_remove(&g->hall->host.server, &g->client);
}

static void fail_guest(struct guest *g, struct error *why)
{
    if (!g->gone)
        runtime_report(&g->hall->host.run, why);
    error_clear(why);
    close_guest(g, ROOM_LEFT, false);
}

static bool drop(struct client *c)
{
    struct guest *g = container_of(c, struct guest, client);
    bool undelivered = !stream_is_delivered(&g->net);

    part(g, ROOM_LEFT, false);
    return undelivered;
}

static void on_delivered(struct stream *net)
{
    struct guest *g = net->owner;

    if (stream_is_delivered(net) || stream_is_broken(net, NULL))
        close_guest(g, ROOM_LEFT, true);
}

/* Everything is out: the end of it, too, has to arrive. */
static void see_off(struct guest *g)
{
    if (stream_shut(&g->net, NULL) < 0) {
        close_guest(g, ROOM_LEFT, false);
        return;
    }
    stream_await_delivery(&g->net, on_delivered);
    on_delivered(&g->net);
}

/* Writes what the guest is to get, until there is no more or nothing is taken. */
static void write_guest(struct guest *g)
{
    struct iovec pieces[PIECES];
    struct error why = {0};
    size_t count, put;

    while (!g->gone && (count = room_peek(&g->member, pieces, PIECES)) > 0) {
        switch (stream_try_write(&g->net, pieces, (int)count, &put, &why)) {
        case IO_OK:
            room_took(&g->member, put, now_ms(g->hall));
            break;
        case IO_AGAIN:
            stream_wait(&g->net, &g->waiting);
            return;
        case IO_END:
        case IO_FAILED:
            fail_guest(g, &why);
            return;
        }
    }
    if (!g->gone && g->quitting && !g->net.shut_asked)
        see_off(g);
}

static bool may_read(const struct guest *g)
{
    return !g->gone && !g->quitting && !g->net.in_ended && room_wants(&g->member) &&
           !room_is_congested(g->hall->room, now_ms(g->hall));
}

static void read_guest(struct guest *g)
{
    char bytes[READ_SIZE];
    struct error why = {0};
    size_t got;

    for (int i = 0; i < READ_ROUNDS && may_read(g); i++) {
        switch (stream_read(&g->net, bytes, sizeof(bytes), &got, &why)) {
        case IO_OK:
            room_hear(&g->member, bytes, got, now_ms(g->hall));
            break;
        case IO_AGAIN:
            return;
        case IO_END:
            room_hear_end(&g->member, now_ms(g->hall));
            return;
        case IO_FAILED:
            fail_guest(g, &why);
            return;
        }
    }
    if (may_read(g) && g->net.readable)
        loop_later(g->hall->host.run.loop, &g->turn);
}

/* What a guest that quits still sends is dropped, so that closing loses nothing. */
static void on_readable(struct stream *net)
{
    struct guest *g = net->reader;
    size_t got;

    if (g->quitting)
        stream_discard(net, READ_SIZE, &got, NULL);
    else
        read_guest(g);
    go_on(g->hall);
}

static void on_writable(struct stream_writer *w)
{
    struct guest *g = container_of(w, struct guest, waiting);

    write_guest(g);
    go_on(g->hall);
}

static void on_turn(struct task *t)
{
    struct guest *g = container_of(t, struct guest, turn);

    write_guest(g);
    if (!g->gone)
        read_guest(g);
    go_on(g->hall);
}

static void on_idle(struct timer *t)
{
    struct guest *g = container_of(t, struct guest, idle);
    struct hall *h = g->hall;
    int64_t limit_ms = h->options->shared.idle_timeout_ms;
    int64_t quiet_ms = now_ms(h) - g->net.moved_ms;
    struct error why = {0};
    char text[ADDR_TEXT_SIZE], limit[32];

    if (quiet_ms < limit_ms) {
        loop_set_timer(h->host.run.loop, t, limit_ms - quiet_ms);
        return;
    }
    num_format_duration(limit_ms, limit, sizeof(limit));
    error_set(&why, EXITCODE_TIMEOUT, "%s: nothing moved for %s (--idle-timeout)",
              transport_name(&g->net.transport, text), limit);
    fail_guest(g, &why);
}

static int on_client(struct hosting *host, int fd, const struct addr *peer, struct error *err)
{
    struct hall *h = host->command;
    struct guest *g = calloc(1, sizeof(*g));
    struct transport t;

    transport_init_socket(&t, fd, peer);
    if (g == NULL) {
        error_errno(err, ENOMEM, "a guest of the room");
        close(fd);
        return -1;
    }
    if (stream_open(&g->net, host->run.loop, &t, err) < 0) {
        free(g);
        return -1;
    }
    if (room_join(h->room, &g->member, now_ms(h), err) < 0) {
        stream_close(&g->net, false);
        free(g);
        return -1;
    }
    g->hall = h;
    g->client.drop = drop;
    g->net.owner = g;
    g->waiting.on_writable = on_writable;
    g->idle.on_due = on_idle;
    list_init(&g->waiting.link);
    task_init(&g->turn, on_turn);
    task_init(&g->bury, bury);
    stream_set_reader(&g->net, on_readable, g);
    server_add(&host->server, &g->client);
    hosting_tell_connected(host, peer);
    if (h->options->shared.idle_timeout_ms > 0)
        loop_set_timer(host->run.loop, &g->idle, h->options->shared.idle_timeout_ms);
    write_guest(g);
    return 0;
}

/* Calls act for every guest that is there when it begins. */
static void for_all(struct hall *h, void (*act)(struct guest *g))
{
    struct list *next;

    for (struct list *l = h->host.server.clients.next; l != &h->host.server.clients; l = next) {
        next = l->next;
        act(container_of(container_of(l, struct client, link), struct guest, client));
    }
}

static void write_unless_waiting(struct guest *g)
{
    if (list_is_empty(&g->waiting.link))
        write_guest(g);
}

static void set_next(struct hall *h)
{
    int64_t next_ms = room_next_ms(h->room, now_ms(h));

    if (next_ms < 0)
        loop_cancel_timer(h->host.run.loop, &h->next);
    else
        loop_set_timer(h->host.run.loop, &h->next, next_ms > now_ms(h) ? next_ms - now_ms(h) : 0);
}

/* After the events of a round: what was said goes out, to each in one write. */
static void on_round(struct task *t)
{
    struct hall *h = container_of(t, struct hall, round);

    room_tend(h->room, now_ms(h));
    if (h->has_news) {
        h->has_news = false;
        room_news_taken(h->room);
        for_all(h, write_unless_waiting);
    }
    if (h->flowing_again) {
        h->flowing_again = false;
        for_all(h, read_guest);
    }
    set_next(h);
}

static void on_next(struct timer *t)
{
    go_on(container_of(t, struct hall, next));
}

/* The console. */

static void show(struct hall *h, const char *line, size_t n)
{
    struct stream *output = h->console != NULL ? console_output(h->console) : NULL;
    struct error why = {0};

    if (output == NULL)
        return;
    if (buf_length(&output->out) > h->options->buffer_bytes) {
        h->unshown++;
        return;
    }
    if (h->shown != NULL) {
        buf_reset(&h->screen);
        if (h->shown->ops->feed(h->shown, line, n, &h->screen, &why) == FILTER_FAILED) {
            runtime_fail(&h->host.run, &why);
            return;
        }
        line = buf_head(&h->screen);
        n = buf_length(&h->screen);
    }
    if (stream_write(output, line, n, &why) == IO_FAILED)
        runtime_fail(&h->host.run, &why);
}

static void quit_guest(struct guest *g)
{
    g->quitting = true;
    loop_later(g->hall->host.run.loop, &g->turn);
}

/* Tells everybody, and lets them go when they have heard it. */
static void close_room(struct hall *h)
{
    if (h->closing)
        return;
    h->closing = true;
    room_close(h->room, now_ms(h));
    for_all(h, quit_guest);
    go_on(h);
    server_stop(&h->host.server);
}

static void on_output_closed(struct stream *output)
{
    struct hall *h = output->owner;
    struct error why = {0};

    transport_write_error(&output->transport, EPIPE, &why);
    runtime_fail(&h->host.run, &why);
}

static void on_console_readable(struct stream *input)
{
    struct hall *h = input->reader;
    char line[READ_SIZE];
    size_t got;
    enum io result;

    while ((result = stream_read(input, line, sizeof(line), &got, NULL)) == IO_OK && !h->closing)
        room_say(h->room, line, got - (line[got - 1] == '\n'), now_ms(h));
    if (result == IO_END && console_is_interactive(h->console))
        close_room(h);
    go_on(h);
}

/* What the room tells. */

static struct guest *guest_of(struct room_member *m)
{
    return container_of(m, struct guest, member);
}

static void on_news(void *arg)
{
    struct hall *h = arg;

    h->has_news = true;
    go_on(h);
}

static void on_private(void *arg, struct room_member *m)
{
    struct hall *h = arg;

    /* A newcomer is greeted before it has a turn of its own. */
    if (guest_of(m)->turn.run != NULL)
        loop_later(h->host.run.loop, &guest_of(m)->turn);
}

static void on_said(void *arg, const char *line, size_t n)
{
    show(arg, line, n);
}

static void on_quit(void *arg, struct room_member *m)
{
    if (m == NULL)
        close_room(arg);
    else
        quit_guest(guest_of(m));
}

static void on_overrun(void *arg, struct room_member *m)
{
    (void)arg;
    close_guest(guest_of(m), ROOM_FELL_BEHIND, false);
}

static void on_failed(void *arg, struct room_member *m, const struct error *why)
{
    struct error copy = {0};
    char text[ADDR_TEXT_SIZE];

    (void)arg;
    error_set(&copy, why->status, "%s: %s", transport_name(&guest_of(m)->net.transport, text),
              why->text);
    fail_guest(guest_of(m), &copy);
}

static void on_wanting(void *arg, struct room_member *m)
{
    struct hall *h = arg;

    loop_later(h->host.run.loop, &guest_of(m)->turn);
}

static void on_flowing(void *arg)
{
    struct hall *h = arg;

    h->flowing_again = true;
}

static const struct room_events room_events = {
    .on_news = on_news,
    .on_private = on_private,
    .on_said = on_said,
    .on_answer = on_said,
    .on_quit = on_quit,
    .on_overrun = on_overrun,
    .on_failed = on_failed,
    .on_wanting = on_wanting,
    .on_flowing = on_flowing,
};

static void on_leave(struct hosting *host)
{
    close_room(host->command);
}

/* True where somebody may speak: a service's /dev/null does not. */
static bool has_speaker(const struct stdio *io)
{
    struct stat status;

    return !io->input_closed && fstat(STDIN_FILENO, &status) == 0 &&
           (!S_ISCHR(status.st_mode) || isatty(STDIN_FILENO));
}

static struct filter *make_shown(struct hall *h, struct error *err)
{
    const char *local = h->options->text.local_encoding;
    bool painted = console_has_colours();
    struct filter *row;

    if (!painted && local == NULL)
        return NULL;
    row = chain_new();
    if (row != NULL && (!painted || chain_add(row, colour_new()) == 0) &&
        (local == NULL || chain_add(row, transcode_new("UTF-8", local, TRANSCODE_INWARD,
                                                       text_policy_inward(&h->options->text),
                                                       &h->counts.inward, err)) == 0))
        return row;
    filter_free(row);
    if (!error_is_set(err))
        error_errno(err, ENOMEM, "opening the console");
    return NULL;
}

static int open_room(struct hall *h, const struct stdio *io, struct error *err)
{
    const struct chat_options *o = h->options;
    bool speaks = has_speaker(io);
    struct room_options options = {
        .buffer_bytes = o->buffer_bytes,
        .history = o->history,
        .console = speaks ? (o->name != NULL ? o->name : "host") : NULL,
        .encoding = o->text.encoding,
        .crlf = o->text.eol == TEXT_EOL_CRLF,
        .inward = text_policy_inward(&o->text),
        .outward = text_policy_outward(&o->text),
        .inward_count = &h->counts.inward,
        .outward_count = &h->counts.outward,
    };

    h->room = room_new(&options, &room_events, h, err);
    if (h->room == NULL)
        return -1;
    h->shown = make_shown(h, err);
    if (h->shown == NULL && error_is_set(err))
        return -1;
    h->console = console_open(h->host.run.loop, "> ", !speaks, err);
    if (h->console == NULL)
        return -1;
    console_output(h->console)->owner = h;
    console_output(h->console)->on_hangup = on_output_closed;
    stream_set_reader(console_input(h->console), on_console_readable, h);
    return 0;
}

static void clear(struct hall *h)
{
    if (h->unshown > 0)
        log_error("%llu lines were not shown: standard output did not take them",
                  (unsigned long long)h->unshown);
    console_close(h->console);
    room_free(h->room);
    filter_free(h->shown);
    buf_free(&h->screen);
}

int chat_hold_room(const struct chat_options *o, const struct stdio *io)
{
    struct hall h = {
        .options = o,
        .host = {.listen = &o->listen,
                 .shared = &o->shared,
                 .replies = true,
                 .on_client = on_client,
                 .on_leave = on_leave,
                 .command = &h},
        .next = {.on_due = on_next},
    };
    struct error why = {0};

    task_init(&h.round, on_round);
    if (hosting_open(&h.host, &why) < 0) {
        log_error("%s", why.text);
        error_clear(&why);
        return EXITCODE_FAILED;
    }
    h.host.tells_clients = o->shared.verbose;
    if (open_room(&h, io, &why) < 0)
        runtime_fail(&h.host.run, &why);
    else
        hosting_run(&h.host);
    clear(&h);
    text_report(&o->text, &h.counts);
    return runtime_end(&h.host.run, io);
}
