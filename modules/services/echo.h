/* The service that sends clients back what they send, as it is or in upper case. */
#ifndef SERVICES_ECHO_H
#define SERVICES_ECHO_H

#include "net/service.h"

struct echo_config {
    const struct text_options *text; /* for upper case; NULL: as it is */
    /* As in struct print_config. */
    void (*on_begin)(void *arg, struct stream *client);
    void *arg;
};

extern const struct service_ops echo_ops; /* config: struct echo_config */

#endif
