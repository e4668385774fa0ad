/* chat/room: whatever members send, however they take and whoever comes and goes,
 * each gets every line of the others whole, once and in the order of the log, and
 * private lines only in between; everything can be decoded and has no control in
 * it; what is kept is bounded. */
#include <stdio.h>

#include "chat/room_private.h"
#include "tests/fuzz/cut.h"
#include "text/utf8.h"

enum {
    GUESTS = 6, /* the first takes everything at once */
    PIECES = 7,
    KEPT_MAX = 128 * 1024,
    ANSWER_MAX = 4096,
    LARGE = 256 * 1024, /* a buffer in which nobody who reads is overrun */
};

struct guest {
    struct room_member member;
    struct buf got; /* what it took, from the beginning of a line on */
    uint64_t next;  /* the line of the log that it gets next */
};

/* A line of the log. */
struct line {
    struct buf wire;
    const struct guest *author; /* never dereferenced; NULL: the console, or the room */
    uint32_t number;            /* the author's, as its memory may be used again */
};

struct scene {
    struct room *room;
    struct room_options options;
    struct line_encoding wire; /* one of its own, to say how lines should look */
    struct guest *guests[GUESTS];
    struct line *lines;
    size_t count;
    int64_t now_ms;
    bool closing;
};

static const char *const encodings[] = {NULL, "utf-8", "gbk", "iso-2022-jp", "utf-16le"};

#define LONG                                                                                    \
    "a-command-that-there-is-not-and-that-is-told-about-at-length-until-the-answers-fill-what-" \
    "there-is-room-for"

static const struct {
    const char *text;
    unsigned times;
} canned[] = {
    {"/nick alice\n", 1},
    {"/nick \uff21LICE\n", 1},
    {"/nick \u5f20\u4e09\r\n", 1},
    {"/nick guest1\n", 1},
    {"/who\n", 1},
    {"/" LONG "\n", 500},
    {"/me waves\n", 1},
    {"/quit\n", 1},
    {"/help\n", 1},
    {"/x\n", 20},
    {"a\n", 300},
    {"x", 5000},
    {"\u4e2d", 1500},
    {"\033[2J\u202e\xff\xc3\n", 20},
    {"a line of some length, of which there are many\n", 100},
    {"\n", 1},
};

static const char *const console_lines[][2] = {
    {"hello", "host: hello\n"},
    {"\u4f60\u597d \033", "host: \u4f60\u597d \\x1b\n"},
    {"/me waves", "* host waves\n"},
    {"/who", NULL},
    {"", NULL},
    {"/nick alice2", NULL},
};

static bool begins(const char *line, size_t n, const char *before, const char *name,
                   const char *after)
{
    char start[256];
    int length = snprintf(start, sizeof(start), "%s%s%s", before, name, after);

    return n >= (size_t)length && memcmp(line, start, (size_t)length) == 0;
}

static bool is_author(const struct guest *g, const char *line, size_t n)
{
    const char *name = g->member.name;

    return begins(line, n, "", name, ": ") || begins(line, n, "* ", name, " ") ||
           begins(line, n, "-- ", name, " ");
}

/* Who has said a line. A name may be one's that has quit, and by now another's. */
static const struct guest *find_author(const struct scene *s, const char *line, size_t n)
{
    for (int quit = 0; quit < 2 && !s->closing; quit++)
        for (size_t i = 0; i < GUESTS; i++) {
            const struct guest *g = s->guests[i];

            if (g != NULL && g->member.quit == quit && g->member.name != NULL &&
                is_author(g, line, n))
                return g;
        }
    REQUIRE(s->closing);
    return NULL;
}

/* Decodes a line by itself, which has to be possible. */
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
    REQUIRE(f->ops->feed(f, line, n, text, NULL) == FILTER_OK);
    REQUIRE(f->ops->finish(f, text, NULL) == FILTER_OK);
    filter_free(f);
}

/* Every line by itself is valid, and may be shown. */
static void check_text(const struct scene *s, const char *line, size_t n)
{
    struct buf text = {0};

    decode(s, line, n, &text);
    n = buf_length(&text);
    REQUIRE(n > 0 && buf_head(&text)[--n] == '\n');
    if (s->options.crlf)
        REQUIRE(n > 0 && buf_head(&text)[--n] == '\r');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)buf_head(&text)[i];

        REQUIRE((c >= 0x20 && c != 0x7f) || c == '\t');
        REQUIRE(c != 0xc2 || (unsigned char)buf_head(&text)[i + 1] >= 0xa0);
    }
    buf_free(&text);
}

static void record(struct scene *s, const char *line, size_t n, const struct guest *author)
{
    struct line *l;

    REQUIRE(n > 0 && memchr(line, '\n', n) == line + n - 1);
    s->lines = realloc(s->lines, (s->count + 1) * sizeof(*s->lines));
    REQUIRE(s->lines != NULL);
    l = &s->lines[s->count++];
    *l = (struct line){.author = author, .number = author != NULL ? author->member.number : 0};
    REQUIRE(line_encoding_put(&s->wire, line, n, &l->wire, NULL) == 0);
    check_text(s, buf_head(&l->wire), buf_length(&l->wire));
    REQUIRE(shared_log_head(s->room->log).line == s->count);
}

static void on_nothing(void *arg)
{
    (void)arg;
}

static void on_member(void *arg, struct room_member *m)
{
    (void)arg;
    (void)m;
}

static void on_said(void *arg, const char *line, size_t n)
{
    record(arg, line, n, find_author(arg, line, n));
}

static void on_answer(void *arg, const char *line, size_t n)
{
    (void)arg;
    REQUIRE(n > 4 && memcmp(line, "-- ", 3) == 0 && line[n - 1] == '\n');
}

static void leave(struct scene *s, size_t i, enum room_leaving why)
{
    struct guest *g = s->guests[i];

    room_leave(&g->member, why, s->now_ms);
    s->guests[i] = NULL;
    buf_free(&g->got);
    free(g);
}

static void on_overrun(void *arg, struct room_member *m)
{
    struct scene *s = arg;

    for (size_t i = 0; i < GUESTS; i++)
        if (s->guests[i] != NULL && m == &s->guests[i]->member) {
            REQUIRE(i > 0 || s->options.buffer_bytes < LARGE);
            leave(s, i, ROOM_FELL_BEHIND);
            return;
        }
    abort();
}

static void on_failed(void *arg, struct room_member *m, const struct error *why)
{
    (void)arg;
    (void)m;
    (void)why;
    abort();
}

static const struct room_events events = {
    .on_news = on_nothing,
    .on_private = on_member,
    .on_said = on_said,
    .on_answer = on_answer,
    .on_quit = on_member,
    .on_overrun = on_overrun,
    .on_failed = on_failed,
    .on_wanting = on_member,
    .on_flowing = on_nothing,
};

/* How many bytes a newline has. */
static size_t unit_of(const struct scene *s)
{
    return strcmp(s->wire.encoding, "utf-16le") == 0 ? 2 : 1;
}

/* The first line, with its end, of what g took; 0 when it has none. */
static size_t first_line(const struct scene *s, const struct guest *g)
{
    size_t unit =
        s->wire.encoding[0] == 'u' && s->wire.encoding[3] == '-' && s->wire.encoding[4] == '1' ? 2
                                                                                               : 1;
    const char *at = buf_head(&g->got);

    for (size_t i = 0; i + unit <= buf_length(&g->got); i += unit)
        if (at[i] == '\n' && (unit == 1 || at[i + 1] == 0))
            return i + unit;
    return 0;
}

static bool is_own(const struct guest *g, const struct line *l)
{
    return l->author == g && l->number == g->member.number;
}

/* Compares the whole lines that g has taken with those it had to get. */
static void check_lines(struct scene *s, struct guest *g)
{
    static const char mark[] = "-- ";
    size_t n, step = unit_of(s);

    while ((n = first_line(s, g)) > 0) {
        const char *at = buf_head(&g->got);
        const struct line *l;

        while (g->next < s->count && is_own(g, &s->lines[g->next]))
            g->next++;
        l = g->next < s->count ? &s->lines[g->next] : NULL;
        if (l != NULL && buf_length(&l->wire) == n && memcmp(at, buf_head(&l->wire), n) == 0) {
            g->next++;
        } else {
            check_text(s, at, n);
            for (size_t i = 0; i < 3; i++)
                REQUIRE(i * step < n && at[i * step] == mark[i]);
        }
        buf_consume(&g->got, n);
    }
}

static size_t take(struct scene *s, struct guest *g, size_t n)
{
    struct iovec iov[PIECES];
    size_t count = room_peek(&g->member, iov, PIECES), taken = 0;

    REQUIRE(count <= PIECES);
    for (size_t i = 0; i < count && taken < n; i++) {
        size_t piece = iov[i].iov_len < n - taken ? iov[i].iov_len : n - taken;

        REQUIRE(piece > 0);
        REQUIRE(buf_add(&g->got, iov[i].iov_base, piece) == 0);
        taken += piece;
    }
    room_took(&g->member, taken, s->now_ms);
    check_lines(s, g);
    return taken;
}

static void join(struct scene *s, size_t i)
{
    struct guest *g = calloc(1, sizeof(*g));
    uint64_t first;

    REQUIRE(g != NULL);
    s->guests[i] = g;
    first = shared_log_back(s->room->log, s->options.history).line;
    REQUIRE(room_join(s->room, &g->member, s->now_ms, NULL) == 0);
    g->next = first;
}

static void hear(struct scene *s, struct guest *g, const char *text, size_t n, unsigned times)
{
    struct buf all = {0};

    for (unsigned i = 0; i < times; i++)
        REQUIRE(buf_add(&all, text, n) == 0);
    if (buf_length(&all) > 0)
        room_hear(&g->member, buf_head(&all), buf_length(&all), s->now_ms);
    buf_free(&all);
}

static void say(struct scene *s, size_t which)
{
    const char *const *line =
        console_lines[which % (sizeof(console_lines) / sizeof(*console_lines))];
    size_t count = s->count;

    if (s->options.console == NULL)
        return;
    room_say(s->room, line[0], strlen(line[0]), s->now_ms);
    REQUIRE(s->count == count);
    if (shared_log_head(s->room->log).line > count) {
        /* Only the console's name may differ from what is expected. */
        char text[256];
        const char *name = s->room->console;

        if (line[1] == NULL)
            snprintf(text, sizeof(text), "-- host is now %s\n", name);
        else if (strncmp(line[1], "host", 4) == 0)
            snprintf(text, sizeof(text), "%s%s", name, line[1] + 4);
        else
            snprintf(text, sizeof(text), "* %s%s", name, line[1] + 6);
        record(s, text, strlen(text), NULL);
    }
}

static void check_bounds(const struct scene *s)
{
    for (size_t i = 0; i < GUESTS; i++)
        if (s->guests[i] != NULL) {
            const struct room_member *m = &s->guests[i]->member;

            REQUIRE(m->heard.size <= KEPT_MAX);
            REQUIRE(buf_length(&m->answers) <= 2 * ROOM_PRIVATE_BYTES + ANSWER_MAX);
        }
}

/* Members that are not there join; others do what the input says. */
static void act(struct scene *s, const uint8_t **data, size_t *size)
{
    uint8_t what = take_byte(data, size), how = take_byte(data, size);
    size_t i = what % GUESTS, n;
    struct guest *g = s->guests[i];

    if (g == NULL) {
        join(s, i);
        return;
    }
    switch (what / GUESTS % 10) {
    case 0:
    case 1:
        n = how < *size ? how : *size;
        if (room_wants(&g->member))
            hear(s, g, (const char *)*data, n, 1);
        *data += n;
        *size -= n;
        break;
    case 2:
        how %= sizeof(canned) / sizeof(*canned);
        if (room_wants(&g->member))
            hear(s, g, canned[how].text, strlen(canned[how].text), canned[how].times);
        break;
    case 3:
        take(s, g, 1 + (size_t)how * how / 4);
        break;
    case 4:
        take(s, g, SIZE_MAX);
        break;
    case 5:
        if (how % 4 == 0)
            room_hear_end(&g->member, s->now_ms);
        break;
    case 6:
        if (i > 0)
            leave(s, i, ROOM_LEFT);
        break;
    case 7:
        say(s, how);
        break;
    case 8:
        s->now_ms += how * 10;
        break;
    default:
        room_tend(s->room, s->now_ms);
        break;
    }
}

/* Lets everybody take everything; then all that had to wait was heard. */
static void settle(struct scene *s)
{
    bool more = true;

    while (more) {
        size_t count = s->count;
        int64_t next_ms;

        more = false;
        for (size_t i = 0; i < GUESTS; i++)
            if (s->guests[i] != NULL)
                while (take(s, s->guests[i], SIZE_MAX) > 0)
                    more = true;
        room_tend(s->room, s->now_ms);
        next_ms = room_next_ms(s->room, s->now_ms);
        more = more || next_ms != -1 || s->count != count;
        if (next_ms > s->now_ms)
            s->now_ms = next_ms;
    }
    for (size_t i = 0; i < GUESTS; i++) {
        struct guest *g = s->guests[i];

        if (g == NULL)
            continue;
        REQUIRE(list_is_empty(&g->member.waiting) && (g->member.quit || !g->member.full));
        while (g->next < s->count && is_own(g, &s->lines[g->next]))
            g->next++;
        if (!g->member.quit)
            REQUIRE(g->next == s->count);
    }
}

static void begin(struct scene *s, uint8_t how, uint8_t size)
{
    static const size_t sizes[] = {ROOM_BUFFER_MIN, 20000, LARGE};
    const struct line_encoding_options wire = {
        .encoding = encodings[how % 5],
        .crlf = how / 5 % 2 != 0,
        .outward = TRANSCODE_ESCAPE,
    };

    s->options = (struct room_options){
        .buffer_bytes = sizes[size % 3],
        .history = size / 3 % 8,
        .console = how / 10 % 4 != 0 ? "host" : NULL,
        .encoding = wire.encoding,
        .crlf = wire.crlf,
        .inward = how / 40 % 2 != 0 ? TRANSCODE_ESCAPE : TRANSCODE_REPLACE,
        .outward = TRANSCODE_ESCAPE,
    };
    REQUIRE(line_encoding_init(&s->wire, &wire, NULL) == 0);
    s->room = room_new(&s->options, &events, s, NULL);
    REQUIRE(s->room != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene s = {.now_ms = 5000};
    uint8_t how = take_byte(&data, &size);

    begin(&s, how, take_byte(&data, &size));
    while (size > 0) {
        act(&s, &data, &size);
        if (s.guests[0] != NULL)
            while (take(&s, s.guests[0], SIZE_MAX) > 0)
                ;
        REQUIRE(shared_log_head(s.room->log).line == s.count);
        check_bounds(&s);
    }
    settle(&s);
    s.closing = true;
    room_close(s.room, s.now_ms);
    settle(&s);
    for (size_t i = 0; i < GUESTS; i++)
        if (s.guests[i] != NULL && i % 2 == 0)
            leave(&s, i, ROOM_LEFT);
    room_free(s.room);
    line_encoding_clear(&s.wire);
    for (size_t i = 0; i < GUESTS; i++)
        if (s.guests[i] != NULL) {
            buf_free(&s.guests[i]->got);
            free(s.guests[i]);
        }
    for (size_t i = 0; i < s.count; i++)
        buf_free(&s.lines[i].wire);
    free(s.lines);
    return 0;
}
