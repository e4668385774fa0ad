/* --workers: more threads that each have a loop and accept from the same listening sockets,
 * under one set of limits and with one shutdown. */
#ifndef COMMANDS_WORKERS_H
#define COMMANDS_WORKERS_H

#include "commands/listening.h"

enum workers_order {
    WORKERS_SERVE,
    WORKERS_STOP,  /* stop listening, wait for clients */
    WORKERS_ABORT, /* end now */
};

/* Starts count threads besides the one of l, whose server is open. Returns 0, or -1 with err
 * filled; workers_end() is to be called in both cases. */
int workers_start(struct listening *l, size_t count, struct error *err);

/* Gives an order to all workers; any thread may. w may be NULL. */
void workers_order(struct workers *w, enum workers_order order);

/* Returns true when all workers have ended. w may be NULL. */
bool workers_are_done(const struct workers *w);

/* Waits until all workers have ended, adds their outcome to l's, and frees them. */
void workers_end(struct listening *l);

#endif
