/* The steps between the connection of a client and its service, in their order. */
#ifndef COMMANDS_LISTENING_STAGES_H
#define COMMANDS_LISTENING_STAGES_H

#include "commands/listening.h"

/* Fills l->stages with those that the options ask for. Returns how many there are. */
size_t listening_stages_plan(struct listening *l);

#endif
