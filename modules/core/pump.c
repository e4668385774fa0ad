/* Owns the copying of one direction. Leaves to its owner what the end of it means. */
#include "core/pump.h"

#include <errno.h>
#include <stdlib.h>

#include "core/kernel_copy.h"

enum {
    ROUNDS = 16,              /* reads before other streams get their turn */
    FLUSH_DELAY_MS = 100,     /* how long a filter may keep an unfinished line */
    READ_DEFAULT = 128 << 10, /* a read into memory: it should fit a processor cache */
    KERNEL_DEFAULT = 1 << 20, /* a copy inside the kernel: the larger the better */
    PIECES = 64,
    CONVERTED_KEPT = 4 << 20, /* a larger buffer is freed after use */
};

/* The result of one round of copying. */
enum round {
    ROUND_MOVED,
    ROUND_STARVED,
    ROUND_BLOCKED,
    ROUND_ENDED,     /* the source has ended */
    ROUND_SATISFIED, /* the filter has what it wanted */
    ROUND_READ_FAILED,
    ROUND_CONVERT_FAILED,
    ROUND_WRITE_FAILED,
};

static const enum round round_of_read[] = {
    [IO_OK] = ROUND_MOVED,
    [IO_AGAIN] = ROUND_STARVED,
    [IO_END] = ROUND_ENDED,
    [IO_FAILED] = ROUND_READ_FAILED,
};

static const enum round round_of_write[] = {
    [IO_OK] = ROUND_MOVED,
    [IO_AGAIN] = ROUND_BLOCKED,
    [IO_END] = ROUND_WRITE_FAILED,
    [IO_FAILED] = ROUND_WRITE_FAILED,
};

/* State of filtering pumps only; allocated with the first bytes, so that idle connections
 * stay small. */
struct converter {
    struct pump *pump;
    struct filter *filter;
    struct timer flush;
};

void pump_stop(struct pump *p)
{
    if (!p->running)
        return;
    p->running = false;
    list_remove(&p->waiting.link);
    if (!p->draining)
        stream_set_reader(p->from, NULL, NULL);
    if (p->converter == NULL)
        return;
    loop_cancel_timer(p->work->loop, &p->converter->flush);
    filter_free(p->converter->filter);
    free(p->converter);
    p->converter = NULL;
}

static void end(struct pump *p, enum pump_end how, struct error *why)
{
    struct stream *failed = how == PUMP_READ_FAILED    ? p->from
                            : how == PUMP_WRITE_FAILED ? p->to
                                                       : NULL;
    const struct error *cause = failed != NULL ? stream_failure(failed) : NULL;

    if (cause == NULL && how == PUMP_READ_FAILED)
        cause = stream_truncation(p->from);
    if (cause != NULL && !error_is_set(why))
        error_copy(why, cause);
    pump_stop(p);
    p->on_end(p, how, why);
    error_clear(why);
}

/* One send call, and it has to take everything. */
static enum round send_once(struct pump *p, struct iovec all, struct error *err)
{
    size_t put;

    if (stream_try_write(p->to, &all, 1, &put) == IO_FAILED)
        return ROUND_WRITE_FAILED;
    if (put == all.iov_len)
        return ROUND_MOVED;
    error_set(err, EXITCODE_FAILED, "short send to %s: %zu of %zu bytes", stream_name(p->to), put,
              all.iov_len);
    return ROUND_WRITE_FAILED;
}

static enum round write_out(struct pump *p, const char *bytes, size_t n, struct error *err)
{
    if (n == 0 || p->to == NULL)
        return ROUND_MOVED;
    if (p->direction->one_send)
        return send_once(p, (struct iovec){(char *)bytes, n}, err);
    return round_of_write[stream_write(p->to, bytes, n)];
}

enum conversion { FEED, FLUSH, FINISH };

/* Lets the filter act and writes what it produces. */
static enum round convert(struct pump *p, enum conversion what, const char *bytes, size_t n,
                          struct error *err)
{
    struct filter *f = p->converter->filter;
    struct buf *out = &p->work->converted;
    enum filter_result result;
    enum round written;

    buf_reset(out);
    if (what == FEED)
        result = filter_feed(f, bytes, n, out, err);
    else
        result = what == FLUSH ? filter_flush(f, out, err) : filter_finish(f, out, err);
    /* What came before a failure counts; the failure is reported all the same. */
    if (result == FILTER_FAILED)
        filter_flush(f, out, NULL);
    written = write_out(p, buf_head(out), buf_length(out), result == FILTER_FAILED ? NULL : err);
    if (out->size > CONVERTED_KEPT)
        buf_free(out);
    if (result == FILTER_FAILED) {
        error_prefix(err, "%s", stream_name(p->from));
        return ROUND_CONVERT_FAILED;
    }
    return result == FILTER_DONE && written == ROUND_MOVED ? ROUND_SATISFIED : written;
}

/* Shows an unfinished line. */
static void on_pause(struct timer *t)
{
    struct pump *p = container_of(t, struct converter, flush)->pump;
    struct error err = {0};
    enum round result = convert(p, FLUSH, NULL, 0, &err);

    if (result == ROUND_CONVERT_FAILED || result == ROUND_WRITE_FAILED)
        end(p, result == ROUND_WRITE_FAILED ? PUMP_WRITE_FAILED : PUMP_CONVERT_FAILED, &err);
}

static int make_converter(struct pump *p, struct error *err)
{
    struct filter *f = p->direction->make_filter(p->owner, p->from, err);

    if (f == NULL)
        return -1;
    p->converter = calloc(1, sizeof(*p->converter));
    if (p->converter == NULL) {
        filter_free(f);
        error_errno(err, ENOMEM, "error converting data of %s", stream_name(p->from));
        return -1;
    }
    *p->converter = (struct converter){.pump = p, .filter = f, .flush.on_due = on_pause};
    return 0;
}

static enum round copy_by_hand(struct pump *p, struct error *err)
{
    size_t got, max = p->direction->read_max != 0 ? p->direction->read_max : READ_DEFAULT;
    char *scratch = workspace_scratch(p->work, max);
    enum io read;
    enum round result;

    if (scratch == NULL) {
        error_errno(err, ENOMEM, "error reading from %s", stream_name(p->from));
        return ROUND_CONVERT_FAILED;
    }
    read = stream_read(p->from, scratch, max, &got);
    if (read != IO_OK)
        return round_of_read[read];
    if (p->direction->make_filter == NULL)
        return write_out(p, scratch, got, err);
    if (p->converter == NULL && make_converter(p, err) < 0)
        return ROUND_CONVERT_FAILED;
    result = convert(p, FEED, scratch, got, err);
    if (result == ROUND_MOVED && filter_pending(p->converter->filter))
        loop_set_timer(p->work->loop, &p->converter->flush, FLUSH_DELAY_MS);
    return result;
}

/* Writes bytes from where the source has them. */
static enum round copy_borrowed(struct pump *p, struct error *err)
{
    struct iovec pieces[PIECES];
    size_t put, count;
    enum io result = stream_borrow(p->from, pieces, PIECES, &count);

    if (result != IO_OK)
        return round_of_read[result];
    if (p->direction->one_send) {
        enum round sent = send_once(p, pieces[0], err);

        stream_take(p->from, pieces[0].iov_len);
        return sent;
    }
    result = stream_try_write(p->to, pieces, (int)count, &put);
    if (put > 0)
        stream_take(p->from, put);
    return round_of_write[result];
}

static enum round copy_in_kernel(struct pump *p, struct error *err)
{
    struct buf rest = {0};
    size_t max = p->direction->read_max != 0 ? p->direction->read_max : KERNEL_DEFAULT;
    enum round result = ROUND_MOVED;

    switch (kernel_copy(p->work, p->from, p->to, max, &rest)) {
    case KERNEL_COPY_OK:
        return ROUND_MOVED;
    case KERNEL_COPY_STARVED:
        return ROUND_STARVED;
    case KERNEL_COPY_BLOCKED:
        return ROUND_BLOCKED;
    case KERNEL_COPY_END:
        return ROUND_ENDED;
    case KERNEL_COPY_READ_FAILED:
        return ROUND_READ_FAILED;
    case KERNEL_COPY_WRITE_FAILED:
        return ROUND_WRITE_FAILED;
    case KERNEL_COPY_REFUSED:
        p->method = PUMP_BY_HAND;
        result = write_out(p, buf_head(&rest), buf_length(&rest), err);
        buf_free(&rest);
        break;
    case KERNEL_COPY_BY_HAND:
        break;
    }
    return result == ROUND_MOVED ? copy_by_hand(p, err) : result;
}

static enum round copy_once(struct pump *p, struct error *err)
{
    size_t got;

    if (p->method == PUMP_DISCARDED)
        return round_of_read[stream_read(p->from, NULL, KERNEL_DEFAULT, &got)];
    if (p->to != NULL && stream_is_blocked(p->to))
        return ROUND_BLOCKED;
    if (p->method == PUMP_IN_KERNEL)
        return copy_in_kernel(p, err);
    return p->method == PUMP_BORROWED ? copy_borrowed(p, err) : copy_by_hand(p, err);
}

/* Waits until the sink has taken everything; then the pump ends. */
static void drain(struct pump *p)
{
    enum at_end at_end = p->direction->at_end;
    bool shuts = at_end == AT_END_SHUT || at_end == AT_END_SHUT_IF_WHOLE ||
                 (at_end == AT_END_KEEP_IF_EMPTY && stream_counts(p->from)->in_bytes > 0);
    struct error err = {0};

    if (p->to != NULL && stream_unsent(p->to) > 0)
        stream_wait(p->to, &p->waiting);
    else if (p->to != NULL && p->how != PUMP_READ_FAILED &&
             (stream_failure(p->to) != NULL || (shuts && stream_shut(p->to) == IO_FAILED)))
        end(p, PUMP_WRITE_FAILED, &err);
    else
        end(p, p->how, &err);
}

/* Nothing more is read: what the filter kept goes out, then the sink empties. */
static void finish(struct pump *p, enum pump_end how, bool filter_is_done)
{
    struct error err = {0};
    enum round result = ROUND_MOVED;

    p->draining = true;
    p->how = how;
    stream_set_reader(p->from, NULL, NULL);
    if (p->converter != NULL) {
        loop_cancel_timer(p->work->loop, &p->converter->flush);
        if (!filter_is_done)
            result = convert(p, FINISH, NULL, 0, &err);
    }
    /* A failure to read is the reason for what the filter then misses. */
    if (result != ROUND_MOVED && result != ROUND_SATISFIED && how != PUMP_READ_FAILED) {
        end(p, result == ROUND_WRITE_FAILED ? PUMP_WRITE_FAILED : PUMP_CONVERT_FAILED, &err);
        return;
    }
    if (error_is_set(&err))
        error_clear(&err);
    drain(p);
}

static bool is_cut_off(const struct pump *p)
{
    return p->direction->at_end == AT_END_SHUT_IF_WHOLE && stream_truncation(p->from) != NULL;
}

static void on_readable(void *arg)
{
    struct pump *p = arg;
    struct error err = {0};

    for (int round = 0; round < ROUNDS; round++) {
        switch (copy_once(p, &err)) {
        case ROUND_MOVED:
            if (p->direction->on_moved != NULL)
                p->direction->on_moved(p->owner);
            if (p->running && !p->draining && p->direction->first_is_enough)
                finish(p, PUMP_SATISFIED, false);
            if (!p->running || p->draining || !stream_has_more(p->from))
                return;
            break;
        case ROUND_BLOCKED:
            stream_set_reader(p->from, NULL, NULL);
            stream_wait(p->to, &p->waiting);
            return;
        case ROUND_STARVED:
            return;
        case ROUND_ENDED:
            finish(p, is_cut_off(p) ? PUMP_READ_FAILED : PUMP_ENDED, false);
            return;
        case ROUND_SATISFIED:
            finish(p, PUMP_SATISFIED, true);
            return;
        case ROUND_READ_FAILED:
            finish(p, PUMP_READ_FAILED, false);
            return;
        case ROUND_CONVERT_FAILED:
            end(p, PUMP_CONVERT_FAILED, &err);
            return;
        case ROUND_WRITE_FAILED:
            end(p, PUMP_WRITE_FAILED, &err);
            return;
        }
    }
}

static void on_writable(struct stream_waiter *w)
{
    struct pump *p = container_of(w, struct pump, waiting);

    if (p->draining) {
        drain(p);
        return;
    }
    stream_set_reader(p->from, on_readable, p);
    on_readable(p);
}

void pump_start(struct pump *p, const struct direction *d, void *owner, struct workspace *w,
                struct stream *from, struct stream *to,
                void (*on_end)(struct pump *p, enum pump_end how, struct error *why))
{
    *p = (struct pump){
        .direction = d,
        .owner = owner,
        .on_end = on_end,
        .work = w,
        .from = from,
        .to = to,
        .waiting.on_writable = on_writable,
        .running = true,
    };
    list_init(&p->waiting.link);
    if (d->make_filter == NULL && to == NULL)
        p->method = PUMP_DISCARDED;
    else if (d->make_filter == NULL && stream_can_borrow(from))
        p->method = PUMP_BORROWED;
    else if (d->make_filter == NULL && !d->one_send && kernel_copy_is_possible(from, to))
        p->method = PUMP_IN_KERNEL;
    stream_set_reader(from, on_readable, p);
}

void pump_discard_rest(struct pump *p)
{
    static const struct direction discard = {.at_end = AT_END_KEEP};

    pump_start(p, &discard, p->owner, p->work, p->from, NULL, p->on_end);
}

bool pump_is_blocked(const struct pump *p)
{
    return p->running && p->waiting.link.next != &p->waiting.link;
}

void pump_try(struct pump *p)
{
    if (p->running && !p->draining && !pump_is_blocked(p))
        on_readable(p);
}

void pump_finish(struct pump *p, enum pump_end how)
{
    if (p->running && !p->draining) {
        list_remove(&p->waiting.link);
        finish(p, how, false);
    }
}
