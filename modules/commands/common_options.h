/* The options that every command has, and what they mean. */
#ifndef COMMANDS_COMMON_OPTIONS_H
#define COMMANDS_COMMON_OPTIONS_H

#include "commands/tls_options.h"
#include "core/run.h"
#include "net/socket.h"

struct common_options {
    bool only_ipv4;
    bool only_ipv6;
    struct option_words binds;
    int64_t idle_timeout_ms;
    int64_t deadline_ms;
    int64_t handshake_timeout_ms;
    uint64_t recv_size;
    uint64_t rate;
    bool sendall;
    bool nodelay;
    bool keepalive;
    int64_t keepalive_ms;
    int64_t user_timeout_ms;
    bool verbose;
    bool quiet;
    bool timestamps;
    const char *log;
    bool hexdump;
    const char *hexdump_file; /* NULL: standard error */
    bool explain;
    struct tls_options tls;
};

#define COMMON_DEFAULT_FIELDS .sendall = true, .handshake_timeout_ms = 10000
#define COMMON_DEFAULTS       \
    {                         \
        COMMON_DEFAULT_FIELDS \
    }

/* Parts of the commands' tables; the offsets are those of struct common_options. */
extern const struct option_spec common_listen_bind_specs[];
extern const struct option_spec common_connect_bind_specs[];
extern const struct option_spec common_limit_specs[];
extern const struct option_spec common_rate_specs[];
extern const struct option_spec common_socket_specs[];
extern const struct option_spec common_message_specs[];
extern const struct option_spec common_watch_specs[];

/* Refuses contradictions among the options, whose names begin with prefix. Returns 0 or -1. */
int common_options_check(const struct common_options *o, const char *prefix, struct error *err);

/* The same without a prefix; sets how much is reported, and explained in the encoding of the wire
 * (NULL: none). */
int common_options_apply(const struct common_options *o, const char *encoding, struct error *err);

/* Opens the log and the dump that are wanted. Returns 0, or -1 with err filled. */
int common_options_watch(const struct common_options *o, struct run *r, struct error *err);

/* Frees the words of the options. */
void common_options_clear(struct common_options *o);

/* Returns the address family that is wanted. */
int common_options_family(const struct common_options *o);

/* Returns the socket options that are wanted; replying: what the command sends must not wait
 * for more. */
struct socket_options common_options_socket(const struct common_options *o, bool replying);

#endif
