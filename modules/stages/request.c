/* Owns the dialogue of a request. Leaves the form of its messages to request_parse.c. */
#include "stages/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/server.h"
#include "stages/socks_numbers.h"

struct reader {
    struct stage stage;
    const struct request_config *config;
    struct request *request;
    struct stage_buffer buffer;
    char bytes[REQUEST_PARSE_LENGTH_MAX];
};

/* Begins to read the next message of SOCKS5, once the reply to the one before is sent. */
static enum stage_result reply_and_go_on(struct reader *r, struct stream *s, unsigned char version,
                                         unsigned char value, enum request_form next,
                                         struct error *err)
{
    const char reply[] = {(char)version, (char)value};

    r->buffer.length = 0;
    r->request->form = next;
    return stage_send(s, reply, sizeof(reply), err) == STAGE_DONE ? STAGE_WANTS_READ : STAGE_FAILED;
}

static enum stage_result finish(struct reader *r, enum request_result result)
{
    r->request->result = result;
    return STAGE_DONE;
}

static enum stage_result choose_method(struct reader *r, struct stream *s, struct error *err)
{
    bool needs_login = r->config->login != NULL;
    unsigned char method = needs_login ? SOCKS_METHOD_LOGIN : SOCKS_METHOD_NONE;

    if (!request_parse_has_method(r->bytes, r->buffer.length, method))
        return finish(r, REQUEST_LOGIN_MISSING);
    return reply_and_go_on(r, s, 5, method, needs_login ? REQUEST_SOCKS5_LOGIN : REQUEST_SOCKS5,
                           err);
}

static enum stage_result first_step(struct reader *r, struct stream *s, struct error *err)
{
    struct request *q = r->request;
    char first = r->buffer.length > 0 ? r->bytes[0] : '\0';

    if (first == 5)
        return choose_method(r, s, err);
    if (first == 4) {
        q->form = REQUEST_SOCKS4;
        return finish(
            r, request_parse_socks4(r->bytes, r->buffer.length, r->config->login, &q->target));
    }
    if (first != '\0') {
        q->form = REQUEST_HTTP;
        return finish(r,
                      request_parse_http(r->bytes, r->buffer.length, r->config->login, &q->target));
    }
    error_set(err, EXITCODE_FAILED, "neither SOCKS nor HTTP");
    return STAGE_FAILED;
}

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    static size_t (*const lengths[])(const char *bytes, size_t n, bool *complete) = {
        [REQUEST_SOCKS5_METHOD] = request_parse_first_length,
        [REQUEST_SOCKS5_LOGIN] = request_parse_login_length,
        [REQUEST_SOCKS5] = request_parse_target_length,
    };
    struct reader *r = (struct reader *)g;
    enum stage_result result = STAGE_WANTS_READ;

    while (result == STAGE_WANTS_READ) {
        result = stage_take(&r->buffer, s, lengths[r->request->form], err);
        if (result != STAGE_DONE)
            return result;
        if (r->request->form == REQUEST_SOCKS5_METHOD)
            result = first_step(r, s, err);
        else if (r->request->form == REQUEST_SOCKS5)
            result =
                finish(r, request_parse_target(r->bytes, r->buffer.length, &r->request->target));
        else if (request_parse_login(r->bytes, r->buffer.length, r->config->login))
            result = reply_and_go_on(r, s, 1, 0, REQUEST_SOCKS5, err);
        else
            result = finish(r, REQUEST_LOGIN_MISSING);
    }
    return result;
}

static void on_done(struct stage *g, void *client)
{
    struct reader *r = (struct reader *)g;

    ((struct client *)client)->request = r->request;
    r->request = NULL;
}

static void free_stage(struct stage *g)
{
    free(((struct reader *)g)->request);
    free(g);
}

static const struct stage_ops reader_ops = {
    .name = "request",
    .step = step,
    .on_done = on_done,
    .free = free_stage,
};

struct stage *request_stage(const void *config, struct error *err)
{
    struct reader *r = malloc(sizeof(*r));
    struct request *q = calloc(1, sizeof(*q));

    if (r == NULL || q == NULL) {
        free(r);
        free(q);
        error_cause(err, ENOMEM);
        return NULL;
    }
    q->form = REQUEST_SOCKS5_METHOD;
    r->stage.ops = &reader_ops;
    r->config = config;
    r->request = q;
    r->buffer = (struct stage_buffer){.bytes = r->bytes, .max = sizeof(r->bytes)};
    return &r->stage;
}

/* The replies. */

static const struct {
    unsigned char socks5; /* RFC 1928, section 6 */
    unsigned char socks4;
    const char *http;
    const char *cause;
} replies[] = {
    [REQUEST_GRANTED] = {0, 0x5a, "200 Connection established", NULL},
    [REQUEST_NOT_ALLOWED] = {2, 0x5b, "403 Forbidden", NULL},
    [REQUEST_REFUSED] = {5, 0x5b, "502 Bad Gateway", NULL},
    [REQUEST_NET_UNREACHABLE] = {3, 0x5b, "502 Bad Gateway", NULL},
    [REQUEST_HOST_UNREACHABLE] = {4, 0x5b, "502 Bad Gateway", NULL},
    [REQUEST_TIMED_OUT] = {4, 0x5b, "504 Gateway Timeout", NULL},
    [REQUEST_FAILED] = {1, 0x5b, "502 Bad Gateway", NULL},
    [REQUEST_LOGIN_MISSING] = {SOCKS_METHOD_UNACCEPTABLE, 0x5d,
                               "407 Proxy Authentication Required\r\n"
                               "Proxy-Authenticate: Basic realm=\"tcptool\"",
                               "the login is missing or wrong"},
    [REQUEST_NO_CONNECT] = {7, 0x5b, "405 Method Not Allowed\r\nAllow: CONNECT",
                            "only connecting is supported"},
    [REQUEST_BAD_ADDRESS] = {8, 0x5b, "400 Bad Request", "not a host name or address with a port"},
    [REQUEST_MALFORMED] = {1, 0x5b, "400 Bad Request", "malformed"},
};

static size_t reply_socks5(enum request_result result, const struct addr *local, char *to)
{
    bool is_v6 = local != NULL && local->sa.sa_family == AF_INET6;
    bool is_v4 = local != NULL && local->sa.sa_family == AF_INET;
    size_t size = is_v6 ? 16 : 4;
    unsigned port = is_v4 || is_v6 ? addr_port(local) : 0;

    memset(to, 0, 4 + size + 2);
    to[0] = 5;
    to[1] = (char)replies[result].socks5;
    to[3] = is_v6 ? 4 : 1;
    if (is_v4 || is_v6)
        memcpy(to + 4,
               is_v6 ? (const void *)&local->in6.sin6_addr : (const void *)&local->in.sin_addr,
               size);
    to[4 + size] = (char)(port >> 8);
    to[5 + size] = (char)port;
    return 4 + size + 2;
}

size_t request_reply(enum request_form form, enum request_result result, const struct addr *local,
                     char to[REQUEST_REPLY_MAX])
{
    switch (form) {
    case REQUEST_SOCKS4:
        memset(to, 0, 8);
        to[1] = (char)replies[result].socks4;
        return 8;
    case REQUEST_SOCKS5_METHOD:
    case REQUEST_SOCKS5_LOGIN:
        to[0] = form == REQUEST_SOCKS5_METHOD ? 5 : 1;
        to[1] = (char)SOCKS_METHOD_UNACCEPTABLE;
        return 2;
    case REQUEST_SOCKS5:
        return reply_socks5(result, local, to);
    case REQUEST_HTTP:
        break;
    }
    return (size_t)snprintf(
        to, REQUEST_REPLY_MAX, "HTTP/1.1 %s\r\n%s\r\n", replies[result].http,
        result == REQUEST_GRANTED ? "" : "Connection: close\r\nContent-Length: 0\r\n");
}

const char *request_cause(enum request_result result)
{
    return replies[result].cause;
}
