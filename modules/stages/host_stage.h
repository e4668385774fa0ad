/* The stage that refuses a client whose host has as many connections as it may have
 * (--max-conns-per-host), and counts the others until they are over. For clients of a server
 * only: the arg of handshake_start() is a struct client. */
#ifndef STAGES_HOST_STAGE_H
#define STAGES_HOST_STAGE_H

#include "core/stage.h"

/* config: struct host_limit. */
struct stage *host_stage(const void *config, struct error *err);

#endif
