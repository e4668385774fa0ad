/* --socket-mode and --socket-group: the rights to connect to a unix socket. */
#ifndef COMMANDS_SOCKET_OPTIONS_H
#define COMMANDS_SOCKET_OPTIONS_H

#include "net/socket_file.h"

/* Reads the words of the two options; NULL: not given. Returns 0, or -1 with a usage error. */
int socket_options_parse(const char *mode, const char *group, struct socket_file_options *o,
                         struct error *err);

#endif
