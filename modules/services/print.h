/* The service that prints what clients send, or discards it. */
#ifndef SERVICES_PRINT_H
#define SERVICES_PRINT_H

#include "net/service.h"

struct print_config {
    const struct text_options *text;
    bool discards;    /* prints nothing */
    bool labelled;    /* and made safe for a terminal */
    bool is_shared;   /* other loops print to the same output */
    bool ends_output; /* standard output ends with the only client (--once) */
    bool sends_input; /* the only client is sent standard input */
    /* NULL, or called with the stream of a client whose conversation begins. */
    void (*on_begin)(void *arg, struct stream *client);
    void *arg;
};

/* A printing service; services that do more begin with it. */
struct print {
    struct service service;
    const struct print_config *config;
    struct stream *output; /* NULL when nothing is printed, or a conversation has it */
    struct stream *input;
    struct label_screen screen;
    bool output_failed;
};

extern const struct service_ops print_ops; /* config: struct print_config */

/* For services that begin with struct print: the parts of the operations that print. far.in
 * is what the client is sent, or NULL, and is taken over. */
int print_prepare(struct print *p, const struct print_config *config, struct error *err);
int print_begin(struct print *p, struct client *c, struct stream *far_in, struct error *err);
void print_clear(struct print *p);

#endif
