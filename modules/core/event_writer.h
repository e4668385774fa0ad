/* Writes events to standard error from a loop, without ever blocking it. */
#ifndef CORE_EVENT_WRITER_H
#define CORE_EVENT_WRITER_H

#include <pthread.h>

#include "base/event.h"
#include "core/loop.h"
#include "core/transport.h"

struct event_writer {
    struct event_sink sink;
    struct loop *loop;
    pthread_t thread; /* of the loop */
    struct transport error_output;
    bool opened;
    struct watch watch;
    struct waker waker; /* for the loops of other threads */
};

/* From now on events of the loop's thread are written by w; event_writer_share(): and those
 * of other threads, too. Returns 0, or -1 with err filled. */
void event_writer_start(struct event_writer *w, struct loop *l);
int event_writer_share(struct event_writer *w, struct error *err);

/* Writes what is left, for at most 1 s. */
void event_writer_stop(struct event_writer *w);

#endif
