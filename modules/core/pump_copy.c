/* Owns one round of copying, by hand or in the kernel, through a filter or not. Leaves to pump.c
 * when there is one, and what its result means. */
#include <errno.h>
#include <stdlib.h>

#include "core/kernel_copy.h"
#include "core/pump_private.h"

enum {
    FLUSH_DELAY_MS = 100,     /* how long a filter may keep an unfinished line */
    READ_DEFAULT = 128 << 10, /* a read into memory: it should fit a processor cache */
    KERNEL_DEFAULT = 1 << 20, /* a copy inside the kernel: the larger the better */
    PIECES = 64,
    CONVERTED_KEPT = 4 << 20, /* a larger buffer is freed after use */
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
    struct filter *f = p->extra->filter;
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

/* Allocates extra. Returns 0, or -1 with err filled. */
static int need_extra(struct pump *p, struct error *err)
{
    if (p->extra != NULL)
        return 0;
    p->extra = calloc(1, sizeof(*p->extra));
    if (p->extra == NULL) {
        error_errno(err, ENOMEM, "error converting data of %s", stream_name(p->from));
        return -1;
    }
    *p->extra = (struct extra){.pump = p, .flush.on_due = pump_on_pause};
    return 0;
}

static bool has_filter(const struct pump *p)
{
    return p->extra != NULL && p->extra->filter != NULL;
}

static int make_filter(struct pump *p, struct error *err)
{
    struct filter *f = p->direction->make_filter(p->owner, p->from, err);

    if (f == NULL)
        return -1;
    if (need_extra(p, err) < 0) {
        filter_free(f);
        return -1;
    }
    p->extra->filter = f;
    return 0;
}

/* Returns ROUND_MOVED when some bytes may be copied now. */
static enum round obey_rate(struct pump *p, struct error *err)
{
    uint64_t rate = p->direction->rate;

    if (rate == 0)
        return ROUND_MOVED;
    if (need_extra(p, err) < 0)
        return ROUND_CONVERT_FAILED;
    if (p->extra->throttle == NULL)
        p->extra->throttle = throttle_new(p->work->loop, rate, p->from, p->to, pump_resume, p);
    if (p->extra->throttle != NULL)
        return throttle_allows(p->extra->throttle) > 0 ? ROUND_MOVED : ROUND_PAUSED;
    error_errno(err, ENOMEM, "error limiting the rate of %s", stream_name(p->from));
    return ROUND_CONVERT_FAILED;
}

/* Returns how many of so many bytes may be copied now. */
static size_t allowed(const struct pump *p, size_t n)
{
    size_t most = p->direction->rate > 0 ? throttle_allows(p->extra->throttle) : n;

    return most < n ? most : n;
}

static size_t read_size(const struct pump *p, size_t by_default)
{
    return p->direction->read_max != 0 ? p->direction->read_max : by_default;
}

static enum round copy_by_hand(struct pump *p, struct error *err)
{
    size_t got, max = read_size(p, READ_DEFAULT);
    char *scratch = workspace_scratch(p->work, max);
    enum io read;
    enum round result;

    if (scratch == NULL) {
        error_errno(err, ENOMEM, "error reading from %s", stream_name(p->from));
        return ROUND_CONVERT_FAILED;
    }
    read = stream_read(p->from, scratch, allowed(p, max), &got);
    if (read != IO_OK)
        return round_of_read[read];
    if (p->direction->make_filter == NULL)
        return write_out(p, scratch, got, err);
    if (!has_filter(p) && make_filter(p, err) < 0)
        return ROUND_CONVERT_FAILED;
    result = convert(p, FEED, scratch, got, err);
    if (result == ROUND_MOVED && filter_pending(p->extra->filter))
        loop_set_timer(p->work->loop, &p->extra->flush, FLUSH_DELAY_MS);
    return result;
}

/* Cuts pieces off after so many bytes; returns how many pieces remain. */
static size_t cut(struct iovec *pieces, size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].iov_len >= bytes) {
            pieces[i].iov_len = bytes;
            return i + 1;
        }
        bytes -= pieces[i].iov_len;
    }
    return count;
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
    count = cut(pieces, count, allowed(p, SIZE_MAX));
    result = stream_try_write(p->to, pieces, (int)count, &put);
    if (put > 0)
        stream_take(p->from, put);
    return round_of_write[result];
}

static enum round copy_in_kernel(struct pump *p, struct error *err)
{
    struct buf rest = {0};
    size_t max = allowed(p, read_size(p, KERNEL_DEFAULT));
    enum round result;

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
        if (buf_length(&rest) == 0)
            break;
        result = write_out(p, buf_head(&rest), buf_length(&rest), err);
        buf_free(&rest);
        return result;
    case KERNEL_COPY_BY_HAND:
        break;
    }
    return copy_by_hand(p, err);
}

enum round pump_copy_once(struct pump *p, struct error *err)
{
    enum round result;
    size_t got;

    if (p->to != NULL && stream_is_blocked(p->to))
        return ROUND_BLOCKED;
    result = obey_rate(p, err);
    if (result != ROUND_MOVED)
        return result;
    if (p->method == PUMP_DISCARDED)
        return round_of_read[stream_read(p->from, NULL, allowed(p, KERNEL_DEFAULT), &got)];
    if (p->method == PUMP_IN_KERNEL)
        return copy_in_kernel(p, err);
    return p->method == PUMP_BORROWED ? copy_borrowed(p, err) : copy_by_hand(p, err);
}

enum round pump_copy_unfinished(struct pump *p, struct error *err)
{
    return convert(p, FLUSH, NULL, 0, err);
}

enum round pump_copy_rest(struct pump *p, struct error *err)
{
    return has_filter(p) ? convert(p, FINISH, NULL, 0, err) : ROUND_MOVED;
}
