/* Owns the members of a room, and the text for each. lines.c handles the text from them. */
#include "chat/member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "chat/announce.h"
#include "chat/lines.h"
#include "chat/names.h"
#include "chat/room_private.h"

/* Shortens the list to its first n bytes, which it has; returns its new length. */
static size_t clip(struct iovec *iov, size_t n)
{
    size_t count = 0;

    while (n > iov[count].iov_len)
        n -= iov[count++].iov_len;
    iov[count].iov_len = n;
    return count + 1;
}

/* Lists the member's next text: the rest of a line, private replies, other lines. */
static enum io member_borrow(struct transport *t, struct iovec *iov, size_t max, size_t *count,
                             struct error *err)
{
    struct member *m = t->state;
    const struct shared_log *log = m->room->log;
    struct log_reader after = m->reader; /* as it will be when a line that was begun is taken */
    size_t answers = buf_length(&m->answers);

    *count = 0;
    if (m->reader.lost) {
        error_set(err, EXITCODE_FAILED, "fell behind");
        return IO_FAILED;
    }
    if (log_reader_is_overrun(&m->reader))
        return IO_AGAIN; /* the pace is about to find out */
    if (answers > 0) {
        if (after.position.offset > 0) {
            uint64_t next = after.position.line + 1;

            /* It is in one piece, or two. */
            shared_log_peek(log, after.position, next, (struct shared_log_skip){0}, iov, 2);
            *count = clip(iov, shared_log_rest(log, after.position));
            after.position = (struct shared_log_position){.line = next};
        }
        iov[(*count)++] = (struct iovec){.iov_base = buf_head(&m->answers), .iov_len = answers};
    }
    *count += log_reader_peek(&after, iov + *count, max - *count);
    return *count > 0 ? IO_OK : m->quit ? IO_END : IO_AGAIN;
}

/* Takes from the front of the replies; returns the rest of n. */
static size_t take_answers(struct member *m, size_t n)
{
    size_t length = buf_length(&m->answers), taken = n < length ? n : length;

    buf_consume(&m->answers, taken);
    if (taken == length)
        buf_free(&m->answers);
    if (m->full && length - taken < ROOM_PRIVATE_BYTES) {
        m->full = false;
        stream_wake(m->reader.stream, EPOLLOUT);
    }
    return n - taken;
}

static bool member_take(struct transport *t, size_t n)
{
    struct member *m = t->state;
    struct log_reader *r = &m->reader;

    if (log_reader_is_done(r)) {
        take_answers(m, n);
        pace_took(r);
        return true;
    }
    if (buf_length(&m->answers) > 0) {
        size_t rest = shared_log_rest(m->room->log, r->position);
        size_t first = n < rest ? n : rest;

        log_reader_take(r, first);
        n = take_answers(m, n - first);
    }
    log_reader_take(r, n);
    return m->quit || buf_length(&m->answers) > 0 || log_reader_has_more(r);
}

static enum io member_read(struct transport *t, void *to, size_t max, size_t *got,
                           struct error *err)
{
    enum { PIECES = 16 };
    struct iovec iov[PIECES];
    size_t count, n = 0;
    enum io result = member_borrow(t, iov, PIECES, &count, err);

    for (size_t i = 0; i < count && n < max; i++) {
        size_t piece = iov[i].iov_len < max - n ? iov[i].iov_len : max - n;

        if (to != NULL)
            memcpy((char *)to + n, iov[i].iov_base, piece);
        n += piece;
    }
    if (result == IO_OK)
        member_take(t, n);
    *got = n;
    return result;
}

static enum io member_write(struct transport *t, const struct iovec *iov, int count, size_t *put,
                            struct error *err)
{
    (void)count;
    return lines_hear(t->state, iov->iov_base, iov->iov_len, put, err);
}

static enum io member_shut(struct transport *t, struct error *err)
{
    struct member *m = t->state;

    (void)err;
    if (m->quit || m->reader.lost)
        return IO_OK;
    lines_hear_end(m);
    if (m->reader.author == AUTHOR_CONSOLE)
        m->room->on_quit(m->room->arg);
    else if (!m->quit)
        member_quit(m, false);
    return IO_OK;
}

/* Frees what m owns. */
static void forget(struct member *m)
{
    buf_free(&m->heard);
    buf_free(&m->answers);
    free(m->name);
    free(m->key);
    free(m);
}

static void member_close(struct transport *t, bool abort)
{
    struct member *m = t->state;
    struct room *r = m->room;

    (void)abort;
    log_reader_leave(&m->reader);
    if (m->reader.author != AUTHOR_CONSOLE) {
        r->count--;
        if (m->reader.lost && !m->quit)
            announce_about(r, m, NULL, "%s fell behind and was disconnected", m->name);
        else if (!m->quit)
            announce_about(r, m, NULL, "%s left", m->name);
    }
    forget(m);
}

static bool member_failure(struct transport *t, struct error *err)
{
    if (!((struct member *)t->state)->reader.lost)
        return false;
    error_set(err, EXITCODE_FAILED, "fell behind");
    return true;
}

static const struct transport_ops member_ops = {
    .read = member_read,
    .borrow = member_borrow,
    .take = member_take,
    .write = member_write,
    .shut = member_shut,
    .close = member_close,
    .failure = member_failure,
};

/* Puts the line ending of a line whose rest is lost before the replies. */
static void end_line(struct member *m)
{
    struct buf answers = m->answers;

    m->answers = (struct buf){0};
    line_encoding_put(&m->room->encoding, "\n", 1, &m->answers, NULL);
    buf_add(&m->answers, buf_head(&answers), buf_length(&answers));
    buf_free(&answers);
}

bool member_on_overrun(struct log_reader *r)
{
    struct member *m = container_of(r, struct member, reader);

    if (r->author != AUTHOR_CONSOLE)
        return false;
    m->room->unseen += shared_log_oldest(m->room->log).line - r->position.line;
    if (r->position.offset > 0)
        end_line(m);
    log_reader_restart(r);
    return true;
}

void member_quit(struct member *m, bool silently)
{
    if (m->quit)
        return;
    m->quit = true;
    log_reader_finish(&m->reader);
    buf_free(&m->heard);
    if (!silently)
        announce_about(m->room, m, NULL, "%s left", m->name);
    stream_wake(m->reader.stream, EPOLLIN | EPOLLOUT);
}

static int out_of_memory(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "cannot join the room: out of memory");
    return -1;
}

/* A name that the wire encoding lacks is rejected. */
static int check_encodable(const struct room *r, const char *name, struct error *err)
{
    struct buf wire = {0};
    char line[NAMES_BYTES + sizeof("\n")];
    int n = snprintf(line, sizeof(line), "%s\n", name);
    int result = line_encoding_put(&r->encoding, line, (size_t)n, &wire, err);

    buf_free(&wire);
    return result;
}

static int name_console(struct member *m, const char *name, struct error *err)
{
    m->reader.author = AUTHOR_CONSOLE;
    if (name == NULL)
        return 0;
    if (!names_is_valid(name, strlen(name))) {
        error_set(err, EXITCODE_USAGE,
                  "invalid name \"%s\": expected 1 to %d letters, digits, \"_\" and \"-\"", name,
                  NAMES_MAX);
        return -1;
    }
    m->name = strdup(name);
    m->key = names_key(name);
    if (m->name == NULL || m->key == NULL)
        return out_of_memory(err);
    if (names_is_guest(m->key)) {
        error_set(err, EXITCODE_USAGE, "invalid name \"%s\": reserved for guests", name);
        return -1;
    }
    if (names_mixes_scripts(m->key)) {
        error_set(err, EXITCODE_USAGE, "invalid name \"%s\": expected letters of one script", name);
        return -1;
    }
    return check_encodable(m->room, name, err);
}

static int name_guest(struct member *m, struct error *err)
{
    struct room *r = m->room;

    if (r->guests == AUTHOR_CONSOLE - 1) {
        error_set(err, EXITCODE_FAILED, "cannot join the room: no guest number is left");
        return -1;
    }
    m->reader.author = ++r->guests;
    if (asprintf(&m->name, "guest%u", (unsigned)m->reader.author) < 0)
        m->name = NULL;
    m->key = m->name == NULL ? NULL : strdup(m->name);
    if (m->key != NULL &&
        buf_add(&m->answers, r->encoding.preamble, r->encoding.preamble_length) == 0 &&
        announce_one(r, m, "welcome, you are %s; type to chat, /nick NAME to rename, or /help",
                     m->name) == 0)
        return 0;
    return out_of_memory(err);
}

struct stream *member_join(struct room *r, enum member_kind kind, const char *name,
                           struct error *err)
{
    struct member *m = calloc(1, sizeof(*m));
    struct transport t = {.ops = &member_ops, .fd = -1, .state = m};
    int named;

    if (m == NULL) {
        out_of_memory(err);
        return NULL;
    }
    m->room = r;
    log_reader_init(&m->reader, &r->pace);
    named = kind == MEMBER_CONSOLE ? name_console(m, name, err) : name_guest(m, err);
    if (named < 0) {
        forget(m);
        return NULL;
    }
    /* From here on closing the stream announces that the member has left. */
    r->count += kind == MEMBER_GUEST;
    log_reader_join(&m->reader, kind == MEMBER_GUEST ? shared_log_back(r->log, r->history)
                                                     : shared_log_head(r->log));
    m->reader.stream =
        stream_new(r->loop, &t, kind == MEMBER_GUEST ? "the room" : "standard output", NULL, err);
    if (m->reader.stream == NULL)
        return NULL;
    if (kind == MEMBER_GUEST)
        announce_about(r, m, NULL, "%s joined", m->name);
    return m->reader.stream;
}
