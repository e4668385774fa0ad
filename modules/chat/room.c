/* Owns who is in a room, and what goes to each. What they say is understood in
 * lines.c and room_commands.c, put into the log in announce.c; the pace is set in pace.c. */
#include "chat/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/announce.h"
#include "chat/lines.h"
#include "chat/names.h"
#include "chat/pace.h"
#include "chat/room_private.h"

/* How much one member that had to wait may say before the next one's turn. */
#define TURN_BYTES ((size_t)16 * 1024)

static int out_of_memory(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "the room: out of memory");
    return -1;
}

/* The line of UTF-8 has to be one that can go on the wire. */
static int check_console(const struct room *r, struct error *err)
{
    struct buf wire = {0};
    char line[NAMES_BYTES + sizeof("\n")];
    int n = snprintf(line, sizeof(line), "%s\n", r->console);
    int result = line_encoding_put(&r->wire, line, (size_t)n, &wire, err);

    buf_free(&wire);
    return result;
}

static int set_console(struct room *r, const char *name, struct error *err)
{
    if (!names_is_valid(name, strlen(name))) {
        error_set(err, EXITCODE_USAGE, "'%s' is not a name: 1 to %d letters, digits, '_' and '-'",
                  name, NAMES_MAX);
        return -1;
    }
    r->console = strdup(name);
    r->console_key = names_key(name);
    if (r->console == NULL || r->console_key == NULL)
        return out_of_memory(err);
    if (names_is_guest(r->console_key)) {
        error_set(err, EXITCODE_USAGE, "'%s' is a name that the room gives to guests", name);
        return -1;
    }
    return check_console(r, err);
}

struct room *room_new(const struct room_options *options, const struct room_events *events,
                      void *arg, struct error *err)
{
    const struct line_encoding_options wire = {
        .encoding = options->encoding,
        .crlf = options->crlf,
        .inward = options->inward,
        .outward = options->outward,
        .inward_count = options->inward_count,
        .outward_count = options->outward_count,
    };
    struct room *r;

    if (options->buffer_bytes < ROOM_BUFFER_MIN) {
        error_set(err, EXITCODE_USAGE, "a room needs a buffer of %zu bytes at least",
                  ROOM_BUFFER_MIN);
        return NULL;
    }
    r = calloc(1, sizeof(*r));
    if (r == NULL) {
        out_of_memory(err);
        return NULL;
    }
    r->events = *events;
    r->arg = arg;
    r->history = options->history;
    list_init(&r->members);
    list_init(&r->row);
    list_init(&r->fallen);
    pace_init(&r->pace);
    r->log = shared_log_new(options->buffer_bytes);
    if (r->log == NULL)
        out_of_memory(err);
    if (r->log == NULL || line_encoding_init(&r->wire, &wire, err) < 0 ||
        (options->console != NULL && set_console(r, options->console, err) < 0)) {
        room_free(r);
        return NULL;
    }
    return r;
}

/* Frees what m owns and takes it off every list. */
static void forget(struct room_member *m)
{
    list_remove(&m->link);
    lines_forget(m);
    buf_free(&m->answers);
    free(m->name);
    free(m->key);
    m->name = m->key = NULL;
}

void room_free(struct room *r)
{
    if (r == NULL)
        return;
    while (!list_is_empty(&r->members))
        forget(container_of(r->members.next, struct room_member, link));
    shared_log_free(r->log);
    line_encoding_clear(&r->wire);
    buf_free(&r->text);
    buf_free(&r->line);
    buf_free(&r->wire_line);
    free(r->console);
    free(r->console_key);
    free(r);
}

size_t room_count(const struct room *r)
{
    return r->count;
}

const char *room_name(const struct room_member *m)
{
    return m->name;
}

int room_join(struct room *r, struct room_member *m, int64_t now_ms, struct error *err)
{
    if (r->guests == AUTHOR_CONSOLE - 1) {
        error_set(err, EXITCODE_FAILED, "the room has had as many guests as it can count");
        return -1;
    }
    *m = (struct room_member){.room = r, .until = UINT64_MAX, .number = ++r->guests};
    list_init(&m->link);
    list_init(&m->waiting);
    m->position = shared_log_back(r->log, r->history);
    if (asprintf(&m->name, "guest%u", (unsigned)m->number) < 0)
        m->name = NULL;
    m->key = m->name == NULL ? NULL : strdup(m->name);
    if (m->key == NULL || buf_add(&m->answers, r->wire.preamble, r->wire.preamble_length) < 0) {
        forget(m);
        return out_of_memory(err);
    }
    announce_one(r, m,
                 "welcome, you are %s; type a line and Enter to say it, /nick NAME to take a name, "
                 "/who, /me ACTION, /quit, /help",
                 m->name);
    list_append(&r->members, &m->link);
    r->count++;
    pace_took(m, now_ms);
    announce_about(r, m, now_ms, NULL, "%s joined", m->name);
    return 0;
}

void room_leave(struct room_member *m, enum room_leaving why, int64_t now_ms)
{
    struct room *r = m->room;

    pace_left(m);
    list_remove(&m->link);
    list_remove(&m->waiting);
    r->count--;
    if (!m->quit)
        announce_about(r, m, now_ms, NULL,
                       why == ROOM_FELL_BEHIND ? "%s fell behind and was dropped" : "%s left",
                       m->name);
    forget(m);
}

static void fail(struct room_member *m, const struct error *why)
{
    struct room *r = m->room;

    m->lost = true;
    list_remove(&m->waiting);
    r->events.on_failed(r->arg, m, why);
}

void room_hear(struct room_member *m, const char *bytes, size_t n, int64_t now_ms)
{
    struct error err = {0};
    int result;

    if (m->quit || m->lost || m->ended)
        return;
    result = lines_keep(m, bytes, n, &err);
    if (lines_go_on(m, now_ms, SIZE_MAX) && result < 0)
        fail(m, &err);
    error_clear(&err);
}

void room_hear_end(struct room_member *m, int64_t now_ms)
{
    struct error err = {0};

    if (m->quit || m->lost || m->ended)
        return;
    if (lines_keep_end(m, &err) < 0)
        fail(m, &err);
    else
        lines_go_on(m, now_ms, SIZE_MAX);
    error_clear(&err);
}

bool room_wants(const struct room_member *m)
{
    return !m->quit && !m->lost && !m->ended && !m->full && list_is_empty(&m->waiting);
}

void room_say(struct room *r, const char *line, size_t n, int64_t now_ms)
{
    lines_act(r, NULL, line, n, now_ms);
}

void room_close(struct room *r, int64_t now_ms)
{
    announce_all(r, now_ms, "the room closes");
    for (struct list *l = r->members.next; l != &r->members; l = l->next) {
        struct room_member *m = container_of(l, struct room_member, link);

        if (m->quit)
            continue;
        m->quit = true;
        m->until = shared_log_head(r->log).line;
        if (!m->lost)
            lines_forget(m);
    }
}

/* Whose lines have to be skipped from m's position on: m's own, if there are any. */
static uint32_t skipped(const struct room_member *m)
{
    return m->spoke > m->position.line ? m->number : SHARED_LOG_NOBODY;
}

/* Shortens the list to its first n bytes, which it has; returns its new length. */
static size_t clip(struct iovec *iov, size_t n)
{
    size_t count = 0;

    while (n > iov[count].iov_len)
        n -= iov[count++].iov_len;
    iov[count].iov_len = n;
    return count + 1;
}

size_t room_peek(const struct room_member *m, struct iovec *iov, size_t max)
{
    const struct shared_log *log = m->room->log;
    struct shared_log_position p = m->position;
    size_t count = 0, answers = buf_length(&m->answers);

    if (m->lost || shared_log_is_overrun(log, p))
        return 0;
    if (answers > 0) {
        if (p.offset > 0) {
            size_t rest = shared_log_rest(log, p);

            /* It is in one piece, or two. */
            shared_log_peek(log, p, p.line + 1, SHARED_LOG_NOBODY, iov, 2);
            count = clip(iov, rest);
            p = (struct shared_log_position){.line = p.line + 1};
        }
        iov[count++] = (struct iovec){.iov_base = buf_head(&m->answers), .iov_len = answers};
    }
    return count + shared_log_peek(log, p, m->until, skipped(m), iov + count, max - count);
}

/* Takes from the front of the answers; returns how much of n is left. */
static size_t take_answers(struct room_member *m, size_t n)
{
    size_t length = buf_length(&m->answers), taken = n < length ? n : length;

    if (taken == 0)
        return n;
    buf_consume(&m->answers, taken);
    if (taken == length)
        buf_free(&m->answers);
    if (m->full && length - taken < ROOM_PRIVATE_BYTES) {
        m->full = false;
        lines_wait(m);
    }
    return n - taken;
}

void room_took(struct room_member *m, size_t n, int64_t now_ms)
{
    const struct shared_log *log = m->room->log;

    if (n == 0)
        return;
    if (buf_length(&m->answers) > 0) {
        size_t rest = shared_log_rest(log, m->position);
        size_t first = n < rest ? n : rest;

        m->position = shared_log_take(log, m->position, first, skipped(m));
        n = take_answers(m, n - first);
    }
    m->position = shared_log_take(log, m->position, n, skipped(m));
    pace_took(m, now_ms);
}

void room_news_taken(struct room *r)
{
    r->news = false;
}

bool room_is_congested(struct room *r, int64_t now_ms)
{
    return pace_is_congested(r, now_ms);
}

/* Tells of those that are overrun, also by what is announced about others. */
static void tell_fallen(struct room *r, int64_t now_ms)
{
    pace_find_fallen(r, now_ms);
    while (!list_is_empty(&r->fallen)) {
        struct room_member *m = container_of(r->fallen.next, struct room_member, waiting);

        list_remove(&m->waiting);
        r->events.on_overrun(r->arg, m);
        pace_find_fallen(r, now_ms);
    }
}

/* Gives everybody in the row a turn. */
static void go_round(struct room *r, int64_t now_ms)
{
    struct list end;

    list_append(&r->row, &end);
    while (r->row.next != &end && !pace_is_congested(r, now_ms)) {
        struct room_member *m = container_of(r->row.next, struct room_member, waiting);

        if (r->row.next == &end)
            break;
        list_remove(&m->waiting);
        if (lines_go_on(m, now_ms, TURN_BYTES) && room_wants(m))
            r->events.on_wanting(r->arg, m);
    }
    list_remove(&end);
}

void room_tend(struct room *r, int64_t now_ms)
{
    tell_fallen(r, now_ms);
    /* First those who could not be read from, so that they need not wait for all
     * that others have sent already. */
    if (r->held_up && !pace_is_congested(r, now_ms)) {
        r->held_up = false;
        r->events.on_flowing(r->arg);
    }
    go_round(r, now_ms);
    tell_fallen(r, now_ms);
}

int64_t room_next_ms(struct room *r, int64_t now_ms)
{
    if (!list_is_empty(&r->fallen) || shared_log_is_overrun(r->log, r->pace.oldest))
        return now_ms;
    if (pace_is_congested(r, now_ms))
        return pace_ends_ms(r);
    return r->held_up || !list_is_empty(&r->row) ? now_ms : -1;
}
