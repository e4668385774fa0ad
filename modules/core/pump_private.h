/* The inside of a pump, for pump.c and for pump_copy.c, which copies for it. */
#ifndef CORE_PUMP_PRIVATE_H
#define CORE_PUMP_PRIVATE_H

#include "core/pump.h"
#include "core/throttle.h"

/* State of pumps that filter, from the first bytes on, or that have a rate: idle connections
 * stay small. */
struct extra {
    struct pump *pump;
    struct filter *filter; /* NULL: none yet */
    struct timer flush;
    struct throttle *throttle; /* NULL: no limit */
};

/* The result of one round of copying. */
enum round {
    ROUND_MOVED,
    ROUND_STARVED,
    ROUND_BLOCKED,
    ROUND_PAUSED,    /* the rate allows nothing now */
    ROUND_ENDED,     /* the source has ended */
    ROUND_SATISFIED, /* the filter has what it wanted */
    ROUND_READ_FAILED,
    ROUND_CONVERT_FAILED,
    ROUND_WRITE_FAILED,
};

/* Copies once, as much as the rate and the sizes of direction allow. */
enum round pump_copy_once(struct pump *p, struct error *err);

/* Writes the unfinished line that the filter keeps; or all that it keeps, as the source has
 * ended. */
enum round pump_copy_unfinished(struct pump *p, struct error *err);
enum round pump_copy_rest(struct pump *p, struct error *err);

/* For timers: an unfinished line is due; the rate allows some bytes again. */
void pump_on_pause(struct timer *t);
void pump_resume(void *arg);

#endif
