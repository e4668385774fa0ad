/* The stage that makes a connection one of TLS, in either role. */
#ifndef STAGES_TLS_STAGE_H
#define STAGES_TLS_STAGE_H

#include "core/stage.h"
#include "net/tls_context.h"

struct tls_stage_config {
    struct tls_context *context;
    const char *host; /* that is connected to; NULL in a server */
};

/* Makes the stage. config: struct tls_stage_config. */
struct stage *tls_stage(const void *config, struct error *err);

#endif
