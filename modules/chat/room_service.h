/* The service of a room: each client is a guest, and the terminal that runs the room takes
 * part as its console. */
#ifndef CHAT_ROOM_SERVICE_H
#define CHAT_ROOM_SERVICE_H

#include "chat/room.h"
#include "net/service.h"

struct room_config {
    const struct text_options *text; /* with its eol set */
    size_t buffer_bytes;
    size_t history;
    const char *name; /* of the console */
    bool without_input;
};

extern const struct service_ops room_ops; /* config: struct room_config */

#endif
