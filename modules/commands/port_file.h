/* --port-file: writes the port for other programs. */
#ifndef COMMANDS_PORT_FILE_H
#define COMMANDS_PORT_FILE_H

#include "net/listeners.h"

enum port_file_result {
    PORT_FILE_WRITTEN,
    PORT_FILE_NO_READER, /* path is a FIFO that no program has opened yet: try again later */
    PORT_FILE_FAILED,    /* err is filled */
};

/* Writes the ports, each once, one per line; unix sockets have none. A regular file appears whole
 * or not at all. again: path had no reader. */
enum port_file_result port_file_write(const char *path, const struct listeners *l, bool again,
                                      struct error *err);

#endif
