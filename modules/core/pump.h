/*
 * A pump copies one direction from its source to its end: through filters where there are
 * any, inside the kernel where there are none. A pump reads only while its sink takes what
 * it has read, so nothing queues without end, and it shares its thread fairly.
 */
#ifndef CORE_PUMP_H
#define CORE_PUMP_H

#include "core/stream.h"
#include "core/workspace.h"
#include "text/filter.h"

/* What happens to the sink when the source has ended. */
enum at_end {
    AT_END_SHUT,
    AT_END_SHUT_IF_WHOLE, /* data that may be cut off, stream_truncation(), is a failure to read */
    AT_END_KEEP,          /* --no-half-close, --until first */
    AT_END_KEEP_IF_EMPTY, /* an input without a byte decides nothing: its end closes nothing, and
                           * a conversation whose other direction has ended does not wait for it */
};

/* Settings of one direction, shared by all pumps of a kind. */
struct direction {
    size_t read_max; /* the most that one read takes; 0: the default */
    uint64_t rate;   /* the most bytes per second, see core/throttle.h; 0: no limit */
    enum at_end at_end;
    bool first_is_enough; /* one read that returns data satisfies the direction */
    bool one_send;        /* one send call must take all that was read, or the pump fails */
    /* NULL, or makes the filter when the first bytes of from arrive. Returns NULL with err
     * filled on failure. Without it, bytes pass unchanged. */
    struct filter *(*make_filter)(void *owner, struct stream *from, struct error *err);
    /* NULL, or called when bytes have moved. */
    void (*on_moved)(void *owner);
};

enum pump_end {
    PUMP_ENDED,     /* the source has ended, and the sink has taken everything */
    PUMP_SATISFIED, /* as much as was wanted has come */
    PUMP_READ_FAILED,
    PUMP_CONVERT_FAILED,
    PUMP_WRITE_FAILED, /* or the sink took less than it had to */
};

/* How bytes are copied; decided at the start. */
enum pump_method { PUMP_BY_HAND, PUMP_IN_KERNEL, PUMP_BORROWED, PUMP_DISCARDED };

struct pump {
    const struct direction *direction;
    void *owner; /* for the callbacks of the direction */
    void (*on_end)(struct pump *p, enum pump_end how, struct error *why);
    struct workspace *work;
    struct stream *from;
    struct stream *to;            /* NULL: the data is discarded after the filter has seen it */
    struct extra *extra;          /* NULL until it is needed */
    struct stream_waiter waiting; /* for the sink */
    enum pump_method method : 8;
    enum pump_end how : 8; /* while draining: how it ends */
    bool running : 1;
    bool draining : 1; /* nothing more is read, and the sink has not taken everything */
};

/* Starts copying; callbacks come later. on_end is called once, last, unless pump_stop() was
 * called; why is empty unless how is a failure, and may be moved. */
void pump_start(struct pump *p, const struct direction *d, void *owner, struct workspace *w,
                struct stream *from, struct stream *to,
                void (*on_end)(struct pump *p, enum pump_end how, struct error *why));

/* For on_end: starts again, and discards the rest of the source. */
void pump_discard_rest(struct pump *p);

/* Copies at once what can be read, before an event reports it. */
void pump_try(struct pump *p);

/* Reads no more. PUMP_ENDED: as if the source had ended. PUMP_SATISFIED: enough has come. */
void pump_finish(struct pump *p, enum pump_end how);

/* Stops without on_end. Allowed on a pump that does not run, or is all zero. */
void pump_stop(struct pump *p);

/* Returns true when data that was read, or could be read, has to wait: for the sink, or because
 * of the rate. pump_is_paused(): because of the rate. */
bool pump_is_blocked(const struct pump *p);
bool pump_is_paused(const struct pump *p);

#endif
