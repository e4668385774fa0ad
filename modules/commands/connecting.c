/* Owns the words and options that say where to connect. Connects to nothing. */
#include "commands/connecting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "commands/prompt.h"

#define AT(field) .offset = offsetof(struct connect_options, field)

static const char *const version_words[] = {"v1", "v2", NULL};

const struct option_spec connect_specs[] = {
    {OPTION_DURATION, "connect-timeout", 0, .value = "TIME", AT(connect_timeout_ms),
     .help = "give up connecting after TIME (10s; 0: never)"},
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

#define HINT_TIME \
    "--connect-timeout TIME limits connecting, --idle-timeout TIME idling, --deadline TIME all"

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
    {"-U", "unix:PATH takes the place of HOST PORT"},
    {"--unixsock", "unix:PATH takes the place of HOST PORT"},
    {"--vsock", "vsock:CID:PORT takes the place of HOST PORT"},
    {NULL, NULL},
};

char *connecting_word(const char *given, const char *name, const char *missing, struct error *err)
{
    char *word = given != NULL ? strdup(given) : prompt_is_possible() ? prompt_ask(name) : NULL;

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

int connecting_find_target(struct connecting_words *w, int count, char **words, struct error *err)
{
    struct endpoint e = {0};
    char *first = connecting_word(count > 0 ? words[0] : NULL, "host", "missing host", err);
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
        second =
            connecting_word(count > w->used ? words[w->used] : NULL, "port", "missing port", err);
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
    endpoint_clear(&e);
    free(first);
    free(second);
    return result;
}

struct connect_plan connecting_plan(struct connecting_words *w, const struct connect_options *c,
                                    const struct common_options *o, bool replying)
{
    w->stage = (struct stage_plan){.make = proxy_header_writer, .config = &c->proxy_version};
    return (struct connect_plan){
        .targets = &w->target,
        .count = 1,
        .family = common_options_family(o),
        .bind = o->binds.count > 0 ? o->binds.words[0] : NULL,
        .timeout_ms = c->connect_timeout_ms,
        .handshake_ms = o->handshake_timeout_ms,
        .retry_ms = c->retry_ms,
        .socket = common_options_socket(o, replying),
        .stages = &w->stage,
        .stage_count = c->send_proxy ? 1 : 0,
    };
}

int connecting_check(const struct connecting_words *w, const struct common_options *o,
                     struct error *err)
{
    const char *word = o->binds.count > 0 ? o->binds.words[0] : NULL;
    struct addr target = {0}, local = {0};
    struct endpoint e = {0};

    if (o->binds.count > 1) {
        error_set(err, EXITCODE_USAGE, "--bind can be used only once to connect");
        return -1;
    }
    if (word == NULL)
        return 0;
    if (endpoint_parse(word, &e, err) < 0) {
        error_prefix(err, "--bind");
        return -1;
    }
    local = e.address;
    endpoint_clear(&e);
    addr_parse(w->target.host, &target, NULL);
    if (local.sa.sa_family != target.sa.sa_family)
        error_set(err, EXITCODE_USAGE, "--bind %s and %s cannot be used together", word,
                  w->target.host);
    else if (addr_is_file(&local))
        error_set(err, EXITCODE_USAGE, "--bind %s: a path can be used only to listen", word);
    else
        return 0;
    return -1;
}
