/* Owns the words and options that name the peer. Opens no connection. */
#include "commands/connecting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/event.h"
#include "base/num.h"
#include "commands/prompt.h"
#include "stages/tap_stage.h"

#define AT(field) .offset = offsetof(struct connect_options, field)

static const char *const version_words[] = {"v1", "v2", NULL};

const struct option_spec connect_specs[] = {
    {OPTION_DURATION, "connect-timeout", 0, .value = "TIME", AT(connect_timeout_ms),
     .help = "give up connecting after TIME; 0 never does"},
    {OPTION_WORD, "proxy", 0, .value = "URL|@FILE", AT(proxy.word),
     .help = "connect through a SOCKS or HTTP proxy"},
    {OPTION_WORD, "proxy-tls-ca", 0, .value = "FILE|DIR", AT(proxy.ca),
     .help = "trust these authorities for an https proxy"},
    {OPTION_CHOICE, "send-proxy", 0, .optional = true, .value = "v1|v2", AT(proxy_version),
     .given_offset = offsetof(struct connect_options, send_proxy), .choices = version_words,
     .help = "send a PROXY header first (v1)"},
    {.kind = OPTION_END},
};

const struct option_spec connect_retry_specs[] = {
    {OPTION_DURATION, "retry", 0, .value = "TIME", AT(retry_ms), .essential = true,
     .help = "try again for TIME while connecting fails"},
    {.kind = OPTION_END},
};

/* Returns a copy of the word given, or of what the user types at a prompt; or NULL with a
 * usage error: missing. */
static char *find_word(struct connecting_words *w, const char *given, const char *name,
                       const char *missing, struct error *err)
{
    char *word = NULL;

    if (given != NULL) {
        word = strdup(given);
    } else if (prompt_is_possible()) {
        w->prompted = true;
        word = prompt_ask(name, false);
    }
    if (word == NULL && given != NULL)
        error_errno(err, ENOMEM, "cannot read \"%s\"", given);
    else if (word == NULL)
        error_set(err, EXITCODE_USAGE, "%s", missing);
    return word;
}

/* Refuses what only a listener can have. */
int connecting_check_address(const char *word, const struct addr *a, struct error *err)
{
    if (a->sa.sa_family != AF_VSOCK ||
        (a->vm.svm_cid != VMADDR_CID_ANY && a->vm.svm_port != VMADDR_PORT_ANY))
        return 0;
    error_set(err, EXITCODE_USAGE,
              "invalid address \"%s\": expected numbers for CID and PORT, from 1 for PORT", word);
    return -1;
}

/* The second word is no port, or missing: names the cause where it is the first word. */
static void explain_host(const char *host, const struct common_options *o, struct error *err)
{
    char *meant = endpoint_with_brackets(host);
    int64_t time_ms;

    if (meant != NULL)
        error_set(err, EXITCODE_USAGE,
                  "invalid address \"%s\": an IPv6 address without a port: did you mean %s?", host,
                  meant);
    else if (o->quiet && num_parse_duration(host, &time_ms) == 0)
        error_set(err, EXITCODE_USAGE,
                  "invalid host \"%s\": -q takes no value, it is --quiet; nc's -q is --until quiet",
                  host);
    free(meant);
}

int connecting_find_target(struct connecting_words *w, const struct common_options *o, int count,
                           char **words, struct error *err)
{
    struct endpoint e = {0};
    char *first = find_word(w, count > 0 ? words[0] : NULL, "host", "missing host", err);
    char *second = NULL;
    int result = -1;

    w->used = count > 0;
    if (first == NULL || endpoint_parse(first, &e, err) < 0)
        goto done;
    if (e.address.sa.sa_family != 0) {
        result = connecting_check_address(first, &e.address, err);
        goto taken;
    }
    if (e.port == NULL) {
        second = find_word(w, count > w->used ? words[w->used] : NULL, "port", "missing port", err);
        w->used += count > w->used;
        if (second == NULL)
            goto done;
    }
    result = endpoint_parse_port(second != NULL ? second : e.port, 1, &w->target.port, err);
taken:
    if (result == 0) {
        w->target.host = w->host = e.host;
        e.host = NULL;
    }
done:
    if (result < 0 && err->status == EXITCODE_USAGE && first != NULL && e.host != NULL)
        explain_host(first, o, err);
    endpoint_clear(&e);
    free(first);
    free(second);
    return result;
}

void connecting_clear(struct connecting_words *w)
{
    free(w->host);
}

void connecting_use_tls(struct connecting_words *w, struct tls_context *tls)
{
    if (tls == NULL)
        return;
    w->tls = (struct tls_stage_config){tls, w->target.port != 0 ? w->host : NULL};
    w->target.own_stage = (struct stage_plan){.make = tls_stage, .config = &w->tls};
}

struct connect_plan connecting_plan(struct connecting_words *w, const struct connect_options *c,
                                    const struct common_options *o, bool replying,
                                    struct tls_context *tls)
{
    struct connect_plan plan;

    connecting_use_tls(w, tls);
    plan = (struct connect_plan){
        .targets = &w->target,
        .count = 1,
        .family = common_options_family(o),
        .bind = o->binds.count > 0 ? o->binds.words[0] : NULL,
        .timeout_ms = c->connect_timeout_ms,
        .handshake_ms = o->handshake_timeout_ms,
        .retry_ms = c->retry_ms,
        .socket = common_options_socket(o, replying),
        .proxy = proxy_options_proxy(&c->proxy),
    };
    if (c->send_proxy)
        plan.first_stage =
            (struct stage_plan){.make = proxy_header_writer, .config = &c->proxy_version};
    if (w->dump != NULL)
        plan.last_stage = (struct stage_plan){.make = tap_stage, .config = &w->dump};
    return plan;
}

/* Only TCP goes through a proxy. */
static int check_proxy(const struct connecting_words *w, struct connect_options *c,
                       struct error *err)
{
    if (proxy_options_proxy(&c->proxy) == NULL && proxy_options_read(&c->proxy, err) < 0)
        return -1;
    if (proxy_options_proxy(&c->proxy) == NULL || w->target.port != 0)
        return 0;
    error_set(err, EXITCODE_USAGE, "--proxy and %s cannot be used together", w->target.host);
    return -1;
}

int connecting_check(const struct connecting_words *w, struct connect_options *c,
                     const struct common_options *o, struct error *err)
{
    const char *word = o->binds.count > 0 ? o->binds.words[0] : NULL;
    struct addr target = {0}, local = {0};
    struct endpoint e = {0};

    addr_parse(w->target.host, &target, NULL);
    if (o->binds.count > 1) {
        error_set(err, EXITCODE_USAGE, "--bind can be used only once to connect");
        return -1;
    }
    if (tls_options_check(&o->tls, "", TLS_CLIENT, err) < 0 ||
        tls_options_check_target(&o->tls, "", w->target.host, err) < 0 ||
        check_proxy(w, c, err) < 0)
        return -1;
    if (word == NULL)
        return 0;
    if (endpoint_parse_local(word, &e, err) < 0) {
        error_prefix(err, "--bind");
        return -1;
    }
    local = e.address;
    endpoint_clear(&e);
    if (local.sa.sa_family != target.sa.sa_family)
        error_set(err, EXITCODE_USAGE, "--bind %s and %s cannot be used together", word,
                  w->target.host);
    else if (addr_is_file(&local))
        error_set(err, EXITCODE_USAGE, "--bind %s: a path can be used only to listen", word);
    else
        return 0;
    return -1;
}

void connecting_log(struct stream *peer)
{
    if (event_is_shown(EVENT_CONNECTED))
        event_log(&(struct event){.kind = EVENT_CONNECTED, .peer = stream_name(peer)});
}

void connecting_over(struct run *r, struct outcome *o)
{
    event_log(&(struct event){.kind = o->dropped ? EVENT_DROPPED : EVENT_CLOSED,
                              .peer = o->name,
                              .in_bytes = o->in_bytes,
                              .out_bytes = o->out_bytes,
                              .duration_ms = o->duration_ms,
                              .why = &o->why});
    if (!error_is_set(&o->why)) {
        loop_stop(r->loop);
        return;
    }
    r->fatal_is_logged = r->fatal_is_logged || !error_is_set(&r->fatal);
    run_fail(r, &o->why);
}
