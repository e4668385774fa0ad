/* The environment of a program that serves one client, by the conventions of UCSPI: PROTO,
 * TCPLOCALIP, TCPREMOTEPORT, SSL_PROTOCOL and others. No name is looked up, and nothing that a
 * client sends gets into it but the addresses of a PROXY header that was asked for, and with TLS
 * the host name that the client wants and the subject of its certificate. */
#ifndef SERVICES_UCSPI_H
#define SERVICES_UCSPI_H

#include "core/stream.h"

enum { UCSPI_VALUES = 5 + 4 }; /* of TCP, and of TLS */

struct ucspi {
    char **list; /* the variables that are passed on, those of one client, NULL */
    size_t kept;
    size_t count; /* of one client */
    bool failed;  /* one of those found no memory */
};

/* Takes from environment what is passed on: all but the variables that describe another
 * client, and what was meant for the server alone (LISTEN_*, NOTIFY_SOCKET, WATCHDOG_*). The
 * strings are not copied. Returns 0, or -1 with err filled; ucspi_clear() is allowed then, too. */
int ucspi_init(struct ucspi *u, char **environment, struct error *err);
void ucspi_clear(struct ucspi *u);

/* Returns the environment for a client, which holds until the next call; or NULL with err
 * filled. */
char *const *ucspi_describe(struct ucspi *u, struct stream *client, struct error *err);

#endif
