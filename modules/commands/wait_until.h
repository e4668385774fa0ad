/* Waits until addresses accept connections, or no longer do. */
#ifndef COMMANDS_WAIT_UNTIL_H
#define COMMANDS_WAIT_UNTIL_H

#include "commands/wait_address.h"
#include "commands/wait_try.h"

struct wait_goal {
    bool any;  /* one address is enough */
    bool gone; /* until no connection can be made */
    int64_t deadline_ms;
};

/* Runs the loop until the goal is reached, the run is over, or the deadline has passed, which
 * is reported for each address with its cause. */
void wait_until(struct wait_tries *tries, const struct wait_addresses *addresses,
                const struct wait_goal *goal);

#endif
