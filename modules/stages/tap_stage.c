/* Owns the moment at which a tap is installed. */
#include "stages/tap_stage.h"

#include "core/tap.h"

struct tap_stage {
    struct stage stage;
    struct hexdump *dump;
};

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    struct tap_stage *t = (struct tap_stage *)g;

    if (stream_is_blocked(s)) /* a PROXY header comes before it */
        return STAGE_WANTS_WRITE;
    return tap_install(t->dump, s, err) == 0 ? STAGE_DONE : STAGE_FAILED;
}

static const struct stage_ops ops = {.name = "--hexdump", .step = step};

struct stage *tap_stage(const void *config, struct error *err)
{
    struct tap_stage *t = stage_new(&ops, sizeof(*t), err);

    if (t == NULL)
        return NULL;
    t->dump = *(struct hexdump *const *)config;
    return &t->stage;
}
