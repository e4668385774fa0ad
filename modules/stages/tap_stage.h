/* The stage that has a connection dumped, what is inside TLS where it is the last. */
#ifndef STAGES_TAP_STAGE_H
#define STAGES_TAP_STAGE_H

#include "core/hexdump.h"
#include "core/stage.h"

/* Makes the stage. config: struct hexdump *const *. */
struct stage *tap_stage(const void *config, struct error *err);

#endif
