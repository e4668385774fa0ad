/* Rejects each line that cannot be converted, whole, and continues with the next. */
#ifndef CHAT_LINE_GUARD_H
#define CHAT_LINE_GUARD_H

#include "text/filter.h"

struct line_guard_ops {
    /* Returns a new filter that converts lines, or NULL with err filled. Called for the first
     * line, and for the first after a rejected one: the state of a failed conversion is lost. */
    struct filter *(*make)(void *arg, struct error *err);
    /* A line was rejected, and nothing of it has come out; why may be moved. */
    void (*on_rejected)(void *arg, struct error *why);
};

/* Returns a new filter, or NULL without memory. Each feed has to be a whole line, or a whole
 * message without a line ending; only failures with EXITCODE_DATA are rejections. */
struct filter *line_guard_new(const struct line_guard_ops *ops, void *arg);

#endif
