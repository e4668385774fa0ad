/* Owns the order of messages. Leaves their form to socks.c and http_connect.c. */
#include "stages/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "stages/http_connect.h"
#include "stages/socks.h"
#include "text/hex.h"

enum step { STEP_BEGIN, STEP_METHOD, STEP_LOGIN, STEP_REPLY, STEP_BODY, STEP_DONE };

enum { INTERIM_MAX = 16, CNONCE_BYTES = 16 };

struct proxy {
    struct stage stage;
    const struct proxy_url *url;
    const struct connect_target *target;
    struct connect_hop_state *state;
    char *name; /* of the target: HOST:PORT */
    enum step step;
    bool can_lose;    /* the connection, since the proxy may have closed it before our login */
    unsigned logins;  /* that were sent */
    unsigned interim; /* replies of 1xx */
    size_t body;      /* of a refusal: bytes that are still to come */
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
    return stage_send(s, bytes, n, err);
}

/* From now on messages name the target, not the proxy. */
static enum stage_result finish(struct proxy *p, struct stream *s, struct error *err)
{
    const struct addr *local = stream_local(s);
    struct addr peer = {0}, unknown = {0};

    p->step = STEP_DONE;
    p->state->connected = true;
    memcpy(&peer, stream_peer(s), offsetof(struct addr, sa) + stream_peer(s)->length);
    return stream_set_ends(s, &peer, p->name, local != NULL ? local : &unknown,
                           local != NULL ? stream_local_name(s) : "") == 0
               ? STAGE_DONE
               : fail(err, ENOMEM);
}

/* SOCKS. */

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

    if (p->step == STEP_BEGIN)
        return say(p, s, message, socks_greeting(has_login, message), STEP_METHOD, err);
    if (p->step == STEP_METHOD) {
        if (socks_check_method(p->bytes, has_login, &wants_login, err) < 0)
            return STAGE_FAILED;
        if (!wants_login)
            return request(p, s, err);
        n = socks_login(p->url->user, p->url->pass, message);
        return say(p, s, message, n, STEP_LOGIN, err);
    }
    if (p->step == STEP_LOGIN)
        return socks_check_login(p->bytes, err) == 0 ? request(p, s, err) : STAGE_FAILED;
    p->state->replied = true;
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
    p->state->replied = true;
    return socks_check_reply4(p->bytes, err) == 0 ? finish(p, s, err) : STAGE_FAILED;
}

/* HTTP. */

/* Returns true when a login meets the refusal: the first one, or, where only the nonce was too
 * old, a second. */
static bool can_log_in(const struct proxy *p, const struct http_connect_reply *r)
{
    return r->status == 407 && p->url->user != NULL && r->challenge.scheme != HTTP_AUTH_NONE &&
           (p->logins == 0 || (p->logins == 1 && r->challenge.is_stale)) &&
           (r->stays_open || !p->state->reconnected);
}

/* The message of a new connection is the one that this connection would have had next. */
static enum stage_result reconnect(struct proxy *p)
{
    p->state->reconnected = true;
    return STAGE_RECONNECT;
}

static enum stage_result log_in(struct proxy *p, const struct http_connect_reply *r,
                                struct error *err)
{
    unsigned char random[CNONCE_BYTES];
    char cnonce[2 * CNONCE_BYTES + 1];
    struct http_connect_login login = {&r->challenge, p->url->user, p->url->pass, cnonce};
    struct buf *message = &p->state->message;

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return fail(err, errno);
    hex_put(cnonce, random, CNONCE_BYTES);
    buf_reset(message);
    if (http_connect_request(p->name, &login, message, err) < 0) {
        buf_reset(message); /* may have the login of a half */
        return STAGE_FAILED;
    }
    p->logins++;
    p->body = r->body;
    p->buffer.length = 0;
    p->step = STEP_BODY;
    p->can_lose = !p->state->reconnected;
    return r->stays_open ? STAGE_DONE : reconnect(p);
}

static enum stage_result judge(struct proxy *p, struct stream *s, struct error *err)
{
    struct http_connect_reply r;

    p->can_lose = false;
    if (http_connect_parse(p->bytes, p->buffer.length, &r, err) < 0)
        return STAGE_FAILED;
    if (r.status < 200 && p->interim++ < INTERIM_MAX) {
        p->buffer.length = 0;
        return STAGE_DONE;
    }
    if (can_log_in(p, &r))
        return log_in(p, &r, err);
    p->state->replied = true;
    if (r.status / 100 == 2)
        return finish(p, s, err);
    http_connect_refusal(&r, p->logins > 0, err);
    return STAGE_FAILED;
}

static enum stage_result step_http(struct proxy *p, struct stream *s, struct error *err)
{
    struct buf *message = &p->state->message, first = {0};
    enum stage_result result = STAGE_FAILED;

    if (p->step == STEP_REPLY)
        return judge(p, s, err);
    if (p->step == STEP_BEGIN)
        p->logins = buf_length(message) > 0;
    if (p->logins > 0)
        return say(p, s, buf_head(message), buf_length(message), STEP_REPLY, err);
    if (http_connect_request(p->name, NULL, &first, err) == 0)
        result = say(p, s, buf_head(&first), buf_length(&first), STEP_REPLY, err);
    buf_free(&first);
    return result;
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

/* Takes what comes before the next step. */
static enum stage_result take(struct proxy *p, struct stream *s, struct error *err)
{
    switch (p->step) {
    case STEP_METHOD:
    case STEP_LOGIN:
        return stage_take(&p->buffer, s, socks_short_length, err);
    case STEP_REPLY:
        return stage_take(&p->buffer, s, protocols[p->url->scheme].reply_length, err);
    case STEP_BODY:
        return stage_discard(&p->body, s, err);
    case STEP_BEGIN:
    case STEP_DONE:
        break;
    }
    return STAGE_DONE;
}

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    struct proxy *p = (struct proxy *)g;
    enum stage_result result = STAGE_DONE;

    while (result == STAGE_DONE && p->step != STEP_DONE) {
        result = take(p, s, err);
        if (result == STAGE_DONE)
            result = protocols[p->url->scheme].step(p, s, err);
    }
    if (result != STAGE_FAILED || !p->can_lose || p->buffer.length > 0)
        return result;
    error_clear(err);
    return reconnect(p);
}

static void free_stage(struct stage *g)
{
    free(((struct proxy *)g)->name);
    free(g);
}

#define OPS(name_of_it)                                      \
    {                                                        \
        .name = name_of_it, .step = step, .free = free_stage \
    }

static const struct protocol protocols[] = {
    [PROXY_SOCKS5] = {OPS("SOCKS proxy"), step_socks5, socks_reply_length, SOCKS_REPLY_MAX,
                      SOCKS_HOST_MAX},
    [PROXY_SOCKS4A] = {OPS("SOCKS proxy"), step_socks4, socks_reply4_length, SOCKS_REPLY_MAX,
                       SOCKS_HOST_MAX},
    [PROXY_HTTP] = {OPS("HTTP proxy"), step_http, http_connect_length, HTTP_CONNECT_REPLY_MAX, 0},
    [PROXY_HTTPS] = {OPS("HTTP proxy"), step_http, http_connect_length, HTTP_CONNECT_REPLY_MAX, 0},
};

struct stage *proxy_stage(const void *config, struct error *err)
{
    const struct connect_hop *hop = config;
    const struct proxy_url *url = hop->config;
    const struct protocol *protocol = &protocols[url->scheme];
    const char *host = hop->target->host;
    struct proxy *p;

    if (protocol->host_max > 0 && strlen(host) > protocol->host_max) {
        error_set(err, EXITCODE_FAILED, "SOCKS takes host names of at most %zu bytes",
                  protocol->host_max);
        return NULL;
    }
    p = calloc(1, sizeof(*p) + protocol->reply_max);
    if (p == NULL || asprintf(&p->name, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host,
                              hop->target->port) < 0) {
        free(p);
        error_cause(err, ENOMEM);
        return NULL;
    }
    p->stage.ops = &protocol->ops;
    p->url = url;
    p->target = hop->target;
    p->state = hop->state;
    p->buffer = (struct stage_buffer){.bytes = p->bytes, .max = protocol->reply_max};
    return &p->stage;
}
