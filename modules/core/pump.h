/*
 * Copies one direction from its source to its end: through filters where there
 * are any, inside the kernel where there are none. A pump reads only while its
 * sink takes what it has read, so nothing queues without end, and it shares its
 * thread fairly.
 */
#ifndef CORE_PUMP_H
#define CORE_PUMP_H

#include "core/batch.h"
#include "core/kernel_copy.h"
#include "core/stream.h"
#include "text/filter.h"

/* What the pumps of one thread share; its memory is lent for one callback. */
struct workspace {
    struct loop *loop;
    char *scratch; /* for what is read */
    size_t scratch_size;
    struct buf converted; /* for what filters give */
    struct kernel_pipe pipe;
    struct batch batch;
};

/* Prepares a workspace that owns nothing yet, and frees what it came to own. */
void workspace_init(struct workspace *w, struct loop *l);
void workspace_clear(struct workspace *w);

enum pump_end {
    PUMP_DELIVERED,     /* the source has ended, and the sink has taken everything */
    PUMP_SATISFIED,     /* as much as was wanted has come */
    PUMP_READ_FAILED,   /* the source failed */
    PUMP_FILTER_FAILED, /* data could not be converted */
    PUMP_WRITE_FAILED,  /* the sink failed, or took less than it had to */
};

struct pump;

/* How a pump works; shared by all pumps that do the same. */
struct pump_plan {
    size_t read_max;    /* the most that one read takes */
    bool shut_at_end;   /* the sink ends with the source */
    bool empty_is_open; /* but not when the source was empty */
    bool one_read;      /* satisfied after one read that brought something */
    bool one_write;     /* everything has to go in one write, or it fails */
    /* NULL, or makes the filter when the first bytes come. NULL with err filled on failure. */
    struct filter *(*make_filter)(struct pump *p, struct error *err);
    /* NULL, or called after bytes have moved. */
    void (*on_data)(struct pump *p);
    /* Called once, last. why is empty unless end is one of the failures; it may be
     * moved away. The callback may free the pump's surroundings by a task. */
    void (*on_end)(struct pump *p, enum pump_end end, struct error *why);
};

struct pump {
    const struct pump_plan *plan;
    void *owner;
    struct workspace *work;
    struct stream *from;
    struct stream *to;       /* NULL: what comes is dropped */
    struct shaping *shaping; /* the filter at work; NULL until bytes come */
    struct stream_writer waiting;
    struct task again;
    bool running;
    bool discarding;
    bool draining; /* nothing more is read, and the sink has not taken everything */
    bool kernel_refused;
    enum pump_end ending; /* while draining: what it comes to then */
};

/* Sets p up as idle, so that pump_stop() is harmless. */
void pump_init(struct pump *p);

/* Starts copying; the first callbacks may come before it returns. from must have
 * no other reader. owner is for the callbacks. */
void pump_start(struct pump *p, const struct pump_plan *plan, void *owner, struct workspace *w,
                struct stream *from, struct stream *to);

/* From now on what comes is dropped; the plan's limits no longer hold. */
void pump_discard(struct pump *p);

/* Stops without on_end. Harmless on a pump that is not running. */
void pump_stop(struct pump *p);

#endif
