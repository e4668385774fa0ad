/* Owns the order of stages. What each does is its own business. */
#include "commands/listening_stages.h"

#include "stages/host_stage.h"
#include "stages/proxy_header.h"
#include "stages/tap_stage.h"

size_t listening_stages_plan(struct listening *l)
{
    const struct listen_options *o = l->options;
    size_t stages = 0;

    l->host_limit = (struct host_limit)HOST_LIMIT_INIT;
    l->host_limit.max = o->max_conns_per_host;
    if (o->accept_proxy)
        l->stages[stages++] = (struct stage_plan){.make = proxy_header_reader};
    if (o->allow.count > 0 || o->deny.count > 0)
        l->stages[stages++] = (struct stage_plan){.make = access_stage, .config = &l->access};
    if (o->max_conns_per_host > 0)
        l->stages[stages++] = (struct stage_plan){.make = host_stage, .config = &l->host_limit};
    if (l->tls.context != NULL)
        l->stages[stages++] = (struct stage_plan){.make = tls_stage, .config = &l->tls};
    if (l->run.dump != NULL)
        l->stages[stages++] = (struct stage_plan){.make = tap_stage, .config = &l->run.dump};
    if (l->last_stage.make != NULL)
        l->stages[stages++] = l->last_stage;
    return stages;
}
