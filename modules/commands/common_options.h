/* The options that several commands have, and what they mean to the core. */
#ifndef COMMANDS_COMMON_OPTIONS_H
#define COMMANDS_COMMON_OPTIONS_H

#include "base/options.h"
#include "net/dialer.h"
#include "net/server.h"

struct shared_options {
    bool only_ipv4;
    bool only_ipv6;
    struct option_words binds;
    int64_t idle_timeout_ms;
    int64_t deadline_ms;
    uint64_t recv_size;
    bool sendall;
    bool nodelay;
    bool keepalive;
    int64_t keepalive_ms;
    int64_t user_timeout_ms;
    bool verbose;
    bool quiet;
};

struct listen_options {
    unsigned port;
    uint64_t backlog;
    bool once;
    uint64_t max_conns;
    int64_t accept_timeout_ms;
    const char *port_file;
    int64_t drain_ms;
    uint64_t workers;
};

struct connect_options {
    int64_t connect_timeout_ms;
    int64_t retry_ms;
};

/* What holds where nothing is said. */
#define SHARED_DEFAULTS \
    {                   \
        .sendall = true \
    }
#define LISTEN_DEFAULTS(number)                                               \
    {                                                                         \
        .port = (number), .backlog = 128, .max_conns = 1000, .drain_ms = 5000 \
    }
#define CONNECT_DEFAULTS            \
    {                               \
        .connect_timeout_ms = 10000 \
    }

/* Parts of the commands' tables; the offsets are those of the structs above. */
extern const struct option_spec shared_limit_specs[];
extern const struct option_spec shared_socket_specs[];
extern const struct option_spec shared_message_specs[];
extern const struct option_spec listen_specs[];
extern const struct option_spec worker_specs[]; /* of struct listen_options too */
extern const struct option_spec connect_specs[];

/* What users of nc, ncat and socat type, and what it is here. */
extern const struct option_hint listen_hints[];
extern const struct option_hint connect_hints[];

/* Sets how much is said; refuses what contradicts itself. Returns 0 or -1. */
int shared_apply(const struct shared_options *o, struct error *err);

/* The address family that is wanted. */
int shared_family(const struct shared_options *o);

/* The socket options that are wanted; replying: the command answers, so that
 * what it says should not wait for more. */
struct socket_options shared_sock_options(const struct shared_options *o, bool replying);

/* The server that is wanted. The result points into both. */
struct server_options listen_server_options(const struct listen_options *l,
                                            const struct shared_options *o);

/* The target that is wanted. The result points into o; host is not copied. */
struct dialer_target connect_target(const struct connect_options *c, const struct shared_options *o,
                                    const char *host, unsigned port);

/* Refuses --workers with --once, and where something is shared in order: why not, or
 * NULL. Returns 0 or -1. */
int listen_check_workers(const struct listen_options *l, const char *shares, struct error *err);

/* Says where s listens, writes --port-file, and notes what the kernel makes of
 * the backlog. Returns 0, or -1 with err filled. */
int listen_announce(const struct listen_options *l, const struct server *s, struct error *err);

#endif
