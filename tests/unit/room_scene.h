/*
 * The scene of the tests of a room: its members read and write through their streams, as
 * conversations do, on a loop whose clock stands still until a test moves it.
 *
 * What is written is heard at once, and what there is can be taken at once. Only what the
 * room puts off (waking, the pace, finding who is overrun) needs rounds of the loop. The
 * console takes what there is for it in every round.
 */
#ifndef TESTS_UNIT_ROOM_SCENE_H
#define TESTS_UNIT_ROOM_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chat/room_private.h"
#include "core/pace.h"

#define WELCOME_END "; type to chat, /nick NAME to rename, or /help\n"

enum {
    GUESTS_MAX = 1000,
    PIECES = 64, /* as many as a pump asks for */
};

/* A guest, or the console. */
struct person {
    struct scene *scene;
    struct stream *stream; /* NULL: it is gone */
    struct member *member;
    struct filter *decoder; /* of what it sends; made with the first bytes, if any is needed */
    struct stream_waiter waiter;
    struct buf got; /* as it came on the wire */
    size_t most;    /* how much it takes when it is woken; 0: all */
    unsigned woken_to_read;
    unsigned woken_to_write;
    bool ended;  /* it has quit, and has received everything */
    bool fell;   /* behind */
    bool failed; /* it sent what is not in the encoding */
};

struct scene {
    struct loop *loop;
    struct room *room;
    int64_t now_ms;
    struct person console;
    struct filter *shown; /* decodes what the console gets */
    struct person *guests[GUESTS_MAX];
    size_t count;
    unsigned quits; /* how often the console asked for the room to be closed */
};

static const struct room_options plain = {
    .buffer_bytes = (size_t)1 << 20,
    .history = 20,
    .incoming = TRANSCODE_ESCAPE,
    .outgoing = TRANSCODE_STRICT,
};

static inline struct room_options encoded(const char *encoding)
{
    struct room_options options = plain;

    options.encoding = encoding;
    return options;
}

static inline void go_round(struct scene *s)
{
    struct error err = {0};

    if (loop_round(s->loop, false, &err) < 0)
        fail_msg("%s", err.text);
}

static inline void pass_time(struct scene *s, int64_t ms)
{
    s->now_ms += ms;
    loop_set_now(s->loop, s->now_ms);
}

/* Takes at most n bytes of what there is for p, from where the room has them. Returns how
 * many; 0: there is nothing, the end, or a failure. */
static inline size_t take(struct person *p, size_t n)
{
    struct iovec iov[PIECES];
    size_t count = 0, taken = 0;
    enum io result;

    assert_non_null(p->stream);
    result = stream_borrow(p->stream, iov, PIECES, &count);
    p->ended = result == IO_END;
    p->fell = result == IO_FAILED;
    if (result != IO_OK)
        return 0;
    assert_in_range(count, 1, PIECES);
    for (size_t i = 0; i < count && taken < n; i++) {
        size_t piece = iov[i].iov_len < n - taken ? iov[i].iov_len : n - taken;

        assert_int_not_equal(piece, 0);
        assert_int_equal(buf_add(&p->got, iov[i].iov_base, piece), 0);
        taken += piece;
    }
    stream_take(p->stream, taken);
    return taken;
}

static inline void take_all(struct person *p)
{
    while (take(p, SIZE_MAX) > 0)
        ;
}

/* Readers of streams and waiters for them, which count how often they are called. */

static inline void on_readable(void *arg)
{
    struct person *p = arg;

    p->woken_to_read++;
    if (p->most == 0)
        take_all(p);
    else
        take(p, p->most);
}

static inline void on_writable(struct stream_waiter *w)
{
    container_of(w, struct person, waiter)->woken_to_write++;
}

/* From now on p takes something in the rounds in which it is woken, and only then. */
static inline void read_when_woken(struct person *p, size_t most)
{
    p->most = most;
    stream_set_reader(p->stream, on_readable, p);
}

static inline void leave(struct person *p)
{
    stream_close(p->stream, STREAM_AT_ONCE);
    p->stream = NULL;
    p->member = NULL;
}

/* A conversation ends when one of its streams fails. */
static inline void on_hangup(void *owner)
{
    struct person *p = owner;

    assert_non_null(stream_failure(p->stream));
    p->fell = true;
    leave(p);
}

static inline void attend(struct scene *s, struct person *p, enum member_kind kind,
                          const char *name)
{
    struct error err = {0};

    *p = (struct person){.scene = s, .waiter.on_writable = on_writable};
    list_init(&p->waiter.link);
    p->stream = member_join(s->room, kind, name, &err);
    if (p->stream == NULL)
        fail_msg("%s", err.text);
    p->member = container_of(s->room->pace.readers.previous, struct member, reader.link);
    assert_ptr_equal(p->member->reader.stream, p->stream);
    stream_on_hangup(p->stream, on_hangup, p);
}

static inline struct person *join(struct scene *s)
{
    struct person *p = malloc(sizeof(*p));

    assert_non_null(p);
    assert_true(s->count < GUESTS_MAX);
    s->guests[s->count++] = p;
    attend(s, p, MEMBER_GUEST, NULL);
    return p;
}

/* name: NULL for a console that only listens. */
static inline void join_console(struct scene *s, const char *name)
{
    attend(s, &s->console, MEMBER_CONSOLE, name);
    read_when_woken(&s->console, 0);
    if (!room_is_plain(s->room))
        assert_non_null(s->shown = room_decoder(s->room, NULL));
}

static inline void on_console_quit(void *arg)
{
    ((struct scene *)arg)->quits++;
}

static inline void begin_without_console(struct scene *s, const struct room_options *options)
{
    struct error err = {0};

    *s = (struct scene){.now_ms = 1000000};
    s->loop = loop_new(&err);
    assert_non_null(s->loop);
    loop_set_now(s->loop, s->now_ms);
    s->room = room_new(s->loop, options, on_console_quit, s, &err);
    if (s->room == NULL)
        fail_msg("%s", err.text);
}

static inline void begin(struct scene *s, const struct room_options *options)
{
    begin_without_console(s, options);
    join_console(s, "host");
}

static inline void forget(struct person *p)
{
    if (p->stream != NULL)
        leave(p);
    filter_free(p->decoder);
    buf_free(&p->got);
}

static inline void end(struct scene *s)
{
    for (size_t i = 0; i < s->count; i++) {
        forget(s->guests[i]);
        free(s->guests[i]);
    }
    forget(&s->console);
    filter_free(s->shown);
    room_free(s->room);
    loop_free(s->loop);
}

/* Compares and empties b. */
static inline void assert_holds(struct buf *b, const char *text)
{
    if (buf_length(b) != strlen(text) ||
        (text[0] != '\0' && memcmp(buf_head(b), text, strlen(text)) != 0))
        fail_msg("there is\n%.*s\ninstead of\n%s", (int)buf_length(b),
                 buf_length(b) > 0 ? buf_head(b) : "", text);
    buf_reset(b);
}

/* Takes everything for p, which is this. */
static inline void assert_gets(struct person *p, const char *text)
{
    take_all(p);
    assert_holds(&p->got, text);
}

static inline void assert_gets_with(struct person *p, const char *part)
{
    take_all(p);
    if (memmem(buf_head(&p->got), buf_length(&p->got), part, strlen(part)) == NULL)
        fail_msg("there is\n%.*s\nwithout\n%s", (int)buf_length(&p->got), buf_head(&p->got), part);
    buf_reset(&p->got);
}

/* Takes everything for the console, which is this once it is decoded. */
static inline void assert_shown(struct scene *s, const char *text)
{
    struct buf shown = {0};

    take_all(&s->console);
    if (s->shown == NULL) {
        assert_holds(&s->console.got, text);
        return;
    }
    if (buf_length(&s->console.got) > 0)
        assert_int_equal(s->shown->ops->feed(s->shown, buf_head(&s->console.got),
                                             buf_length(&s->console.got), &shown, NULL),
                         FILTER_OK);
    buf_reset(&s->console.got);
    assert_holds(&shown, text);
    buf_free(&shown);
}

/* Everybody takes everything, which is not looked at. */
static inline void pass_over(struct scene *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->guests[i]->stream != NULL) {
            take_all(s->guests[i]);
            buf_reset(&s->guests[i]->got);
        }
    if (s->console.stream != NULL) {
        take_all(&s->console);
        buf_reset(&s->console.got);
    }
}

/* Begins with two guests, who have taken what greeted them. */
static inline void begin_with_two(struct scene *s, const struct room_options *options,
                                  struct person **a, struct person **b)
{
    begin(s, options);
    *a = join(s);
    *b = join(s);
    pass_over(s);
}

/* Passes on what p sends, through the decoder that the room wants for it. What it cannot
 * decode ends p's conversation. */
static inline void hear_bytes(struct person *p, const char *bytes, size_t n)
{
    struct buf text = {0};
    enum filter_result result = FILTER_OK;
    char *copy = malloc(n);

    assert_non_null(p->stream);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    if (room_is_plain(p->scene->room)) {
        assert_int_equal(stream_write(p->stream, copy, n), IO_OK);
        free(copy);
        return;
    }
    if (p->decoder == NULL)
        assert_non_null(p->decoder = room_decoder(p->scene->room, NULL));
    result = p->decoder->ops->feed(p->decoder, copy, n, &text, NULL);
    free(copy);
    if (buf_length(&text) > 0)
        assert_int_equal(stream_write(p->stream, buf_head(&text), buf_length(&text)), IO_OK);
    buf_free(&text);
    if (result == FILTER_FAILED) {
        p->failed = true;
        leave(p);
    }
}

static inline void hear(struct person *p, const char *text)
{
    hear_bytes(p, text, strlen(text));
}

/* The console says a line of UTF-8. */
static inline void say(struct scene *s, const char *line)
{
    assert_int_equal(stream_write(s->console.stream, line, strlen(line)), IO_OK);
    assert_int_equal(stream_write(s->console.stream, "\n", 1), IO_OK);
}

/* Floods, in a room that is soon full. */

static const struct room_options small = {
    .buffer_bytes = (size_t)64 * 1024,
    .history = 20,
};

/* Says many numbered lines at a time. */
static inline void flood(struct person *p, unsigned long *number, size_t lines)
{
    struct buf text = {0};
    char line[80];

    for (size_t i = 0; i < lines; i++) {
        int n = snprintf(line, sizeof(line), "%lu is what this line is called\n", (*number)++);

        assert_int_equal(buf_add(&text, line, (size_t)n), 0);
    }
    hear_bytes(p, buf_head(&text), buf_length(&text));
    buf_free(&text);
}

/* What p has got is the lines of the flood by name from *next on, and perhaps the start of
 * one more; *next becomes the one after them. */
static inline void assert_flooded_by(const char *name, struct person *p, unsigned long *next)
{
    char *newline;

    while (buf_length(&p->got) > 0 &&
           (newline = memchr(buf_head(&p->got), '\n', buf_length(&p->got))) != NULL) {
        char wanted[100];
        int n =
            snprintf(wanted, sizeof(wanted), "%s: %lu is what this line is called\n", name, *next);

        assert_int_equal(newline + 1 - buf_head(&p->got), n);
        assert_memory_equal(buf_head(&p->got), wanted, (size_t)n);
        buf_consume(&p->got, (size_t)n);
        ++*next;
    }
}

/* A writer that says lines as a pump does: some in every round, and when its stream is
 * blocked, none until it is woken. */
struct writer {
    struct stream_waiter waiter;
    struct person *person;
    unsigned long number;
    unsigned long lines; /* how many it says */
    unsigned woken;
};

static inline void write_some(struct writer *w)
{
    for (int i = 0; i < 16 && w->number < w->lines; i++) {
        unsigned long left = w->lines - w->number;

        if (stream_is_blocked(w->person->stream)) {
            stream_wait(w->person->stream, &w->waiter);
            return;
        }
        flood(w->person, &w->number, left < 300 ? left : 300);
    }
}

static inline void on_writer_woken(struct stream_waiter *waiter)
{
    struct writer *w = container_of(waiter, struct writer, waiter);

    w->woken++;
    write_some(w);
}

static inline void start_writer(struct writer *w, struct person *p, unsigned long lines)
{
    *w = (struct writer){.waiter.on_writable = on_writer_woken, .person = p, .lines = lines};
    list_init(&w->waiter.link);
    write_some(w);
}

static inline void go_round_with(struct writer *w, size_t count)
{
    go_round(w->person->scene);
    for (size_t i = 0; i < count; i++)
        if (list_is_empty(&w[i].waiter.link))
            write_some(&w[i]);
}

#endif
