/*
 * Lets what comes in fast gather in the kernel before anybody is woken for it
 * (SO_RCVLOWAT; socket(7)): one wake-up for a quarter of a megabyte instead of
 * one per segment. What ends or pauses such a flow waits two milliseconds at
 * most, and a connection to which that happens while more is expected of us is
 * left alone from then on. One flow at a time: where there are several, their
 * reader does not sleep.
 */
#ifndef CORE_BATCH_H
#define CORE_BATCH_H

#include "core/stream.h"

struct batch {
    struct stream *stream; /* whose flow is looked at, or NULL */
    struct timer tick;     /* set while what comes in gathers */
    uint64_t seen_bytes;   /* what had come in at the time since_ms */
    int64_t since_ms;
};

void batch_init(struct batch *b);

/* To be told whenever a socket has been read empty. */
void batch_starved(struct batch *b, struct stream *s);

/* Forgets s; to be called before it is closed or has another reader. */
void batch_forget(struct batch *b, struct stream *s);

#endif
