/* The service that connects each client to another address, or to the one it requests, and
 * copies both ways. */
#ifndef SERVICES_RELAY_H
#define SERVICES_RELAY_H

#include <stdatomic.h>

#include "net/connect.h"
#include "net/service.h"
#include "stages/access.h"
#include "stages/proxy_header.h"

struct relay_config {
    struct connect_plan connect; /* of every client, but for first and the stages; without
                                  * targets, a stage has found out the target (request.h) */
    const struct text_options *near_text;
    const struct text_options *far_text; /* with the same errors */
    bool spread;                         /* begin with another target for each client */
    atomic_size_t *turn;                 /* with spread: shared by all loops */
    struct tls_context *tls;             /* with targets that clients request; NULL: none */
    struct access *targets;              /* the rules of those that clients may request */
    bool send_proxy;
    enum proxy_header_version proxy_version;
};

extern const struct service_ops relay_ops; /* config: struct relay_config */

#endif
