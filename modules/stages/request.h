/*
 * The stage of a client that names its target, in SOCKS4, 4a, 5 or HTTP CONNECT; the first
 * byte tells which. The stage reads the request and nothing behind it; whoever connects to
 * the target replies.
 */
#ifndef STAGES_REQUEST_H
#define STAGES_REQUEST_H

#include "core/stage.h"
#include "stages/request_parse.h"

/* Which reply the client waits for. */
enum request_form {
    REQUEST_SOCKS4,
    REQUEST_SOCKS5_METHOD,
    REQUEST_SOCKS5_LOGIN,
    REQUEST_SOCKS5,
    REQUEST_HTTP,
};

struct request {
    enum request_form form;
    enum request_result result; /* REQUEST_GRANTED: target may be connected to */
    struct request_target target;
};

/* Makes the stage of a struct client, whose request it sets to a struct request. config:
 * struct request_config. */
struct request_config {
    const char *login; /* USER:PASS that the client has to give; NULL: none */
};
struct stage *request_stage(const void *config, struct error *err);

enum { REQUEST_REPLY_MAX = 256 };

/* Writes the reply into to, and returns its length. local is this end of the connection to the
 * target, or NULL. */
size_t request_reply(enum request_form form, enum request_result result, const struct addr *local,
                     char to[REQUEST_REPLY_MAX]);

/* Returns the cause in words, for a result that the stage can have. */
const char *request_cause(enum request_result result);

#endif
