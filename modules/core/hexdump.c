/* Owns the form of the dump and its output. */
#include "core/hexdump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "core/local.h"
#include "text/hex.h"

enum { TEXT_KEPT = 1 << 20 }; /* a larger buffer is freed after use */

struct hexdump {
    struct stream *out;
    struct event_sink messages; /* to standard error, behind the pieces */
    const struct event_sink *previous;
    struct stream_waiter waiting; /* for messages */
    struct buf text;
    bool to_file;
    bool failed;
};

/* Messages. */

static ssize_t write_message(void *arg, const char *bytes, size_t n)
{
    struct hexdump *d = arg;

    if (stream_is_blocked(d->out))
        return 0;
    return stream_write(d->out, bytes, n) == IO_OK ? (ssize_t)n : -1;
}

static void on_blocked(void *arg)
{
    struct hexdump *d = arg;

    stream_wait(d->out, &d->waiting);
}

static void on_writable(struct stream_waiter *w)
{
    (void)w;
    event_flush();
}

/* The output. */

struct hexdump *hexdump_open(const char *path, struct loop *l, struct error *err)
{
    struct hexdump *d = calloc(1, sizeof(*d));

    if (d == NULL) {
        error_errno(err, ENOMEM, "--hexdump");
        return NULL;
    }
    d->to_file = path != NULL && strcmp(path, "-") != 0;
    d->out = d->to_file ? local_append_file(l, path, err) : local_open_error_output(l, err);
    if (d->out == NULL) {
        free(d);
        return NULL;
    }
    d->messages = (struct event_sink){write_message, on_blocked, d};
    d->waiting.on_writable = on_writable;
    list_init(&d->waiting.link);
    if (!d->to_file)
        d->previous = event_attach(&d->messages);
    return d;
}

static void fail(struct hexdump *d, const struct error *why)
{
    if (!d->failed)
        event_report(&(struct event){.kind = EVENT_FAILED, .why = why});
    d->failed = true;
}

static void check(struct hexdump *d)
{
    if (stream_failure(d->out) != NULL)
        fail(d, stream_failure(d->out));
}

int hexdump_close(struct hexdump *d)
{
    struct error why = {0};
    size_t lost;
    int result;

    if (d == NULL)
        return 0;
    check(d);
    lost = stream_unsent(d->out);
    if (lost > 0 && d->to_file && !d->failed) {
        error_set(&why, EXITCODE_FAILED,
                  lost == 1 ? "error writing %s: %zu byte was lost"
                            : "error writing %s: %zu bytes were lost",
                  stream_name(d->out), lost);
        fail(d, &why);
        error_clear(&why);
    }
    result = d->failed || lost > 0 ? -1 : 0;
    if (!d->to_file)
        event_attach(d->previous);
    list_remove(&d->waiting.link);
    stream_close(d->out, STREAM_AT_ONCE);
    buf_free(&d->text);
    free(d);
    return result;
}

size_t hexdump_unwritten(const struct hexdump *d)
{
    return d != NULL ? stream_unsent(d->out) : 0;
}

bool hexdump_is_blocked(struct hexdump *d, struct stream_waiter *w)
{
    if (!stream_is_blocked(d->out))
        return false;
    stream_wait(d->out, w);
    return true;
}

/* Pieces. */

static int add_heading(struct buf *text, const char *peer, char direction)
{
    char time[EVENT_TIME_SIZE], end[] = {' ', direction, '\n'};

    event_format_time(time);
    if (buf_format(text, "%s %s", time, peer) < 0)
        return -1;
    event_mask_controls(buf_head(text), buf_length(text));
    return buf_add(text, end, sizeof(end));
}

static int add_bytes(struct buf *text, uint64_t offset, const struct iovec *iov, size_t n)
{
    for (; n > 0; iov++) {
        size_t some = iov->iov_len < n ? iov->iov_len : n;

        if (hex_add_lines(text, offset, iov->iov_base, some) < 0)
            return -1;
        offset += some;
        n -= some;
    }
    return hex_add_end(text, offset);
}

void hexdump_add(struct hexdump *d, struct stream *s, char direction, uint64_t offset,
                 const struct iovec *iov, size_t n)
{
    struct error why = {0};

    if (d->failed)
        return;
    if (add_heading(&d->text, stream_name(s), direction) < 0 ||
        add_bytes(&d->text, offset, iov, n) < 0) {
        error_errno(&why, ENOMEM, "error writing %s", stream_name(d->out));
        fail(d, &why);
        error_clear(&why);
    } else if (d->to_file) {
        stream_write(d->out, buf_head(&d->text), buf_length(&d->text));
    } else {
        event_print_text(buf_head(&d->text), buf_length(&d->text));
    }
    check(d);
    if (d->text.size > TEXT_KEPT)
        buf_free(&d->text);
    buf_reset(&d->text);
}
