/* A tap: a transport that dumps what goes through the one below it. The kernel cannot copy
 * past it. */
#ifndef CORE_TAP_H
#define CORE_TAP_H

#include "core/hexdump.h"

/* Layers a tap over the connection s, of which nothing may be unsent. d has to stay. Returns 0,
 * or -1 with err filled. */
int tap_install(struct hexdump *d, struct stream *s, struct error *err);

#endif
