/*
 * The service that sends the same to many: standard input to all clients, or (a broker) what
 * each client sends to all others. Each gets it from the time when it connected, at the pace of
 * the clients that read; one that falls behind by the whole buffer is disconnected.
 *
 * Standard input is read from the first client on. At its end the server stops listening, and
 * exits when every client has everything.
 */
#ifndef SERVICES_BROADCAST_H
#define SERVICES_BROADCAST_H

#include "net/service.h"

struct broadcast_config {
    const struct text_options *text; /* how standard input is converted, once for all */
    size_t buffer_bytes;
    size_t recv_size; /* the most that one read takes; 0: the default */
    bool is_broker;
};

extern const struct service_ops broadcast_ops; /* config: struct broadcast_config */

#endif
