/* chat/room: whatever members send, however they take and whoever comes and goes, each gets
 * every line of the others whole, once and in the order of the log, and private lines only in
 * between; everything can be decoded and has no control in it; what is kept is bounded; and
 * in the end everybody is woken for all that there is to read and to write. */
#include <stdio.h>

#include "chat/names.h"
#include "chat/room_private.h"
#include "core/pace.h"
#include "tests/fuzz/cut.h"
#include "text/utf8.h"

enum {
    GUESTS = 6, /* the first takes everything at once */
    CONSOLE = GUESTS,
    MEMBERS,
    PIECES_MIN = 4,
    PIECES_MAX = 64,
    KEPT_MAX = 128 * 1024,
    ANSWER_MAX = 4096,
    LARGE = 256 * 1024, /* a buffer in which nobody who reads is overrun */
};

struct person {
    struct scene *scene;
    struct stream *stream; /* NULL: closed */
    struct member *member;
    struct filter *decoder; /* of what it sends; NULL: none */
    struct buf got;         /* what it took, from the beginning of a line on */
    struct buf name;        /* as the log has it; empty: it has left, or listens only */
    uint64_t joined;        /* the line before which it gets no notes */
    uint64_t next;          /* the line of the log that it gets next, ... */
    uint64_t until;         /* ... if it is before this one, as it has quit then */
    uint32_t number;
    bool in_line;  /* it has taken a part of a line of the log */
    bool may_skip; /* the end of such a line, as the line is lost */
    bool shut;
    bool ended;
};

/* A line of the log. */
struct line {
    struct buf wire; /* empty: it had gone before it was looked at */
    uint32_t author;
    bool is_note;
};

struct scene {
    struct loop *loop;
    struct room *room;
    struct room_options options;
    struct line_encoding wire; /* one of its own, to say how lines should look */
    struct person *members[MEMBERS];
    struct line *lines;
    size_t count;
    struct buf seen; /* the line that was checked last, */
    struct buf says; /* and what it says */
    uint64_t unseen;
    size_t taken;
    int64_t now_ms;
    bool closing;
};

static const char *const encodings[] = {NULL, "utf-8", "gbk", "iso-2022-jp", "utf-16le"};

#define LONG                                                                                    \
    "a-command-that-there-is-not-and-that-is-told-about-at-length-until-the-answers-fill-what-" \
    "there-is-room-for"

/* What is sent is in UTF-8, also where that is not the encoding of the wire. */
static const struct {
    const char *text;
    unsigned times;
} canned[] = {
    {"/nick alice\n", 1},
    {"/nick \uff21LICE\n", 1},
    {"/nick \u5f20\u4e09\r\n", 1},
    {"/nick guest1\n", 1},
    {"/nick the\n", 1},
    {"/who\n", 1},
    {"/" LONG "\n", 500},
    {"/me waves\n", 1},
    {"/quit\n", 1},
    {"/help\n", 1},
    {"/kick guest1\n", 1},
    {"/kick alice\n", 1},
    {"/msg alice hello\n", 1},
    {"/msg guest2 " LONG "\n", 500},
    {"/x\n", 20},
    {"a\n", 300},
    {"x", 40000},
    {"\u4e2d", 1500},
    {"\033[2J\u202e\xff\xc3\n", 20},
    {"a line of some length, of which there are many\n", 100},
    {"\n", 1},
};

/* Decodes lines by themselves, which has to be possible. */
static void decode(const struct scene *s, const char *line, size_t n, struct buf *text)
{
    struct filter *f;

    if (s->wire.is_utf8) {
        REQUIRE(utf8_valid(line, n) == n);
        REQUIRE(buf_add(text, line, n) == 0);
        return;
    }
    f = transcode_new(s->wire.encoding, "utf-8", TRANSCODE_INWARD, TRANSCODE_STRICT, NULL, NULL);
    REQUIRE(f != NULL);
    REQUIRE(filter_feed(f, line, n, text, NULL) == FILTER_OK);
    REQUIRE(filter_finish(f, text, NULL) == FILTER_OK);
    filter_free(f);
}

/* Every line by itself is valid, is as it should be on the wire, and may be shown. */
static void check_text(const struct scene *s, const char *line, size_t n, struct buf *text)
{
    struct buf wire = {0};
    size_t length;

    decode(s, line, n, text);
    length = buf_length(text);
    REQUIRE(length > 0 && buf_head(text)[--length] == '\n');
    if (s->options.crlf)
        REQUIRE(length > 0 && buf_head(text)[--length] == '\r');
    text->end = text->start + length;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)buf_head(text)[i];

        REQUIRE((c >= 0x20 && c != 0x7f) || c == '\t');
        REQUIRE(c != 0xc2 || (unsigned char)buf_head(text)[i + 1] >= 0xa0);
    }
    REQUIRE(buf_add(text, "\n", 1) == 0);
    REQUIRE(line_encoding_put(&s->wire, buf_head(text), length + 1, &wire, NULL) == 0);
    REQUIRE(buf_length(&wire) == n && memcmp(buf_head(&wire), line, n) == 0);
    buf_free(&wire);
    text->end--;
}

/* Returns what a line says, without its end, until the next call. Many lines are like the one
 * before, and conversions take long. */
static const struct buf *says(struct scene *s, const char *line, size_t n)
{
    if (buf_length(&s->seen) == n && memcmp(buf_head(&s->seen), line, n) == 0)
        return &s->says;
    buf_reset(&s->seen);
    buf_reset(&s->says);
    check_text(s, line, n, &s->says);
    REQUIRE(buf_add(&s->seen, line, n) == 0);
    return &s->says;
}

/* Who says what, by the log alone: names are given by the lines that announce them. */

static void set_name(struct person *p, const char *name, size_t n)
{
    buf_free(&p->name);
    if (n > 0)
        REQUIRE(buf_add(&p->name, name, n) == 0);
}

static struct person *find_name(const struct scene *s, const char *name, size_t n)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        struct person *p = s->members[i];

        if (p != NULL && n > 0 && buf_length(&p->name) == n &&
            memcmp(buf_head(&p->name), name, n) == 0)
            return p;
    }
    return NULL;
}

static bool is(const char *text, size_t n, const char *wanted)
{
    return n == strlen(wanted) && memcmp(text, wanted, n) == 0;
}

static bool begins(const char *text, size_t n, const char *start)
{
    return n >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

/* Acts on what is announced about p. */
static void learn(const struct scene *s, struct person *p, const char *text, size_t n)
{
    static const char renamed[] = "is now ";

    if (begins(text, n, renamed)) {
        size_t length = n - strlen(renamed);

        REQUIRE(length > 0 && find_name(s, text + strlen(renamed), length) == NULL);
        set_name(p, text + strlen(renamed), length);
    } else if (is(text, n, "left") || is(text, n, "was removed")) {
        REQUIRE(p->stream == NULL || p->member->quit);
        p->until = s->count - 1;
        set_name(p, NULL, 0);
    } else if (is(text, n, "fell behind and was disconnected")) {
        REQUIRE(p->stream == NULL && p->number != AUTHOR_CONSOLE);
        set_name(p, NULL, 0);
    } else {
        REQUIRE(is(text, n, "joined"));
    }
}

/* Returns the author that the text of a line has, and learns from it. */
static uint32_t author_by_text(const struct scene *s, const char *text, size_t n)
{
    bool announced = begins(text, n, "-- "), acts = begins(text, n, "* ");
    const char *name = text + (announced ? 3 : acts ? 2 : 0), *end = text + n, *after = name;
    struct person *p;

    while (after < end && *after != ' ' && *after != ':')
        after++;
    p = find_name(s, name, (size_t)(after - name));
    REQUIRE(p != NULL && after < end);
    if (announced)
        learn(s, p, after + 1, (size_t)(end - after - 1));
    else
        REQUIRE(begins(after, (size_t)(end - after), acts ? " " : ": "));
    return p->number;
}

/* A line that is skipped is not listed. */
static bool is_skipped(const struct scene *s, uint64_t line, struct shared_log_skip skip)
{
    const struct shared_log_position at = {.line = line};
    struct iovec iov[2];

    return shared_log_peek(s->room->log, at, line + 1, skip, iov, 2) == 0;
}

static bool is_by(const struct scene *s, uint64_t line, uint32_t number)
{
    return is_skipped(s, line, (struct shared_log_skip){.author = number});
}

static uint32_t author_by_log(const struct scene *s, uint64_t line)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (s->members[i] != NULL && is_by(s, line, s->members[i]->number))
            return s->members[i]->number;
    return SHARED_LOG_NOBODY;
}

static struct line *add_line(struct scene *s)
{
    s->lines = realloc(s->lines, (s->count + 1) * sizeof(*s->lines));
    REQUIRE(s->lines != NULL);
    s->lines[s->count] = (struct line){.author = SHARED_LOG_NOBODY};
    return &s->lines[s->count++];
}

/* Where lines have gone unseen, names and ends are those that the members have. */
static void learn_anew(struct scene *s)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        struct person *p = s->members[i];
        struct buf wire = {0};
        const struct buf *text;
        char name[NAMES_BYTES + sizeof("\n")];

        if (p == NULL)
            continue;
        set_name(p, NULL, 0);
        if (p->stream != NULL && p->until > s->count)
            p->until = p->member->reader.until;
        if (p->stream == NULL || p->member->quit || p->member->name == NULL)
            continue;
        snprintf(name, sizeof(name), "%s\n", p->member->name);
        REQUIRE(line_encoding_put(&s->wire, name, strlen(name), &wire, NULL) == 0);
        text = says(s, buf_head(&wire), buf_length(&wire));
        set_name(p, buf_head(text), buf_length(text));
        buf_free(&wire);
    }
}

/* Looks at the lines that have come. */
static void record(struct scene *s)
{
    const struct shared_log *log = s->room->log;
    uint64_t oldest = shared_log_oldest(log).line;
    bool gap = s->count < oldest;

    while (s->count < oldest)
        add_line(s);
    while (s->count < shared_log_head(log).line) {
        const struct shared_log_position at = {.line = s->count};
        struct line *l = add_line(s);
        struct iovec iov[2];
        const struct buf *text;
        size_t pieces = shared_log_peek(log, at, at.line + 1, (struct shared_log_skip){0}, iov, 2);

        for (size_t i = 0; i < pieces; i++)
            REQUIRE(buf_add(&l->wire, iov[i].iov_base, iov[i].iov_len) == 0);
        text = says(s, buf_head(&l->wire), buf_length(&l->wire));
        l->author = author_by_log(s, at.line);
        l->is_note = is_skipped(s, at.line, (struct shared_log_skip){.notes_before = UINT64_MAX});
        if (!gap && !s->closing)
            REQUIRE(author_by_text(s, buf_head(text), buf_length(text)) == l->author);
    }
    if (gap)
        learn_anew(s);
}

/* How many bytes a newline has. */
static size_t unit_of(const struct scene *s)
{
    return strcmp(s->wire.encoding, "utf-16le") == 0 ? 2 : 1;
}

/* The first line, with its end, of what p took; 0 when it has none. */
static size_t first_line(const struct scene *s, const struct person *p)
{
    size_t unit = unit_of(s);
    const char *at = buf_head(&p->got);

    for (size_t i = 0; i + unit <= buf_length(&p->got); i += unit)
        if (at[i] == '\n' && (unit == 1 || at[i + 1] == 0))
            return i + unit;
    return 0;
}

/* The next line that p has to get; NULL: none. */
static const struct line *next_line(const struct scene *s, struct person *p)
{
    while (p->next < s->count &&
           (s->lines[p->next].author == p->number || buf_length(&s->lines[p->next].wire) == 0 ||
            (s->lines[p->next].is_note && p->next < p->joined)))
        p->next++;
    return p->next < s->count && p->next < p->until ? &s->lines[p->next] : NULL;
}

/* Compares the whole lines that p has taken with those it had to get. */
static void check_lines(struct scene *s, struct person *p)
{
    size_t n;

    while ((n = first_line(s, p)) > 0) {
        const char *at = buf_head(&p->got);
        const struct line *l = next_line(s, p);

        if (l != NULL && buf_length(&l->wire) == n && memcmp(at, buf_head(&l->wire), n) == 0) {
            p->next++;
        } else {
            const struct buf *text = says(s, at, n);

            REQUIRE(begins(buf_head(text), buf_length(text), "-- ") ||
                    (p->may_skip && buf_length(text) == 0));
        }
        p->may_skip = false;
        buf_consume(&p->got, n);
    }
}

/* A console that is overrun goes on with the oldest line that there is. */
static void check_unseen(struct scene *s)
{
    uint64_t unseen = room_unseen(s->room) - s->unseen;
    struct person *p = s->members[CONSOLE];

    s->unseen += unseen;
    if (unseen == 0 || p == NULL || p->stream == NULL)
        return;
    REQUIRE(p->next + unseen <= s->count);
    p->next = p->member->reader.position.line;
    p->may_skip = p->may_skip || p->in_line;
    if (p->in_line)
        buf_reset(&p->got);
    p->in_line = false;
}

/* Reads at most n bytes, from at most that many pieces; returns how many. */
static size_t take(struct person *p, size_t n, size_t pieces)
{
    struct scene *s = p->scene;
    struct iovec iov[PIECES_MAX];
    size_t count = 0, taken = 0;
    enum io result;

    record(s);
    check_unseen(s);
    result = stream_borrow(p->stream, iov, pieces, &count);
    p->ended = result == IO_END;
    REQUIRE(result != IO_END || p->member->quit);
    REQUIRE(result != IO_FAILED || p->member->reader.lost);
    if (result != IO_OK)
        return 0;
    REQUIRE(count > 0 && count <= pieces);
    for (size_t i = 0; i < count && taken < n; i++) {
        size_t piece = iov[i].iov_len < n - taken ? iov[i].iov_len : n - taken;

        REQUIRE(piece > 0);
        REQUIRE(buf_add(&p->got, iov[i].iov_base, piece) == 0);
        taken += piece;
    }
    stream_take(p->stream, taken);
    s->taken += taken;
    p->in_line = p->member->reader.position.offset > 0;
    check_lines(s, p);
    return taken;
}

static void take_all(struct person *p)
{
    while (take(p, SIZE_MAX, PIECES_MAX) > 0)
        ;
}

static void on_readable(void *arg)
{
    take_all(arg);
}

static void close_member(struct person *p)
{
    record(p->scene);
    stream_close(p->stream, STREAM_AT_ONCE);
    p->stream = NULL;
}

/* Only who fell behind fails, and a guest whose conversation fails is gone. */
static void on_hangup(void *owner)
{
    struct person *p = owner;

    REQUIRE(stream_failure(p->stream) != NULL && p->member->reader.lost);
    REQUIRE(shared_log_is_overrun(p->scene->room->log, p->member->reader.position));
    REQUIRE(p->number != AUTHOR_CONSOLE);
    REQUIRE(p != p->scene->members[0] || p->scene->options.buffer_bytes < LARGE);
    close_member(p);
}

static void on_quit(void *arg)
{
    (void)arg;
}

static void join(struct scene *s, size_t i, const char *name)
{
    struct person *p = calloc(1, sizeof(*p));
    uint64_t head = shared_log_head(s->room->log).line;
    bool is_console = i == CONSOLE;
    char guest[20];

    REQUIRE(p != NULL);
    s->members[i] = p;
    p->scene = s;
    p->until = UINT64_MAX;
    p->joined = head;
    p->next = is_console ? head : shared_log_back(s->room->log, s->options.history).line;
    p->stream = member_join(s->room, is_console ? MEMBER_CONSOLE : MEMBER_GUEST, name, NULL);
    REQUIRE(p->stream != NULL);
    p->member = container_of(s->room->pace.readers.previous, struct member, reader.link);
    p->number = p->member->reader.author;
    snprintf(guest, sizeof(guest), "guest%u", (unsigned)p->number);
    if (name == NULL)
        name = guest;
    set_name(p, name, is_console && p->member->name == NULL ? 0 : strlen(name));
    if (!is_console && !room_is_plain(s->room))
        REQUIRE((p->decoder = room_decoder(s->room, NULL)) != NULL);
    stream_on_hangup(p->stream, on_hangup, p);
    record(s);
    REQUIRE(shared_log_head(s->room->log).line == head + !is_console);
}

/* Frees those whose streams are closed, once it was seen what is said about them. */
static void sweep(struct scene *s)
{
    record(s);
    check_unseen(s);
    for (size_t i = 0; i < MEMBERS; i++) {
        struct person *p = s->members[i];

        if (p == NULL || p->stream != NULL)
            continue;
        REQUIRE(i == CONSOLE || s->closing || buf_length(&p->name) == 0);
        filter_free(p->decoder);
        buf_free(&p->got);
        buf_free(&p->name);
        free(p);
        s->members[i] = NULL;
    }
}

static void go_round(struct scene *s)
{
    REQUIRE(loop_round(s->loop, false, NULL) == 0);
    sweep(s);
}

/* What a pump does with what it has read: nothing more until that is out. */
static void hear(struct person *p, const char *text, size_t n, unsigned times, bool is_wire)
{
    struct buf all = {0}, decoded = {0};
    struct buf *out = &all;

    if (p->shut || stream_is_blocked(p->stream) || p->member->name == NULL)
        return;
    for (unsigned i = 0; i < times; i++)
        REQUIRE(buf_add(&all, text, n) == 0);
    if (is_wire && p->decoder != NULL && buf_length(&all) > 0) {
        REQUIRE(p->decoder->ops->feed(p->decoder, buf_head(&all), buf_length(&all), &decoded,
                                      NULL) == FILTER_OK);
        out = &decoded;
    }
    if (buf_length(out) > 0 && stream_write(p->stream, buf_head(out), buf_length(out)) != IO_OK)
        REQUIRE(p->member->reader.lost);
    buf_free(&all);
    buf_free(&decoded);
}

static void shut(struct person *p)
{
    struct buf rest = {0};

    if (p->shut)
        return;
    if (p->decoder != NULL)
        REQUIRE(filter_finish(p->decoder, &rest, NULL) == FILTER_OK);
    if (buf_length(&rest) > 0)
        stream_write(p->stream, buf_head(&rest), buf_length(&rest));
    buf_free(&rest);
    p->shut = true;
    stream_shut(p->stream);
}

static void check_bounds(const struct scene *s)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (s->members[i] != NULL) {
            const struct person *p = s->members[i];

            REQUIRE(p->member->heard.size <= KEPT_MAX);
            REQUIRE(buf_length(&p->member->answers) <= 2 * ROOM_PRIVATE_BYTES + ANSWER_MAX);
            REQUIRE(stream_unsent(p->stream) <= KEPT_MAX);
        }
}

/* Guests that are not there join; others, and the console, do what the input says. */
static void act(struct scene *s, const uint8_t **data, size_t *size)
{
    uint8_t what = take_byte(data, size), how = take_byte(data, size);
    size_t i = what % MEMBERS, n;
    struct person *p = s->members[i];

    if (p == NULL) {
        if (i < GUESTS)
            join(s, i, NULL);
        else
            go_round(s);
        return;
    }
    switch (what / MEMBERS % 10) {
    case 0:
    case 1:
        n = how < *size ? how : *size;
        hear(p, (const char *)*data, n, 1, true);
        *data += n;
        *size -= n;
        break;
    case 2:
        how %= sizeof(canned) / sizeof(*canned);
        hear(p, canned[how].text, strlen(canned[how].text), canned[how].times, false);
        break;
    case 3:
        take(p, 1 + (size_t)how * how / 4, PIECES_MIN + how % (PIECES_MAX - PIECES_MIN));
        break;
    case 4:
        take(p, SIZE_MAX, PIECES_MAX);
        break;
    case 5:
        if (how % 4 == 0)
            shut(p);
        break;
    case 6:
        if (i > 0 && how % 2 == 0)
            close_member(p);
        break;
    case 7:
        s->now_ms += how * 10;
        loop_set_now(s->loop, s->now_ms);
        break;
    default:
        go_round(s);
        break;
    }
}

/* Everybody takes everything that it is woken for; then all that had to wait was heard. */
static void settle(struct scene *s)
{
    size_t count, taken;
    int64_t next_ms = -1;

    for (size_t i = 0; i < MEMBERS; i++)
        if (s->members[i] != NULL)
            stream_set_reader(s->members[i]->stream, on_readable, s->members[i]);
    do {
        count = s->count;
        taken = s->taken;
        if (next_ms > s->now_ms)
            s->now_ms = next_ms;
        loop_set_now(s->loop, s->now_ms);
        for (int i = 0; i < 4 + GUESTS; i++)
            go_round(s);
        next_ms = pace_next_ms(&s->room->pace);
    } while (s->count != count || s->taken != taken || next_ms != -1);
    REQUIRE(list_is_empty(&s->room->pace.row));
    for (size_t i = 0; i < MEMBERS; i++) {
        struct person *p = s->members[i];

        if (p == NULL)
            continue;
        REQUIRE(!stream_is_blocked(p->stream));
        REQUIRE(p->ended == p->member->quit);
        REQUIRE(buf_length(&p->member->answers) == 0);
        REQUIRE(next_line(s, p) == NULL);
    }
}

static void begin(struct scene *s, uint8_t how, uint8_t size)
{
    static const size_t sizes[] = {ROOM_BUFFER_MIN, 20000, LARGE};
    const struct line_encoding_options wire = {
        .encoding = encodings[how % 5],
        .crlf = how / 5 % 2 != 0,
        .outgoing = TRANSCODE_ESCAPE,
    };

    s->options = (struct room_options){
        .buffer_bytes = sizes[size % 3],
        .history = size / 3 % 8,
        .encoding = wire.encoding,
        .crlf = wire.crlf,
        .incoming = how / 40 % 2 != 0 ? TRANSCODE_ESCAPE : TRANSCODE_REPLACE,
        .outgoing = TRANSCODE_ESCAPE,
    };
    REQUIRE(line_encoding_init(&s->wire, &wire, NULL) == 0);
    s->loop = loop_new(NULL);
    REQUIRE(s->loop != NULL);
    loop_set_now(s->loop, s->now_ms);
    s->room = room_new(s->loop, &s->options, on_quit, NULL, NULL);
    REQUIRE(s->room != NULL);
    if (how / 10 % 4 > 0)
        join(s, CONSOLE, how / 10 % 4 > 1 ? "host" : NULL);
}

static void end(struct scene *s)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (s->members[i] != NULL)
            close_member(s->members[i]);
    sweep(s);
    room_free(s->room);
    loop_free(s->loop);
    line_encoding_clear(&s->wire);
    for (size_t i = 0; i < s->count; i++)
        buf_free(&s->lines[i].wire);
    free(s->lines);
    buf_free(&s->seen);
    buf_free(&s->says);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene s = {.now_ms = 5000};
    uint8_t how = take_byte(&data, &size);

    begin(&s, how, take_byte(&data, &size));
    while (size > 0) {
        act(&s, &data, &size);
        sweep(&s);
        if (s.members[0] != NULL)
            take_all(s.members[0]);
        check_bounds(&s);
    }
    settle(&s);
    s.closing = true;
    room_close(s.room);
    for (size_t i = 0; i < MEMBERS; i++)
        if (s.members[i] != NULL && s.members[i]->until > s.count + 1)
            s.members[i]->until = s.count + 1;
    settle(&s);
    for (size_t i = 0; i < MEMBERS; i++)
        REQUIRE(s.members[i] == NULL || s.members[i]->ended);
    end(&s);
    return 0;
}
