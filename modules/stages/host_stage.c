/* Owns a connection's place among those of its host, until the client has it. */
#include "stages/host_stage.h"

#include <errno.h>

#include "net/server.h"

struct host_check {
    struct stage stage;
    struct host_limit *limit;
    struct host *host; /* NULL: not counted */
};

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    struct host_check *c = (struct host_check *)g;

    switch (host_limit_take(c->limit, stream_peer(s), &c->host)) {
    case HOST_LIMIT_TAKEN:
        break;
    case HOST_LIMIT_REACHED:
        error_set(err, EXITCODE_FAILED, "--max-conns-per-host %llu",
                  (unsigned long long)c->limit->max);
        return STAGE_REFUSED;
    case HOST_LIMIT_NO_MEMORY:
        error_cause(err, ENOMEM);
        return STAGE_FAILED;
    }
    return STAGE_DONE;
}

static void on_done(struct stage *g, void *arg)
{
    ((struct client *)arg)->host = ((struct host_check *)g)->host;
}

static const struct stage_ops host_ops = {
    .name = "limit per host", .step = step, .on_done = on_done};

struct stage *host_stage(const void *config, struct error *err)
{
    struct host_check *c = stage_new(&host_ops, sizeof(*c), err);

    if (c == NULL)
        return NULL;
    c->limit = (struct host_limit *)config;
    return &c->stage;
}
