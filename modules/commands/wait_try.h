/* One try of wait: connects, and looks for a text in the reply if one is wanted. */
#ifndef COMMANDS_WAIT_TRY_H
#define COMMANDS_WAIT_TRY_H

#include "core/conversation.h"
#include "core/run.h"
#include "net/connect.h"
#include "text/filters.h"

/* What all tries have in common. */
struct wait_tries {
    struct run *run;
    const struct text_options *text;
    const struct buf *message;     /* sent first; as it goes over the wire */
    const char *expect;            /* NULL: a connection is enough */
    struct conversation_plan plan; /* the limits are set; wait_try_prepare() does the rest */
    struct text_format format;
    struct text_counts counts;
};

struct wait_try;

/* Call once, before the first try. */
void wait_try_prepare(struct wait_tries *all);

/* Starts a try of target by the plan, whose own targets do not count. on_end is called from
 * the loop, once, and the try is gone then: why is empty where all went well, or has the cause
 * and its errno, which may be one of socket_is_own_failure(). Returns NULL with err
 * filled on failure. Target and plan have to stay. */
struct wait_try *wait_try_start(struct wait_tries *all, const struct connect_plan *plan,
                                const struct connect_target *target,
                                void (*on_end)(void *arg, struct error *why), void *arg,
                                struct error *err);

/* Returns true while the try is connected, and the text has not come. */
bool wait_try_is_connected(const struct wait_try *t);

/* Gives up; on_end is never called. NULL is allowed. */
void wait_try_cancel(struct wait_try *t);

#endif
