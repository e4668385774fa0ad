/*
 * The PROXY protocol: a header before a connection's data that names its real ends, written
 * by a proxy that accepted it (HAProxy's "The PROXY protocol", versions 1 and 2, 2020).
 */
#ifndef STAGES_PROXY_HEADER_H
#define STAGES_PROXY_HEADER_H

#include "core/stage.h"

enum proxy_header_version { PROXY_HEADER_V1, PROXY_HEADER_V2 };

/* The longest header without its TLVs: version 2 with two paths of unix sockets. */
enum { PROXY_HEADER_MAX = 16 + 2 * 108 };

struct proxy_header {
    bool names_ends; /* false: LOCAL or UNKNOWN, the ends are those of the socket */
    struct addr peer;
    struct addr local;
    char peer_path[108 + sizeof("unix:")]; /* of unix sockets: "unix:PATH"; peer.sa is AF_UNIX */
    char local_path[108 + sizeof("unix:")];
    size_t rest; /* bytes of TLVs that follow */
};

/* Returns how many of the first n bytes belong to a header without its TLVs. *complete: that
 * is all of it, or it is not a header at all. */
size_t proxy_header_length(const char *bytes, size_t n, bool *complete);

/* Reads a complete header of n bytes. Returns 0, or -1 with err filled: a cause. */
int proxy_header_parse(const char *bytes, size_t n, struct proxy_header *h, struct error *err);

/* Writes the header of a connection between the two into to, and returns its length. */
size_t proxy_header_format(enum proxy_header_version version, const struct addr *from,
                           const struct addr *to_addr, char to[PROXY_HEADER_MAX]);

/* Makes a stage that requires a header and gives the stream its ends. config is unused. */
struct stage *proxy_header_reader(const void *config, struct error *err);

/* Makes a stage that sends a header with the ends of the stream's own socket. config: enum
 * proxy_header_version. */
struct stage *proxy_header_writer(const void *config, struct error *err);

/* Makes a stage that sends a header with the ends of another connection. config: struct
 * proxy_header_forward, whose client has to stay. */
struct proxy_header_forward {
    enum proxy_header_version version;
    struct stream *client;
};
struct stage *proxy_header_forwarder(const void *config, struct error *err);

#endif
