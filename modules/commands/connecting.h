/* Shared by the commands that connect: the words HOST and PORT, and options. */
#ifndef COMMANDS_CONNECTING_H
#define COMMANDS_CONNECTING_H

#include "commands/common_options.h"
#include "commands/proxy_options.h"
#include "core/conversation.h"
#include "core/run.h"
#include "net/connect.h"
#include "stages/proxy_header.h"

struct connect_options {
    int64_t connect_timeout_ms;
    int64_t retry_ms;
    struct proxy_options proxy;
    bool send_proxy;
    enum proxy_header_version proxy_version;
};

#define CONNECT_DEFAULTS            \
    {                               \
        .connect_timeout_ms = 10000 \
    }

/* Parts of the commands' tables; the offsets are those of struct connect_options. */
extern const struct option_spec connect_specs[];
extern const struct option_spec connect_retry_specs[];

/* The peer that the user names, and what a plan to connect points to. */
struct connecting_words {
    char *host; /* owned */
    struct connect_target target;
    int used;             /* how many words were taken */
    bool prompted;        /* and the user typed the others */
    struct hexdump *dump; /* of the connection; NULL: none */
    struct tls_stage_config tls;
};

/* Refuses an address by itself that only a listener can have. Returns 0, or -1 with a usage
 * error. */
int connecting_check_address(const char *word, const struct addr *a, struct error *err);

/* Takes HOST PORT, HOST:PORT or an address of another kind from the words, and prompts for what
 * is missing. Returns 0, or -1 with err filled; w is to be cleared. */
int connecting_find_target(struct connecting_words *w, const struct common_options *o, int count,
                           char **words, struct error *err);

void connecting_clear(struct connecting_words *w);

/* Makes connections to the target ones of TLS, unless tls is NULL. */
void connecting_use_tls(struct connecting_words *w, struct tls_context *tls);

/* Returns the plan; it points into w and the options. tls may be NULL: without TLS. */
struct connect_plan connecting_plan(struct connecting_words *w, const struct connect_options *c,
                                    const struct common_options *o, bool replying,
                                    struct tls_context *tls);

/* Reads --proxy. Refuses more than one local address, and one or a proxy that does not go with the
 * target. Returns 0, or -1 with err filled; c->proxy is to be cleared. */
int connecting_check(const struct connecting_words *w, struct connect_options *c,
                     const struct common_options *o, struct error *err);

/* Logs a new connection, and its end. The end also ends the run, with the failure of the
 * connection if there is one; o->why is moved. */
void connecting_log(struct stream *peer);
void connecting_over(struct run *r, struct outcome *o);

#endif
