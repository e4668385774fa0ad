/* The inside of an explanation, for explain.c, which prints it, and for explain_connection.c. */
#ifndef NET_EXPLAIN_PRIVATE_H
#define NET_EXPLAIN_PRIVATE_H

#include "base/step.h"
#include "net/explain_sockets.h"

enum { EXPLAIN_CALL_SIZE = 160 };

/* Print a step of a socket, which may be NULL: the call that was made, and what it means, or what
 * it moved. */
void explain_print(struct explain_socket *k, bool numbered, const char *call, const char *meaning);
void explain_say(struct explain_socket *k, const char *call, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void explain_say_data(struct explain_socket *k, const char *call, const struct step *s);

/* Explains a step of a connection: one that moves data, or ends it. */
void explain_connection_step(struct explain_socket *k, const struct step *s);

#endif
