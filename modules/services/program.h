/*
 * The service that runs a program for each client, with the client as its standard input and
 * output. Where the bytes need no processing, the program gets the socket itself, and the server
 * waits for the end of its process group before it closes the connection; otherwise the program
 * gets pipes, and a conversation copies.
 */
#ifndef SERVICES_PROGRAM_H
#define SERVICES_PROGRAM_H

#include "net/service.h"

struct child_table;

struct program_config {
    const char *path;  /* as executable_find() returns it */
    char *const *argv; /* NULL: no program is run */
    const struct text_options *text;
    const struct local_startup *startup;
    int error_output;           /* what standard error was at the start */
    int64_t drain_ms;           /* from SIGHUP to SIGKILL */
    bool once;                  /* the status of the program is that of the run */
    struct child_table **table; /* made by the service of the first loop, and freed by it */
};

extern const struct service_ops program_ops; /* config: struct program_config */

#endif
