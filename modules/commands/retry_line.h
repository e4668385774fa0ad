/* The terminal line that shows the time left of --retry. */
#ifndef COMMANDS_RETRY_LINE_H
#define COMMANDS_RETRY_LINE_H

#include "core/loop.h"
#include "net/connect.h"

/* {0} is none. */
struct retry_line {
    struct loop *loop;
    struct timer next;
    const struct connect_target *target;
    int64_t until_ms;
    bool is_shown;
};

/* Shows on standard error that target is tried for left_ms more, and counts down, until
 * retry_line_clear(). Shows nothing off a terminal and with -q. r and target have to stay. */
void retry_line_show(struct retry_line *r, struct loop *l, const struct connect_target *target,
                     int64_t left_ms);

/* Removes the line. Allowed on one that is not shown. */
void retry_line_clear(struct retry_line *r);

#endif
