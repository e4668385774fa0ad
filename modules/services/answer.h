/* The service that replies to each client, and prints what it sends. */
#ifndef SERVICES_ANSWER_H
#define SERVICES_ANSWER_H

#include "services/print.h"

struct answer_config {
    struct print_config print;
    const struct buf *reply; /* sent once the client's first data has arrived, as it goes over
                              * the wire; or NULL */
    int reply_fd;            /* else a regular file, sent at once */
    const char *reply_name;
};

extern const struct service_ops answer_ops; /* config: struct answer_config */

#endif
