/* Owns the options that all commands share. Wires nothing. */
#include "commands/common_options.h"

#include <unistd.h>

#include "base/event.h"
#include "core/throttle.h"
#include "net/explain.h"

enum { KEEPALIVE_MAX_S = 32767 }; /* MAX_TCP_KEEPIDLE of Linux */

#define AT(field) .offset = offsetof(struct common_options, field)
#define GIVEN(field) .optional = true, .given_offset = offsetof(struct common_options, field)

const struct option_spec common_listen_bind_specs[] = {
    {OPTION_WORDS, "bind", 'b', .value = "ADDR[:PORT]", AT(binds), .essential = true,
     .help = "listen on ADDR or unix:PATH (repeatable)"},
    {.kind = OPTION_END},
};

const struct option_spec common_connect_bind_specs[] = {
    {OPTION_WORDS, "bind", 'b', .value = "ADDR[:PORT]", AT(binds),
     .help = "connect from this local address (and port)"},
    {.kind = OPTION_END},
};

const struct option_spec common_limit_specs[] = {
    {OPTION_DURATION, "idle-timeout", 0, .value = "TIME", AT(idle_timeout_ms), .essential = true,
     .help = "close a connection idle for TIME"},
    {OPTION_DURATION, "deadline", 0, .value = "TIME", AT(deadline_ms),
     .help = "end everything after TIME"},
    {OPTION_DURATION, "handshake-timeout", 0, .value = "TIME", AT(handshake_timeout_ms),
     .help = "limit handshakes and headers to TIME"},
    {OPTION_SIZE, "recv-size", 0, .value = "SIZE", AT(recv_size), .min = 1, .max = 1 << 30,
     .help = "read at most SIZE at a time"},
    {.kind = OPTION_END},
};

const struct option_spec common_rate_specs[] = {
    {OPTION_SIZE, "rate", 0, .value = "SIZE", AT(rate), .max = THROTTLE_RATE_MAX,
     .help = "move SIZE per second at most, in each direction"},
    {.kind = OPTION_END},
};

const struct option_spec common_socket_specs[] = {
    {OPTION_ON, "ipv4", '4', AT(only_ipv4), .help = "use IPv4 only"},
    {OPTION_ON, "ipv6", '6', AT(only_ipv6), .help = "use IPv6 only"},
    {OPTION_ON, "sendall", 0, AT(sendall), .help = "keep sending until all is sent (default)"},
    {OPTION_OFF, "no-sendall", 0, AT(sendall),
     .help = "make one send call, fail unless it takes all"},
    {OPTION_ON, "nodelay", 0, AT(nodelay), .help = "send small pieces at once (TCP_NODELAY)"},
    {OPTION_DURATION, "keepalive", 0, .value = "IDLE", AT(keepalive_ms), GIVEN(keepalive),
     .help = "probe an idle peer, after IDLE (SO_KEEPALIVE)"},
    {OPTION_DURATION, "user-timeout", 0, .value = "TIME", AT(user_timeout_ms),
     .help = "fail when sent data is not acknowledged for TIME"},
    {.kind = OPTION_END},
};

const struct option_spec common_message_specs[] = {
    {OPTION_ON, "verbose", 'v', AT(verbose), .essential = true,
     .help = "report more on standard error"},
    {OPTION_ON, "quiet", 'q', AT(quiet), .essential = true, .help = "report errors only"},
    {OPTION_ON, "timestamps", 0, AT(timestamps), .help = "print the time before every message"},
    {.kind = OPTION_END},
};

const struct option_spec common_watch_specs[] = {
    {OPTION_WORD, "log", 0, .value = "FILE", AT(log),
     .help = "log events to FILE as JSON lines (-: stderr)"},
    {OPTION_WORD, "hexdump", 0, .value = "FILE", AT(hexdump_file), GIVEN(hexdump),
     .help = "dump all data to FILE (stderr), as hexdump -C"},
    {OPTION_ON, "explain", 0, AT(explain), .help = "explain every step, in the calls of sockets"},
    {.kind = OPTION_END},
};

int common_options_check(const struct common_options *o, const char *prefix, struct error *err)
{
    if (o->only_ipv4 && o->only_ipv6 && *prefix == '\0')
        error_set(err, EXITCODE_USAGE, "-4 and -6 cannot be used together");
    else if (o->only_ipv4 && o->only_ipv6)
        error_set(err, EXITCODE_USAGE, "--%sipv4 and --%sipv6 cannot be used together", prefix,
                  prefix);
    else if (o->keepalive_ms > (int64_t)KEEPALIVE_MAX_S * 1000)
        error_set(err, EXITCODE_USAGE, "--%skeepalive: the kernel accepts at most 32767s", prefix);
    else if (o->user_timeout_ms > INT32_MAX)
        error_set(err, EXITCODE_USAGE, "--%suser-timeout: the kernel accepts at most 596h", prefix);
    else
        return 0;
    return -1;
}

int common_options_apply(const struct common_options *o, const char *encoding, struct error *err)
{
    if (common_options_check(o, "", err) < 0)
        return -1;
    event_show_times(o->timestamps, o->verbose && !isatty(STDERR_FILENO));
    event_set_level(o->quiet ? EVENT_QUIET : o->verbose ? EVENT_VERBOSE : EVENT_NORMAL);
    if (o->explain)
        explain_start(encoding);
    return 0;
}

int common_options_watch(const struct common_options *o, struct run *r, struct error *err)
{
    if (run_log(r, o->log, err) < 0)
        return -1;
    return o->hexdump ? run_dump(r, o->hexdump_file, err) : 0;
}

void common_options_clear(struct common_options *o)
{
    options_clear_words(&o->binds);
    tls_options_clear(&o->tls);
}

int common_options_family(const struct common_options *o)
{
    return o->only_ipv4 ? AF_INET : o->only_ipv6 ? AF_INET6 : AF_UNSPEC;
}

struct socket_options common_options_socket(const struct common_options *o, bool replying)
{
    return (struct socket_options){
        .nodelay = o->nodelay || replying,
        .keepalive = o->keepalive,
        .keepalive_ms = o->keepalive_ms,
        .user_timeout_ms = o->user_timeout_ms,
    };
}
