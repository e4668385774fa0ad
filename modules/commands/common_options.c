/* Owns the tables of shared options. Wires nothing. */
#include "commands/common_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum { KEEPALIVE_MAX_S = 32767 }; /* MAX_TCP_KEEPIDLE of Linux */

#define AT(field) .offset = offsetof(struct shared_options, field)
#define GIVEN(field) .optional = true, .given_offset = offsetof(struct shared_options, field)

const struct option_spec shared_limit_specs[] = {
    {OPTION_DURATION, "idle-timeout", 0, .value = "TIME", AT(idle_timeout_ms),
     .help = "end a connection on which nothing moved for TIME"},
    {OPTION_DURATION, "deadline", 0, .value = "TIME", AT(deadline_ms),
     .help = "end everything after TIME"},
    {OPTION_SIZE, "recv-size", 0, .value = "SIZE", AT(recv_size), .min = 1, .max = 1 << 30,
     .help = "take at most SIZE in one read"},
    {.kind = OPTION_END},
};

const struct option_spec shared_socket_specs[] = {
    {OPTION_ON, "ipv4", '4', AT(only_ipv4), .help = "use IPv4 only"},
    {OPTION_ON, "ipv6", '6', AT(only_ipv6), .help = "use IPv6 only"},
    {OPTION_ON, "sendall", 0, AT(sendall), .help = "keep sending until all is sent (the default)"},
    {OPTION_OFF, "no-sendall", 0, AT(sendall),
     .help = "make one send call, and fail if it does not take all"},
    {OPTION_ON, "nodelay", 0, AT(nodelay), .help = "send small pieces at once (TCP_NODELAY)"},
    {OPTION_DURATION, "keepalive", 0, .value = "IDLE", AT(keepalive_ms), GIVEN(keepalive),
     .help = "probe a silent peer, after IDLE (SO_KEEPALIVE)"},
    {OPTION_DURATION, "user-timeout", 0, .value = "TIME", AT(user_timeout_ms),
     .help = "give up when sent data is not acknowledged for TIME"},
    {.kind = OPTION_END},
};

const struct option_spec shared_message_specs[] = {
    {OPTION_ON, "verbose", 'v', AT(verbose), .help = "say more on standard error"},
    {OPTION_ON, "quiet", 'q', AT(quiet), .help = "say nothing but errors"},
    {.kind = OPTION_END},
};

#undef AT
#define AT(field) .offset = offsetof(struct listen_options, field)

const struct option_spec listen_specs[] = {
    {OPTION_PORT, "port", 'p', .value = "PORT", AT(port),
     .help = "listen on PORT; 0: the system chooses"},
    {OPTION_NUMBER, "backlog", 0, .value = "N", AT(backlog), .max = INT32_MAX,
     .help = "how many may wait to be accepted (128)"},
    {OPTION_ON, "once", '1', AT(once), .help = "take one connection and end with its outcome"},
    {OPTION_NUMBER, "max-conns", 0, .value = "N", AT(max_conns),
     .help = "how many at a time (1000; 0: no limit)"},
    {OPTION_DURATION, "accept-timeout", 0, .value = "TIME", AT(accept_timeout_ms),
     .help = "end when no one has connected within TIME"},
    {OPTION_WORD, "port-file", 0, .value = "FILE", AT(port_file),
     .help = "write the port number to FILE once listening"},
    {OPTION_DURATION, "drain", 0, .value = "TIME", AT(drain_ms),
     .help = "let connections end for TIME when stopped (5s)"},
    {.kind = OPTION_END},
};

const struct option_spec worker_specs[] = {
    {OPTION_NUMBER, "workers", 0, .value = "N", AT(workers), .min = 1, .max = 256,
     .help = "share the port among N threads (1)"},
    {.kind = OPTION_END},
};

#undef AT
#define AT(field) .offset = offsetof(struct connect_options, field)

const struct option_spec connect_specs[] = {
    {OPTION_DURATION, "connect-timeout", 0, .value = "TIME", AT(connect_timeout_ms),
     .help = "give up connecting after TIME (10s; 0: never)"},
    {OPTION_DURATION, "retry", 0, .value = "TIME", AT(retry_ms),
     .help = "try again for TIME while connecting fails"},
    {.kind = OPTION_END},
};

#define HINT_TIME \
    "--connect-timeout TIME limits connecting, --idle-timeout TIME silence, --deadline TIME all"

const struct option_hint listen_hints[] = {
    {"-l", "this command listens by itself; -p PORT says where"},
    {"--listen", "this command listens by itself; -p PORT says where"},
    {"-k", "clients are served until it is stopped; --once takes only one"},
    {"--keep-open", "clients are served until it is stopped; --once takes only one"},
    {"-w",
     "--accept-timeout TIME limits waiting, --idle-timeout TIME silence, --deadline TIME all"},
    {"-i", "--idle-timeout TIME limits silence"},
    {"-c", "no programs are run here; connect one through a pipe"},
    {"--exec", "no programs are run here; connect one through a pipe"},
    {"--sh-exec", "no programs are run here; connect one through a pipe"},
    {"-s", "--bind ADDR says where to listen"},
    {"-m", "--max-conns N limits the connections"},
    {"--broker", "tcptool chat --listen --room passes on to all what one says"},
    {"--chat", "tcptool chat --listen --room is a room for many"},
    {NULL, NULL},
};

const struct option_hint connect_hints[] = {
    {"-l", "tcptool serve -p PORT listens"},
    {"--listen", "tcptool serve -p PORT listens"},
    {"-p", "the port follows the host; --bind ADDR:PORT is the local one"},
    {"--port", "the port follows the host; --bind ADDR:PORT is the local one"},
    {"-w", HINT_TIME},
    {"--wait", HINT_TIME},
    {"-i", "--idle-timeout TIME limits silence"},
    {"-N", "the sending side ends with the input anyway; --no-half-close keeps it open"},
    {"-z", "send HOST PORT '' connects, sends nothing and ends"},
    {"-C", "--eol crlf sends CRLF"},
    {"--crlf", "--eol crlf sends CRLF"},
    {"-s", "--bind ADDR says where to connect from"},
    {"--source", "--bind ADDR says where to connect from"},
    {"--send-only", "--until none waits for no answer"},
    {NULL, NULL},
};

int shared_apply(const struct shared_options *o, struct error *err)
{
    if (o->only_ipv4 && o->only_ipv6) {
        error_set(err, EXITCODE_USAGE, "-4 and -6 exclude each other");
        return -1;
    }
    if (o->user_timeout_ms > INT32_MAX || o->keepalive_ms > (int64_t)KEEPALIVE_MAX_S * 1000) {
        error_set(err, EXITCODE_USAGE,
                  o->keepalive_ms > (int64_t)KEEPALIVE_MAX_S * 1000
                      ? "--keepalive: the kernel takes at most 32767s"
                      : "--user-timeout: the kernel takes at most 596h");
        return -1;
    }
    log_set_level(o->quiet ? LOG_QUIET : o->verbose ? LOG_VERBOSE : LOG_NORMAL);
    return 0;
}

int shared_family(const struct shared_options *o)
{
    return o->only_ipv4 ? AF_INET : o->only_ipv6 ? AF_INET6 : AF_UNSPEC;
}

struct socket_options shared_sock_options(const struct shared_options *o, bool replying)
{
    return (struct socket_options){
        .nodelay = o->nodelay || replying,
        .keepalive = o->keepalive,
        .keepalive_ms = o->keepalive_ms,
        .user_timeout_ms = o->user_timeout_ms,
    };
}

struct server_options listen_server_options(const struct listen_options *l,
                                            const struct shared_options *o)
{
    return (struct server_options){
        .binds = o->binds.words,
        .bind_count = o->binds.count,
        .port = l->port,
        .family = shared_family(o),
        .backlog = (int)l->backlog,
        .once = l->once,
        .max_conns = l->max_conns,
        .drain_ms = l->drain_ms,
    };
}

struct dialer_target connect_target(const struct connect_options *c, const struct shared_options *o,
                                    const char *host, unsigned port)
{
    return (struct dialer_target){
        .host = host,
        .port = port,
        .family = shared_family(o),
        .bind = o->binds.count > 0 ? o->binds.words[0] : NULL,
        .timeout_ms = c->connect_timeout_ms,
        .retry_ms = c->retry_ms,
    };
}

int listen_check_workers(const struct listen_options *l, const char *shares, struct error *err)
{
    if (l->workers > 1 && l->once)
        shares = "--once takes a single connection";
    if (l->workers <= 1 || shares == NULL)
        return 0;
    error_set(err, EXITCODE_USAGE, "--workers %llu: %s", (unsigned long long)l->workers, shares);
    return -1;
}

/* The ports, each once, a line each. */
static int print_ports(const struct server *s, int fd)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        unsigned port = addr_port(&s->addresses[i]);
        size_t first = 0;

        while (addr_port(&s->addresses[first]) != port)
            first++;
        if (first == i && dprintf(fd, "%u\n", port) < 0)
            return -1;
    }
    return 0;
}

/* A file appears whole or not at all: whoever waits for it reads a whole number. */
static int replace_port_file(const struct server *s, const char *path)
{
    char *draft;
    int fd, failure = 0;

    if (asprintf(&draft, "%s.XXXXXX", path) < 0)
        return -1;
    fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0) {
        free(draft);
        return -1;
    }
    if (print_ports(s, fd) < 0 || fchmod(fd, 0644) < 0)
        failure = errno;
    if (close(fd) < 0 && failure == 0)
        failure = errno;
    if (failure == 0 && rename(draft, path) < 0)
        failure = errno;
    if (failure != 0)
        unlink(draft);
    free(draft);
    errno = failure;
    return failure == 0 ? 0 : -1;
}

static int write_port_file(const struct server *s, const char *path)
{
    struct stat status;
    int fd, result;

    if (stat(path, &status) < 0 || S_ISREG(status.st_mode))
        return replace_port_file(s, path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    result = print_ports(s, fd);
    close(fd);
    return result;
}

int listen_announce(const struct listen_options *l, const struct server *s, struct error *err)
{
    char text[ADDR_TEXT_SIZE];
    int limit = l->backlog != 128 ? socket_backlog_limit() : -1;

    if (limit >= 0 && l->backlog > (uint64_t)limit)
        log_notice("--backlog %llu: the kernel's limit of %d holds (net.core.somaxconn)",
                   (unsigned long long)l->backlog, limit);
    if (l->port_file != NULL && write_port_file(s, l->port_file) < 0) {
        error_errno(err, errno, "writing %s", l->port_file);
        return -1;
    }
    for (size_t i = 0; i < s->listener_count; i++)
        log_notice("listening on %s", addr_format(&s->addresses[i], text));
    return 0;
}
