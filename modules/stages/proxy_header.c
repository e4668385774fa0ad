/* Owns the form of PROXY headers. Fetching bytes is separate from parsing them. */
#include "stages/proxy_header.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

static const char v1_begin[] = "PROXY ";
static const char v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";

enum {
    V1_MAX = 107, /* with CRLF; section 2.1 */
    SIGNATURE = 12,
    V2_FIXED = 16, /* signature, version and command, family, length; section 2.2 */
    V2_LOCAL = 0x20,
    V2_PROXY = 0x21,
    V2_TCP4 = 0x11,
    V2_TCP6 = 0x21,
    V2_UNIX_STREAM = 0x31,
    UNIX_PATH = 108,
};

/* Returns the size of both addresses; 0 for families whose addresses are not used. */
static size_t addresses_size(unsigned char family)
{
    switch (family) {
    case V2_TCP4:
        return 2 * (4 + 2);
    case V2_TCP6:
        return 2 * (16 + 2);
    case V2_UNIX_STREAM:
        return 2 * UNIX_PATH;
    default:
        return 0;
    }
}

static size_t v2_length(const char *bytes)
{
    return (size_t)(unsigned char)bytes[14] << 8 | (unsigned char)bytes[15];
}

static bool begins_like(const char *bytes, size_t n, const char *start, size_t length)
{
    return memcmp(bytes, start, n < length ? n : length) == 0;
}

size_t proxy_header_length(const char *bytes, size_t n, bool *complete)
{
    const char *newline;
    size_t whole;

    *complete = false;
    if (begins_like(bytes, n, v2_signature, SIGNATURE)) {
        if (n < V2_FIXED)
            return n;
        whole = addresses_size((unsigned char)bytes[13]);
        if (v2_length(bytes) < whole)
            whole = v2_length(bytes);
        whole += V2_FIXED;
        *complete = n >= whole;
        return *complete ? whole : n;
    }
    if (!begins_like(bytes, n, v1_begin, sizeof(v1_begin) - 1)) {
        *complete = true;
        return 0;
    }
    newline = memchr(bytes, '\n', n < V1_MAX ? n : V1_MAX);
    *complete = newline != NULL || n >= V1_MAX;
    return newline != NULL ? (size_t)(newline - bytes) + 1 : n < V1_MAX ? n : V1_MAX;
}

static int refuse(struct error *err)
{
    error_set(err, EXITCODE_FAILED, "not a valid header");
    return -1;
}

/* Takes one word of a version 1 line, which is separated by exactly one space. */
static char *next_word(char **line)
{
    char *word = *line, *end = word + strcspn(word, " ");

    *line = *end == ' ' ? end + 1 : end;
    *end = '\0';
    return word;
}

static int parse_v1_address(const char *host, const char *port, int family, struct addr *a)
{
    uint64_t number;

    *a = (struct addr){.length = family == AF_INET ? sizeof(a->in) : sizeof(a->in6)};
    a->sa.sa_family = (sa_family_t)family;
    if (num_parse(port, 0, 65535, &number) < 0 || (port[0] == '0' && port[1] != '\0') ||
        inet_pton(family, host,
                  family == AF_INET ? (void *)&a->in.sin_addr : (void *)&a->in6.sin6_addr) != 1)
        return -1;
    addr_set_port(a, (unsigned)number);
    return 0;
}

static int parse_v1(const char *bytes, size_t n, struct proxy_header *h)
{
    char line[V1_MAX + 1], *rest = line, *protocol, *peer, *local, *peer_port, *local_port;
    int family;

    if (n < sizeof("PROXY \r\n") - 1 || n > V1_MAX || memcmp(bytes + n - 2, "\r\n", 2) != 0 ||
        memchr(bytes, '\0', n) != NULL)
        return -1;
    memcpy(line, bytes, n - 2);
    line[n - 2] = '\0';
    next_word(&rest);
    protocol = next_word(&rest);
    if (strcmp(protocol, "UNKNOWN") == 0)
        return 0;
    family = strcmp(protocol, "TCP4") == 0 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && strcmp(protocol, "TCP6") != 0)
        return -1;
    peer = next_word(&rest);
    local = next_word(&rest);
    peer_port = next_word(&rest);
    local_port = next_word(&rest);
    h->names_ends = true;
    return *rest == '\0' && bytes[n - 3] != ' ' &&
                   parse_v1_address(peer, peer_port, family, &h->peer) == 0 &&
                   parse_v1_address(local, local_port, family, &h->local) == 0
               ? 0
               : -1;
}

/* Both addresses are followed by both ports. */
static void parse_inet(const char *bytes, int family, struct proxy_header *h)
{
    size_t size = family == AF_INET ? 4 : 16;
    struct addr *ends[] = {&h->peer, &h->local};

    for (size_t i = 0; i < 2; i++) {
        struct addr *a = ends[i];
        unsigned char port[2];

        *a = (struct addr){.length = family == AF_INET ? sizeof(a->in) : sizeof(a->in6)};
        a->sa.sa_family = (sa_family_t)family;
        memcpy(family == AF_INET ? (void *)&a->in.sin_addr : (void *)&a->in6.sin6_addr,
               bytes + i * size, size);
        memcpy(port, bytes + 2 * size + 2 * i, sizeof(port));
        addr_set_port(a, (unsigned)port[0] << 8 | port[1]);
    }
}

static void parse_unix(const char *bytes, struct proxy_header *h)
{
    h->peer = h->local = (struct addr){.length = sizeof(sa_family_t), .un.sun_family = AF_UNIX};
    snprintf(h->peer_path, sizeof(h->peer_path), "unix:%.*s", UNIX_PATH, bytes);
    snprintf(h->local_path, sizeof(h->local_path), "unix:%.*s", UNIX_PATH, bytes + UNIX_PATH);
}

static int parse_v2(const char *bytes, size_t n, struct proxy_header *h)
{
    unsigned char command = (unsigned char)bytes[12], family = (unsigned char)bytes[13];
    size_t size = addresses_size(family);

    if ((command != V2_LOCAL && command != V2_PROXY) ||
        (command == V2_PROXY && v2_length(bytes) < size))
        return -1;
    h->rest = v2_length(bytes) - (n - V2_FIXED);
    h->names_ends = command == V2_PROXY && size > 0;
    if (!h->names_ends)
        return 0;
    if (family == V2_UNIX_STREAM)
        parse_unix(bytes + V2_FIXED, h);
    else
        parse_inet(bytes + V2_FIXED, family == V2_TCP4 ? AF_INET : AF_INET6, h);
    return 0;
}

int proxy_header_parse(const char *bytes, size_t n, struct proxy_header *h, struct error *err)
{
    bool is_v2 = n >= V2_FIXED && begins_like(bytes, n, v2_signature, SIGNATURE);

    *h = (struct proxy_header){0};
    return (is_v2 ? parse_v2(bytes, n, h) : parse_v1(bytes, n, h)) == 0 ? 0 : refuse(err);
}

static size_t format_v1(const struct addr *from, const struct addr *to_addr, bool known, char *to)
{
    char source[INET6_ADDRSTRLEN], target[INET6_ADDRSTRLEN];
    bool is_v4 = from->sa.sa_family == AF_INET;

    if (!known)
        return (size_t)snprintf(to, PROXY_HEADER_MAX, "PROXY UNKNOWN\r\n");
    inet_ntop(from->sa.sa_family,
              is_v4 ? (const void *)&from->in.sin_addr : (const void *)&from->in6.sin6_addr, source,
              sizeof(source));
    inet_ntop(to_addr->sa.sa_family,
              is_v4 ? (const void *)&to_addr->in.sin_addr : (const void *)&to_addr->in6.sin6_addr,
              target, sizeof(target));
    return (size_t)snprintf(to, PROXY_HEADER_MAX, "PROXY %s %s %s %u %u\r\n",
                            is_v4 ? "TCP4" : "TCP6", source, target, addr_port(from),
                            addr_port(to_addr));
}

static size_t format_v2(const struct addr *from, const struct addr *to_addr, bool known, char *to)
{
    bool is_v4 = from->sa.sa_family == AF_INET;
    size_t size = is_v4 ? 4 : 16, length = known ? 2 * size + 4 : 0;
    const struct addr *ends[] = {from, to_addr};

    memcpy(to, v2_signature, SIGNATURE);
    to[12] = known ? V2_PROXY : V2_LOCAL;
    to[13] = (char)(!known ? 0 : is_v4 ? V2_TCP4 : V2_TCP6);
    to[14] = 0;
    to[15] = (char)length;
    for (size_t i = 0; i < 2 && known; i++) {
        unsigned port = addr_port(ends[i]);
        char *ports = to + V2_FIXED + 2 * size;

        memcpy(to + V2_FIXED + i * size,
               is_v4 ? (const void *)&ends[i]->in.sin_addr : (const void *)&ends[i]->in6.sin6_addr,
               size);
        ports[2 * i] = (char)(port >> 8);
        ports[2 * i + 1] = (char)port;
    }
    return V2_FIXED + length;
}

size_t proxy_header_format(enum proxy_header_version version, const struct addr *from,
                           const struct addr *to_addr, char to[PROXY_HEADER_MAX])
{
    int family = from->sa.sa_family;
    bool known = (family == AF_INET || family == AF_INET6) && to_addr->sa.sa_family == family;

    return version == PROXY_HEADER_V1 ? format_v1(from, to_addr, known, to)
                                      : format_v2(from, to_addr, known, to);
}

/* The stage that reads. */

struct reader {
    struct stage stage;
    struct stage_buffer buffer;
    bool parsed;
    struct proxy_header header;
    char bytes[PROXY_HEADER_MAX];
};

static int set_ends(struct stream *s, const struct proxy_header *h, struct error *err)
{
    char peer[ADDR_TEXT_SIZE], local[ADDR_TEXT_SIZE];
    bool is_unix = h->peer.sa.sa_family == AF_UNIX;

    if (!h->names_ends ||
        stream_set_ends(s, &h->peer, is_unix ? h->peer_path : addr_format(&h->peer, peer),
                        &h->local, is_unix ? h->local_path : addr_format(&h->local, local)) == 0)
        return 0;
    error_cause(err, ENOMEM);
    return -1;
}

static enum stage_result read_step(struct stage *g, struct stream *s, struct error *err)
{
    struct reader *r = (struct reader *)g;
    enum stage_result result;

    if (!r->parsed) {
        result = stage_take(&r->buffer, s, proxy_header_length, err);
        if (result != STAGE_DONE)
            return result;
        if (proxy_header_parse(r->bytes, r->buffer.length, &r->header, err) < 0)
            return STAGE_FAILED;
        r->parsed = true;
    }
    result = stage_discard(&r->header.rest, s, err);
    if (result == STAGE_DONE && set_ends(s, &r->header, err) < 0)
        return STAGE_FAILED;
    return result;
}

static const struct stage_ops reader_ops = {.name = "PROXY header", .step = read_step};

struct stage *proxy_header_reader(const void *config, struct error *err)
{
    struct reader *r = stage_new(&reader_ops, sizeof(*r), err);

    (void)config;
    if (r == NULL)
        return NULL;
    r->buffer = (struct stage_buffer){.bytes = r->bytes, .max = sizeof(r->bytes)};
    return &r->stage;
}

/* The stages that write. */

struct writer {
    struct stage stage;
    enum proxy_header_version version;
    struct stream *client; /* whose ends the header names; NULL: those of the stream itself */
};

static enum stage_result write_step(struct stage *g, struct stream *s, struct error *err)
{
    const struct writer *w = (struct writer *)g;
    const struct addr unknown = {.sa.sa_family = AF_UNSPEC};
    const struct addr *from = w->client != NULL ? stream_peer(w->client) : stream_local(s);
    const struct addr *to = w->client != NULL ? stream_local(w->client) : stream_peer(s);
    char header[PROXY_HEADER_MAX];
    size_t n;

    /* Only a unix socket may have no address. */
    if ((from == NULL || to == NULL) && stream_peer(s)->sa.sa_family != AF_UNIX) {
        error_cause(err, errno);
        return STAGE_FAILED;
    }
    n = proxy_header_format(w->version, from != NULL ? from : &unknown, to != NULL ? to : &unknown,
                            header);
    return stage_send(s, header, n, err);
}

static const struct stage_ops writer_ops = {.name = "PROXY header", .step = write_step};

static struct stage *new_writer(enum proxy_header_version version, struct stream *client,
                                struct error *err)
{
    struct writer *w = stage_new(&writer_ops, sizeof(*w), err);

    if (w == NULL)
        return NULL;
    w->version = version;
    w->client = client;
    return &w->stage;
}

struct stage *proxy_header_writer(const void *config, struct error *err)
{
    return new_writer(*(const enum proxy_header_version *)config, NULL, err);
}

struct stage *proxy_header_forwarder(const void *config, struct error *err)
{
    const struct proxy_header_forward *f = config;

    return new_writer(f->version, f->client, err);
}
