/* Shared by the commands that listen: their options, and a run from the first look-up to the
 * last client. The service decides what clients get. */
#ifndef COMMANDS_LISTENING_H
#define COMMANDS_LISTENING_H

#include "commands/access_source.h"
#include "commands/bind_words.h"
#include "commands/common_options.h"
#include "commands/confine.h"
#include "commands/notify.h"
#include "core/rights.h"
#include "net/service.h"

struct listen_options {
    unsigned port;
    bool port_given;
    uint64_t backlog;
    bool once;
    uint64_t max_conns;
    uint64_t max_conns_per_host;
    int64_t accept_timeout_ms;
    const char *port_file;
    const char *socket_mode;
    const char *socket_group;
    int64_t drain_ms;
    uint64_t workers;
    bool accept_proxy;
    struct option_words allow;
    struct option_words deny;
    struct confine_options confine;
    struct inherited inherited; /* found by listening_check() */
};

#define LISTEN_DEFAULTS(number)                                                             \
    {                                                                                       \
        .port = (number), .backlog = 128, .max_conns = 1000, .drain_ms = 5000, .workers = 1 \
    }

/* Parts of the commands' tables; the offsets are those of struct listen_options. */
extern const struct option_spec listen_specs[];
extern const struct option_spec listen_worker_specs[];
extern const struct option_spec listen_access_specs[];

struct workers;

struct listening {
    /* Set by the command. */
    const struct listen_options *options;
    const struct common_options *common;
    const struct text_options *text; /* NULL, or to report conversion errors */
    const struct service_ops *ops;
    const void *config;
    struct conversation_plan plan; /* of every client; the service completes it */
    bool replies;                  /* what is sent to clients must not wait for more */
    bool shows_clients;            /* with -v only, or also on a terminal */
    bool loopback_only;            /* else on every address, unless --bind says where */
    struct stage_plan last_stage;  /* of every client, where make is not NULL */
    const char *reached_by;        /* the command that connects; NULL: send */
    const char *program;           /* the path of the one that clients get, or NULL */
    bool connects;                 /* to others, for the sake of clients */
    /* Of that other side: read again, and the rules read and freed, with those of clients. */
    struct access_source *target_rules; /* or NULL */
    const struct text_options *to_text; /* or NULL */
    const struct tls_options *to_tls;   /* or NULL */
    struct tls_context *to_tls_context; /* not owned; or NULL */

    /* Private, but for run, which begins with listening_open(). */
    struct run run;
    struct service *service;
    struct server *server;
    struct server_options server_options;
    struct server_limit limit;
    struct host_limit host_limit;
    struct bind_words binds;
    struct access access;
    struct access_source rules;
    struct stage_plan stages[6];
    struct tls_stage_config tls;
    struct timer accept_limit;
    struct timer port_file_retry;
    struct workers *workers; /* NULL: one loop */
    struct rights rights;
    struct transcode_hold encodings[4];
    struct text_counts counts;
    uint64_t cut;
    struct notify notify;
    bool idle; /* no client of the first loop is left */
};

/* Frees the words of the options. */
void listening_clear_options(struct listen_options *o);

/* Takes a word that is a port or an address as -p or -b. Returns 0, or -1 with a usage
 * error. */
int listening_take_word(struct listen_options *o, struct common_options *common, const char *word,
                        struct error *err);

/* Takes a single operand likewise; for commands that have no others. */
int listening_take_place(struct listen_options *o, struct common_options *common, int count,
                         char **words, struct error *err);

/* Finds inherited sockets; a connection among them sets once. Refuses contradictions, and
 * --workers with --once and where loops would share something: why, or NULL. Returns 0, or -1
 * with err filled. */
int listening_check(struct listen_options *o, const struct common_options *common,
                    const char *shares, struct error *err);

/* Refuses to print where standard output is the client. Returns 0, or -1 with a usage error. */
int listening_check_output(const struct listen_options *o, struct error *err);

/* Fills the parts of l->plan that common options decide. */
void listening_plan(struct listening *l);

/* Starts the run and catches signals. A failure is reported by listening_end(). */
void listening_open(struct listening *l);

/* Listens and serves until the end. Returns 0, or -1 with a usage error, which is to be
 * reported. Other failures are the run's. */
int listening_run(struct listening *l, struct error *err);

/* Frees everything and returns the exit status. */
int listening_end(struct listening *l, const struct local_startup *startup);

/* For workers: no client is left in the first loop, or a worker has ended. */
void listening_stop_if_idle(struct listening *l);

#endif
