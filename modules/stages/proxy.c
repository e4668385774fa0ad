/* Owns the order of messages. Leaves their form to socks.c and http_connect.c. */
#include "stages/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/http_connect.h"
#include "stages/socks.h"

enum step { STEP_BEGIN, STEP_METHOD, STEP_LOGIN, STEP_REPLY };

struct proxy {
    struct stage stage;
    const struct proxy_url *url;
    const struct connect_target *target;
    enum step step;
    struct stage_buffer buffer;
    char bytes[];
};

static enum stage_result fail(struct error *err, int number)
{
    error_cause(err, number);
    return STAGE_FAILED;
}

/* Sends a message; the reply to it belongs to the step that follows. */
static enum stage_result say(struct proxy *p, struct stream *s, const char *bytes, size_t n,
                             enum step next, struct error *err)
{
    p->buffer.length = 0;
    p->step = next;
    if (stream_write(s, bytes, n) == IO_OK)
        return STAGE_DONE;
    error_copy(err, stream_failure(s));
    return STAGE_FAILED;
}

/* From now on messages name the target, not the proxy. */
static enum stage_result finish(const struct proxy *p, struct stream *s, struct error *err)
{
    const char *host = p->target->host, *local = stream_local_name(s);
    struct addr peer = {0};
    char *name;
    int result;

    memcpy(&peer, stream_peer(s), offsetof(struct addr, sa) + stream_peer(s)->length);
    if (asprintf(&name, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, p->target->port) < 0)
        return fail(err, ENOMEM);
    result = stream_set_ends(s, &peer, name, local != NULL ? local : "");
    free(name);
    return result == 0 ? STAGE_DONE : fail(err, ENOMEM);
}

static enum stage_result request(struct proxy *p, struct stream *s, struct error *err)
{
    char message[SOCKS_MESSAGE_MAX];

    return say(p, s, message, socks_request(p->target->host, p->target->port, message), STEP_REPLY,
               err);
}

static enum stage_result step_socks5(struct proxy *p, struct stream *s, struct error *err)
{
    bool has_login = p->url->user != NULL, wants_login;
    char message[SOCKS_MESSAGE_MAX];
    size_t n;

    switch (p->step) {
    case STEP_BEGIN:
        return say(p, s, message, socks_greeting(has_login, message), STEP_METHOD, err);
    case STEP_METHOD:
        if (socks_check_method(p->bytes, has_login, &wants_login, err) < 0)
            return STAGE_FAILED;
        if (!wants_login)
            return request(p, s, err);
        n = socks_login(p->url->user, p->url->pass, message);
        return say(p, s, message, n, STEP_LOGIN, err);
    case STEP_LOGIN:
        return socks_check_login(p->bytes, err) == 0 ? request(p, s, err) : STAGE_FAILED;
    case STEP_REPLY:
        break;
    }
    return socks_check_reply(p->bytes, p->buffer.length, err) == 0 ? finish(p, s, err)
                                                                   : STAGE_FAILED;
}

static enum stage_result step_socks4(struct proxy *p, struct stream *s, struct error *err)
{
    const char *user = p->url->user != NULL ? p->url->user : "";
    char message[SOCKS_MESSAGE_MAX + SOCKS_HOST_MAX];

    if (p->step == STEP_BEGIN)
        return say(p, s, message, socks_request4(p->target->host, p->target->port, user, message),
                   STEP_REPLY, err);
    return socks_check_reply4(p->bytes, err) == 0 ? finish(p, s, err) : STAGE_FAILED;
}

static enum stage_result step_http(struct proxy *p, struct stream *s, struct error *err)
{
    enum stage_result result = STAGE_FAILED;
    struct buf message = {0};

    if (p->step == STEP_BEGIN) {
        if (http_connect_request(p->target->host, p->target->port, p->url->user, p->url->pass,
                                 &message, err) == 0)
            result = say(p, s, buf_head(&message), buf_length(&message), STEP_REPLY, err);
        buf_free(&message);
        return result;
    }
    switch (http_connect_check(p->bytes, p->buffer.length, p->url->user != NULL, err)) {
    case 0:
        p->buffer.length = 0;
        return STAGE_DONE;
    case 1:
        return finish(p, s, err);
    default:
        return STAGE_FAILED;
    }
}

/* One protocol: what follows each reply, and where replies end. */
struct protocol {
    struct stage_ops ops;
    enum stage_result (*step)(struct proxy *p, struct stream *s, struct error *err);
    size_t (*reply_length)(const char *bytes, size_t n, bool *complete);
    size_t reply_max;
    size_t host_max; /* 0: none */
};

static const struct protocol protocols[];

/* The stage is over with the first step after STEP_REPLY that wants no other reply. */
static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    struct proxy *p = (struct proxy *)g;
    const struct protocol *protocol = &protocols[p->url->scheme];
    enum stage_result result = STAGE_DONE;

    while (result == STAGE_DONE) {
        bool is_short = p->step == STEP_METHOD || p->step == STEP_LOGIN;

        if (p->step != STEP_BEGIN) {
            result = stage_take(&p->buffer, s,
                                is_short ? socks_short_length : protocol->reply_length, err);
            if (result != STAGE_DONE)
                return result;
        }
        result = protocol->step(p, s, err);
        if (p->step == STEP_REPLY && p->buffer.length > 0)
            return result;
    }
    return result;
}

static void free_stage(struct stage *g)
{
    free(g);
}

static const struct protocol protocols[] = {
    [PROXY_SOCKS5] = {{"SOCKS proxy", step, free_stage},
                      step_socks5,
                      socks_reply_length,
                      SOCKS_REPLY_MAX,
                      SOCKS_HOST_MAX},
    [PROXY_SOCKS4A] = {{"SOCKS proxy", step, free_stage},
                       step_socks4,
                       socks_reply4_length,
                       SOCKS_REPLY_MAX,
                       SOCKS_HOST_MAX},
    [PROXY_HTTP] = {{"HTTP proxy", step, free_stage},
                    step_http,
                    http_connect_length,
                    HTTP_CONNECT_REPLY_MAX,
                    0},
};

struct stage *proxy_stage(const void *config, struct error *err)
{
    const struct connect_hop *hop = config;
    const struct proxy_url *url = hop->config;
    const struct protocol *protocol = &protocols[url->scheme];
    struct proxy *p;

    if (protocol->host_max > 0 && strlen(hop->target->host) > protocol->host_max) {
        error_set(err, EXITCODE_FAILED, "SOCKS takes host names of at most %zu bytes",
                  protocol->host_max);
        return NULL;
    }
    p = calloc(1, sizeof(*p) + protocol->reply_max);
    if (p == NULL) {
        error_cause(err, ENOMEM);
        return NULL;
    }
    p->stage.ops = &protocol->ops;
    p->url = url;
    p->target = hop->target;
    p->buffer = (struct stage_buffer){.bytes = p->bytes, .max = protocol->reply_max};
    return &p->stage;
}
