/*
 * The limit on clients that the servers of all workers share. A loop above its share of the
 * clients leaves the listener to the others: the loop that is awake would get all of them
 * otherwise. Loops that are paused, for that reason or because of the limit, are woken when
 * a slot becomes free and when a client is accepted.
 */
#ifndef NET_SERVER_LIMIT_H
#define NET_SERVER_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct server_limit {
    uint64_t max;   /* clients at a time; 0: no limit */
    uint64_t loops; /* servers that share it */
    atomic_uint_fast64_t clients;
    atomic_uint_fast64_t accepted; /* ever: served, neither refused nor failed before */
    atomic_uint_fast64_t refused;  /* ever */
    atomic_uint_fast64_t paused;   /* servers */
    void (*wake)(void *arg);       /* has server_resume() called in every loop; may be NULL
                                    * for one */
    void *arg;
    void (*on_count)(void *arg); /* NULL, or called in any thread when clients or refused have
                                  * changed */
    void *count_arg;
};

/* Takes the slot of a client; returns false when there is none. */
bool server_limit_take(struct server_limit *l);

/* Frees a slot. */
void server_limit_release(struct server_limit *l);

/* A client that has its slot is served: the shares have changed. */
void server_limit_accepted(struct server_limit *l);

/* Counts a client that a rule has refused. */
void server_limit_refuse(struct server_limit *l);

/* Returns true while there is a slot, and a loop that serves so many may take it. */
bool server_limit_allows(const struct server_limit *l, uint64_t served);

/* Returns true when so many are one loop's share of the limit, or more; each has at least one.
 * Clients in their handshake have this limit for themselves, and each loop drops its own
 * oldest: one that no loop drops would keep newer clients out. */
bool server_limit_is_share(const struct server_limit *l, uint64_t count);

/* A loop begins to pause, or ends it. */
void server_limit_pause(struct server_limit *l, bool paused);

#endif
