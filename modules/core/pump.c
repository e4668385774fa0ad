/* Owns the copying of one direction. Leaves to its owner what the end of it means. */
#include "core/pump.h"

#include <errno.h>
#include <stdlib.h>

enum {
    ROUNDS = 16,              /* reads before others get their turn */
    FLUSH_DELAY_MS = 100,     /* how long a filter may keep an unfinished line */
    READ_DEFAULT = 128 << 10, /* a read into memory: it should fit a processor cache */
    KERNEL_DEFAULT = 1 << 20, /* a copy inside the kernel: the fewer the better */
    DISCARD_MAX = 1 << 20,
    CONVERTED_KEPT = 4 << 20, /* a larger buffer is given back after use */
};

/* What one round of copying came to. */
enum round {
    ROUND_MOVED,
    ROUND_STARVED,
    ROUND_BLOCKED,
    ROUND_ENDED,     /* the source has */
    ROUND_SATISFIED, /* the filter has */
    ROUND_READ_FAILED,
    ROUND_FILTER_FAILED,
    ROUND_WRITE_FAILED,
};

/* What a pump with a filter has besides, so that an idle one without costs nothing. */
struct shaping {
    struct pump *pump;
    struct filter *filter;
    struct timer flush;
};

void workspace_init(struct workspace *w, struct loop *l)
{
    *w = (struct workspace){.loop = l};
    kernel_pipe_init(&w->pipe);
    batch_init(&w->batch);
}

void workspace_clear(struct workspace *w)
{
    free(w->scratch);
    buf_free(&w->converted);
    kernel_pipe_clear(&w->pipe);
    *w = (struct workspace){0};
    kernel_pipe_init(&w->pipe);
}

static char *get_scratch(struct workspace *w, size_t size)
{
    if (w->scratch_size < size) {
        free(w->scratch);
        w->scratch = malloc(size);
        w->scratch_size = w->scratch != NULL ? size : 0;
    }
    return w->scratch;
}

void pump_init(struct pump *p)
{
    *p = (struct pump){0};
    list_init(&p->waiting.link);
    list_init(&p->again.link);
}

static void cancel_flush(struct pump *p)
{
    if (p->shaping != NULL)
        loop_cancel_timer(p->work->loop, &p->shaping->flush);
}

void pump_stop(struct pump *p)
{
    if (!p->running)
        return;
    p->running = false;
    list_remove(&p->waiting.link);
    task_cancel(&p->again);
    batch_forget(&p->work->batch, p->from);
    if (!p->from->closed)
        stream_set_reader(p->from, NULL, NULL);
    if (p->shaping != NULL) {
        cancel_flush(p);
        filter_free(p->shaping->filter);
        free(p->shaping);
        p->shaping = NULL;
    }
}

static void end(struct pump *p, enum pump_end how, struct error *why)
{
    struct error none = {0};
    struct error *told = why != NULL ? why : &none;

    if (!p->running)
        return;
    pump_stop(p);
    p->plan->on_end(p, how, told);
    error_clear(told);
}

/* One send call, and it has to take everything. */
static enum round write_once(struct pump *p, const char *bytes, size_t n, struct error *err)
{
    struct iovec all = {(char *)bytes, n};
    char text[ADDR_TEXT_SIZE];
    size_t put;

    if (stream_try_write(p->to, &all, 1, &put, err) == IO_FAILED)
        return ROUND_WRITE_FAILED;
    if (put == n)
        return ROUND_MOVED;
    error_set(err, EXITCODE_FAILED, "sending to %s: one send call took %zu of %zu bytes",
              transport_name(&p->to->transport, text), put, n);
    return ROUND_WRITE_FAILED;
}

static enum round write_out(struct pump *p, const char *bytes, size_t n, struct error *err)
{
    if (n == 0)
        return ROUND_MOVED;
    if (p->plan->one_write)
        return write_once(p, bytes, n, err);
    return stream_write(p->to, bytes, n, err) == IO_FAILED ? ROUND_WRITE_FAILED : ROUND_MOVED;
}

/* Filters do not know whose bytes they see. */
static void name_source(const struct pump *p, struct error *err)
{
    struct error why = {0};
    char text[ADDR_TEXT_SIZE];

    error_move(&why, err);
    error_set(err, why.status, "%s: %s", transport_name(&p->from->transport, text), why.text);
    error_clear(&why);
}

/* Lets the filter act and writes what it gives. bytes NULL: it finishes, or flushes. */
static enum round convert(struct pump *p, const char *bytes, size_t n, bool finish,
                          struct error *err)
{
    struct filter *f = p->shaping->filter;
    struct buf *out = &p->work->converted;
    enum filter_result result;
    enum round written;

    buf_reset(out);
    if (bytes != NULL)
        result = f->ops->feed(f, bytes, n, out, err);
    else if (finish)
        result = f->ops->finish(f, out, err);
    else
        result = f->ops->flush(f, out, err);
    /* What came before a failure counts; the failure is told all the same. */
    if (result == FILTER_FAILED && f->ops->flush != NULL)
        f->ops->flush(f, out, NULL);
    written = write_out(p, buf_head(out), buf_length(out), result == FILTER_FAILED ? NULL : err);
    if (out->size > CONVERTED_KEPT)
        buf_free(out);
    if (result == FILTER_FAILED) {
        name_source(p, err);
        return ROUND_FILTER_FAILED;
    }
    if (result == FILTER_DONE && written == ROUND_MOVED)
        return ROUND_SATISFIED;
    return written;
}

static void on_pause(struct timer *t);

static int begin_shaping(struct pump *p, struct error *err)
{
    struct shaping *shaping = calloc(1, sizeof(*shaping));

    if (shaping == NULL) {
        transport_read_error(&p->from->transport, ENOMEM, err);
        return -1;
    }
    shaping->pump = p;
    shaping->flush.on_due = on_pause;
    shaping->filter = p->plan->make_filter(p, err);
    if (shaping->filter == NULL) {
        free(shaping);
        return -1;
    }
    p->shaping = shaping;
    return 0;
}

static enum round pass_on(struct pump *p, const char *bytes, size_t n, struct error *err)
{
    const struct filter *f;
    enum round result;

    if (p->plan->make_filter == NULL)
        return write_out(p, bytes, n, err);
    if (p->shaping == NULL && begin_shaping(p, err) < 0)
        return ROUND_FILTER_FAILED;
    result = convert(p, bytes, n, false, err);
    f = p->shaping->filter;
    if (result == ROUND_MOVED && f->ops->pending != NULL && f->ops->pending(f))
        loop_set_timer(p->work->loop, &p->shaping->flush, FLUSH_DELAY_MS);
    return result;
}

static enum round from_io(enum io result)
{
    switch (result) {
    case IO_OK:
        return ROUND_MOVED;
    case IO_AGAIN:
        return ROUND_STARVED;
    case IO_END:
        return ROUND_ENDED;
    case IO_FAILED:
        break;
    }
    return ROUND_READ_FAILED;
}

static enum round copy_by_hand(struct pump *p, struct error *err)
{
    size_t got, max = p->plan->read_max != 0 ? p->plan->read_max : READ_DEFAULT;
    char *scratch = get_scratch(p->work, max);
    enum round result;

    if (scratch == NULL) {
        p->from->read_failure = ENOMEM;
        transport_read_error(&p->from->transport, ENOMEM, err);
        return ROUND_READ_FAILED;
    }
    result = from_io(stream_read(p->from, scratch, max, &got, err));
    if (result != ROUND_MOVED)
        return result;
    return pass_on(p, scratch, got, err);
}

static enum round copy_in_kernel(struct pump *p, enum kernel_route route, struct error *err)
{
    struct buf rest = {0};
    size_t moved, max = p->plan->read_max != 0 ? p->plan->read_max : KERNEL_DEFAULT;
    enum kernel_copy_result result =
        kernel_copy(route, &p->work->pipe, p->from, p->to, max, &rest, &moved, err);
    enum round written = ROUND_MOVED;
    switch (result) {
    case KERNEL_COPY_OK:
        return ROUND_MOVED;
    case KERNEL_COPY_STARVED:
        return ROUND_STARVED;
    case KERNEL_COPY_BLOCKED:
        return ROUND_BLOCKED;
    case KERNEL_COPY_STUCK:
        return copy_by_hand(p, err);
    case KERNEL_COPY_END:
        return ROUND_ENDED;
    case KERNEL_COPY_READ_FAILED:
        return ROUND_READ_FAILED;
    case KERNEL_COPY_WRITE_FAILED:
        return ROUND_WRITE_FAILED;
    case KERNEL_COPY_REFUSED:
        break;
    }
    p->kernel_refused = true;
    if (buf_length(&rest) > 0)
        written = write_out(p, buf_head(&rest), buf_length(&rest), err);
    buf_free(&rest);
    return written;
}

static enum round copy_once(struct pump *p, struct error *err)
{
    enum kernel_route route;
    size_t got;

    if (p->to == NULL || p->discarding)
        return from_io(stream_discard(p->from, DISCARD_MAX, &got, err));
    if (stream_is_broken(p->to, err))
        return ROUND_WRITE_FAILED;
    if (stream_is_blocked(p->to))
        return ROUND_BLOCKED;
    if (p->plan->make_filter == NULL && !p->plan->one_write && !p->kernel_refused) {
        route = kernel_copy_route(&p->from->transport, &p->to->transport);
        if (route != KERNEL_ROUTE_NONE)
            return copy_in_kernel(p, route, err);
    }
    return copy_by_hand(p, err);
}

static void end_failed_round(struct pump *p, enum round result, struct error *err)
{
    if (result == ROUND_FILTER_FAILED)
        end(p, PUMP_FILTER_FAILED, err);
    if (result == ROUND_WRITE_FAILED)
        end(p, PUMP_WRITE_FAILED, err);
}

static bool is_failure(enum round result)
{
    return result == ROUND_FILTER_FAILED || result == ROUND_WRITE_FAILED;
}

static void wait_for_sink(struct pump *p, struct error *err)
{
    error_clear(err);
    stream_wait(p->to, &p->waiting);
}

/* Waits until the sink has taken everything; then the pump ends. */
static void drain(struct pump *p)
{
    struct error err = {0};
    bool shuts = p->plan->shut_at_end && (p->from->in_bytes > 0 || !p->plan->empty_is_open);

    if (p->ending == PUMP_READ_FAILED)
        transport_read_error(&p->from->transport, p->from->read_failure, &err);
    if (p->to == NULL || p->discarding)
        end(p, p->ending, &err);
    else if (stream_is_blocked(p->to) && buf_length(&p->to->out) > 0)
        wait_for_sink(p, &err);
    else if (stream_is_broken(p->to, &err) || (shuts && stream_shut(p->to, &err) < 0))
        end(p, PUMP_WRITE_FAILED, &err);
    else
        end(p, p->ending, &err);
}

/* Nothing more is read: what the filter kept goes out, then the sink empties. */
static void finish(struct pump *p, enum pump_end how, bool filter_is_done)
{
    struct error err = {0};
    enum round result = ROUND_MOVED;

    p->draining = true;
    p->ending = how;
    cancel_flush(p);
    if (p->shaping != NULL && !filter_is_done && !p->discarding)
        result = convert(p, NULL, 0, true, &err);
    /* A failure to read is the reason for what the filter then misses. */
    if (is_failure(result) && how != PUMP_READ_FAILED) {
        end_failed_round(p, result, &err);
        return;
    }
    error_clear(&err);
    drain(p);
}

/* Goes on after a round; false: not now. */
static bool goes_on(struct pump *p, enum round result, struct error *err)
{
    switch (result) {
    case ROUND_MOVED:
        if (p->plan->on_data != NULL && !p->discarding)
            p->plan->on_data(p);
        if (!p->plan->one_read || p->from->in_bytes == 0 || p->discarding)
            return p->running;
        finish(p, PUMP_SATISFIED, false);
        return false;
    case ROUND_BLOCKED:
        stream_wait(p->to, &p->waiting);
        return false;
    case ROUND_STARVED:
        /* Whoever waits for an answer is not to wait longer. */
        if (p->to != p->from)
            batch_starved(&p->work->batch, p->from);
        return false;
    case ROUND_ENDED:
        finish(p, PUMP_DELIVERED, false);
        return false;
    case ROUND_SATISFIED:
        finish(p, PUMP_SATISFIED, true);
        return false;
    case ROUND_READ_FAILED:
        error_clear(err); /* told again when what came before is delivered */
        finish(p, PUMP_READ_FAILED, false);
        return false;
    case ROUND_FILTER_FAILED:
    case ROUND_WRITE_FAILED:
        end_failed_round(p, result, err);
        return false;
    }
    abort();
}

static void run(struct pump *p)
{
    struct error err = {0};

    if (p->draining) {
        drain(p);
        return;
    }
    for (int round = 0; round < ROUNDS; round++)
        if (!goes_on(p, copy_once(p, &err), &err))
            return;
    loop_later(p->work->loop, &p->again);
}

static void on_readable(struct stream *s)
{
    struct pump *p = s->reader;

    if (!list_is_empty(&p->waiting.link))
        stream_ignore(s, STREAM_INPUT);
    else if (!p->draining)
        run(p);
}

static void on_writable(struct stream_writer *w)
{
    run(container_of(w, struct pump, waiting));
}

static void on_turn(struct task *t)
{
    run(container_of(t, struct pump, again));
}

static void on_pause(struct timer *t)
{
    struct pump *p = container_of(t, struct shaping, flush)->pump;
    struct error err = {0};

    end_failed_round(p, convert(p, NULL, 0, false, &err), &err);
}

void pump_start(struct pump *p, const struct pump_plan *plan, void *owner, struct workspace *w,
                struct stream *from, struct stream *to)
{
    pump_init(p);
    p->plan = plan;
    p->owner = owner;
    p->work = w;
    p->from = from;
    p->to = to;
    p->waiting.on_writable = on_writable;
    task_init(&p->again, on_turn);
    p->running = true;
    stream_set_reader(from, on_readable, p);
    if (from->readable)
        run(p);
}

void pump_discard(struct pump *p)
{
    if (!p->running)
        return;
    p->discarding = true;
    list_remove(&p->waiting.link);
    cancel_flush(p);
    loop_later(p->work->loop, &p->again);
}
