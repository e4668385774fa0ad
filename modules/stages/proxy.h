/* A proxy between here and the target: SOCKS 4A and 5, HTTP CONNECT. The proxy looks up the
 * target's name. */
#ifndef STAGES_PROXY_H
#define STAGES_PROXY_H

#include "base/proxy_url.h"
#include "core/stage.h"
#include "net/connect.h"

/* Makes a stage that asks the proxy at the other end of the stream for a connection to the
 * target, and names the stream after the target. config: struct connect_hop, whose own config is
 * the struct proxy_url. */
struct stage *proxy_stage(const void *config, struct error *err);

#endif
