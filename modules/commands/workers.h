/*
 * --workers: more threads that each have a loop and accept from the same listening
 * sockets, under one set of limits and with one shutdown.
 */
#ifndef COMMANDS_WORKERS_H
#define COMMANDS_WORKERS_H

#include "commands/hosting.h"

enum workers_order {
    WORKERS_SERVE,
    WORKERS_STOP,  /* stop listening, let clients end */
    WORKERS_ABORT, /* end now */
};

/* Starts count threads besides h, which listens already. Returns NULL with err
 * filled on failure; nobody serves then. */
struct workers *workers_start(struct hosting *h, size_t count, struct error *err);

/* Gives an order to all workers; any thread may. */
void workers_order(struct workers *c, enum workers_order order);

/* Waits until all workers have ended, brings their failures and what they cut off
 * into h's, and frees the crew. NULL is fine. */
void workers_end(struct workers *c, struct hosting *h);

/* True when h has nothing to wait for: it is a worker, or all workers have ended. */
bool workers_lets_go(struct workers *c, const struct hosting *h);

/* What the limits are counted in. */
struct server_limit *workers_crowd(struct workers *c);

#endif
