/* Owns the memory of the log: a ring of text, in which the lines follow each
 * other without a gap, and a ring of where each ends and whose it is. Knows
 * nothing of who reads. */
#include "core/shared_log.h"

#include <stdlib.h>
#include <string.h>

/* The part of the capacity that the index may take: an eighth is enough for
 * lines of 56 bytes on average. */
#define INDEX_SHARE 8

/* Ends are kept modulo 2^32, so the text has to be much smaller than that. */
#define CAPACITY_MAX ((size_t)1 << 31)

#define FIRST_SIZE ((size_t)4096)

/* How many lines are looked at, at most, once there is something to list. */
#define LOOK_MAX 4096

/* A queue of bytes that begins anew at the front of its memory. */
struct ring {
    char *data;
    size_t size;
    size_t max;
    size_t first; /* where the oldest byte is; less than size, or 0 */
    size_t used;
};

struct entry {
    uint32_t end; /* low bits of the place where the line ends */
    uint32_t author : 31;
    uint32_t is_note : 1;
};

/* Places are counted in bytes since the log began. */
struct shared_log {
    struct ring text;
    struct ring index;         /* of struct entry */
    uint64_t begin, end;       /* the places of the oldest byte there is, and of the next */
    uint64_t first_line, next; /* the numbers of the oldest line there is, and of the next */
    bool is_short;             /* it could not grow */
};

/* Grows the ring by n, within the limit. Without memory the ring keeps its size, and callers
 * check how full it is. Returns false then. */
static bool grow(struct ring *r, size_t n)
{
    size_t wanted = n < r->max - r->used ? r->used + n : r->max;
    size_t size = r->size, tail;
    char *data;

    if (wanted <= r->size)
        return true;
    while (size < wanted)
        size = size == 0 ? FIRST_SIZE : size * 2;
    if (size > r->max)
        size = r->max;
    data = realloc(r->data, size);
    if (data == NULL) {
        if (r->size > 0)
            r->max = r->size;
        return false;
    }
    tail = r->size - r->first;
    if (r->used > tail) {
        memmove(data + size - tail, data + r->first, tail);
        r->first = size - tail;
    }
    r->data = data;
    r->size = size;
    return true;
}

/* The index in data of what is that many bytes after the oldest. */
static size_t locate(const struct ring *r, size_t distance)
{
    size_t tail = r->size - r->first;

    return distance < tail ? r->first + distance : distance - tail;
}

/* Adds n bytes, for which there is room. */
static void put(struct ring *r, const void *bytes, size_t n)
{
    size_t at = locate(r, r->used);
    size_t piece = n < r->size - at ? n : r->size - at;

    memcpy(r->data + at, bytes, piece);
    memcpy(r->data, (const char *)bytes + piece, n - piece);
    r->used += n;
}

static void drop(struct ring *r, size_t n)
{
    r->used -= n;
    r->first = r->used == 0 ? 0 : locate(r, n);
}

static struct entry entry_of(const struct shared_log *l, uint64_t line)
{
    size_t distance = (size_t)(line - l->first_line) * sizeof(struct entry);
    struct entry e;

    memcpy(&e, l->index.data + locate(&l->index, distance), sizeof(e));
    return e;
}

/* The place of a line's first byte; for the head, of the next that will come. */
static uint64_t start_of(const struct shared_log *l, uint64_t line)
{
    if (line == l->first_line || line == l->next)
        return line == l->next ? l->end : l->begin;
    return l->begin + (uint32_t)(entry_of(l, line - 1).end - (uint32_t)l->begin);
}

static uint64_t place_of(const struct shared_log *l, struct shared_log_position p)
{
    return start_of(l, p.line) + p.offset;
}

struct shared_log *shared_log_new(size_t capacity_bytes)
{
    struct shared_log *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return NULL;
    if (capacity_bytes > CAPACITY_MAX)
        capacity_bytes = CAPACITY_MAX;
    l->index.max = capacity_bytes / INDEX_SHARE / sizeof(struct entry) * sizeof(struct entry);
    l->text.max = capacity_bytes - l->index.max;
    return l;
}

void shared_log_free(struct shared_log *l)
{
    if (l == NULL)
        return;
    free(l->text.data);
    free(l->index.data);
    free(l);
}

static void drop_oldest(struct shared_log *l)
{
    uint64_t end = start_of(l, l->first_line + 1);

    drop(&l->text, (size_t)(end - l->begin));
    drop(&l->index, sizeof(struct entry));
    l->begin = end;
    l->first_line++;
}

int shared_log_append(struct shared_log *l, const void *line, size_t n, uint32_t author,
                      bool is_note)
{
    struct entry e = {.author = author & SHARED_LOG_AUTHOR_MAX, .is_note = is_note};

    if (n == 0 || n > l->text.max)
        return -1;
    l->is_short = !grow(&l->text, n) || l->is_short;
    l->is_short = !grow(&l->index, sizeof(e)) || l->is_short;
    if (l->text.size < n || l->index.size < sizeof(e))
        return -1;
    while (l->text.size - l->text.used < n || l->index.size - l->index.used < sizeof(e))
        drop_oldest(l);
    put(&l->text, line, n);
    l->end += n;
    l->next++;
    e.end = (uint32_t)l->end;
    put(&l->index, &e, sizeof(e));
    return 0;
}

bool shared_log_is_short(const struct shared_log *l)
{
    return l->is_short;
}

struct shared_log_position shared_log_head(const struct shared_log *l)
{
    return (struct shared_log_position){.line = l->next};
}

struct shared_log_position shared_log_oldest(const struct shared_log *l)
{
    return (struct shared_log_position){.line = l->first_line};
}

struct shared_log_position shared_log_back(const struct shared_log *l, uint64_t lines)
{
    uint64_t found = l->next;

    for (uint64_t line = l->next; line > l->first_line && lines > 0; line--) {
        if (entry_of(l, line - 1).is_note)
            continue;
        found = line - 1;
        lines--;
    }
    return (struct shared_log_position){.line = found};
}

static bool is_skipped(const struct shared_log *l, uint64_t line, struct shared_log_skip skip)
{
    struct entry e = entry_of(l, line);

    return (skip.author != SHARED_LOG_NOBODY && e.author == skip.author) ||
           (e.is_note && line < skip.notes_before);
}

/* Returns true when nothing from a line on is skipped. */
static bool skips_nothing(struct shared_log_skip skip, uint64_t line)
{
    return skip.author == SHARED_LOG_NOBODY && skip.notes_before <= line;
}

bool shared_log_is_overrun(const struct shared_log *l, struct shared_log_position p)
{
    return p.line < l->first_line;
}

/* How much of max the amount is, rounded up. */
static unsigned share(uint64_t amount, uint64_t max)
{
    return (unsigned)((amount * SHARED_LOG_WHOLE + max - 1) / max);
}

unsigned shared_log_behind(const struct shared_log *l, struct shared_log_position p)
{
    unsigned lines, text;

    if (shared_log_is_overrun(l, p))
        return SHARED_LOG_WHOLE;
    text = share(l->end - place_of(l, p), l->text.max);
    lines = share(l->next - p.line, l->index.max / sizeof(struct entry));
    return text > lines ? text : lines;
}

size_t shared_log_rest(const struct shared_log *l, struct shared_log_position p)
{
    return p.offset == 0 ? 0 : (size_t)(start_of(l, p.line + 1) - place_of(l, p));
}

/* Lists the text from one place to another, in one piece or two. */
static size_t list_text(const struct shared_log *l, uint64_t from, uint64_t to, struct iovec *iov,
                        size_t max)
{
    size_t n = (size_t)(to - from);
    size_t at = locate(&l->text, (size_t)(from - l->begin));
    size_t piece = n < l->text.size - at ? n : l->text.size - at;

    if (n == 0 || max == 0)
        return 0;
    iov[0] = (struct iovec){.iov_base = l->text.data + at, .iov_len = piece};
    if (piece == n || max == 1)
        return 1;
    iov[1] = (struct iovec){.iov_base = l->text.data, .iov_len = n - piece};
    return 2;
}

size_t shared_log_peek(const struct shared_log *l, struct shared_log_position p, uint64_t until,
                       struct shared_log_skip skip, struct iovec *iov, size_t max)
{
    uint64_t end = until < l->next ? until : l->next;
    uint64_t from, line = p.line;
    size_t count = 0;

    if (shared_log_is_overrun(l, p) || p.line >= end)
        return 0;
    from = place_of(l, p);
    if (skips_nothing(skip, line))
        return list_text(l, from, start_of(l, end), iov, max);
    while (line < end && count < max && (count == 0 || line - p.line < LOOK_MAX)) {
        uint64_t after = line;

        while (after < end && after - line < LOOK_MAX && !is_skipped(l, after, skip))
            after++;
        if (after > line)
            count += list_text(l, from, start_of(l, after), iov + count, max - count);
        line = after < end && is_skipped(l, after, skip) ? after + 1 : after;
        from = start_of(l, line);
    }
    return count;
}

/* The position of a place that is not before the line first. */
static struct shared_log_position find(const struct shared_log *l, uint64_t first, uint64_t place)
{
    uint64_t last = l->next;

    if (place == l->end)
        return shared_log_head(l);
    /* It is in one of the lines first .. last - 1. */
    while (last - first > 1) {
        uint64_t middle = first + (last - first) / 2;

        if (start_of(l, middle) <= place)
            first = middle;
        else
            last = middle;
    }
    return (struct shared_log_position){.line = first,
                                        .offset = (size_t)(place - start_of(l, first))};
}

struct shared_log_position shared_log_take(const struct shared_log *l, struct shared_log_position p,
                                           size_t n, struct shared_log_skip skip)
{
    if (skips_nothing(skip, p.line))
        return n == 0 ? p : find(l, p.line, place_of(l, p) + n);
    while (p.line < l->next) {
        size_t rest = (size_t)(start_of(l, p.line + 1) - place_of(l, p));

        if (!is_skipped(l, p.line, skip)) {
            if (n < rest) {
                p.offset += n;
                break;
            }
            n -= rest;
        }
        p = (struct shared_log_position){.line = p.line + 1};
    }
    return p;
}
