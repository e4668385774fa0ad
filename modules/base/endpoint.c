/* Owns the forms of addresses and ports. Resolves no host names. */
#include "base/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/* Returns a copy of the word in which the fullwidth forms of ASCII (U+FF01 to U+FF5E) and the
 * full stops of Chinese and Japanese are ASCII, as an input method leaves them; or NULL. */
static char *narrow(const char *word)
{
    const unsigned char *in = (const unsigned char *)word;
    char *copy = malloc(strlen(word) + 1), *out = copy;

    while (copy != NULL && *in != '\0') {
        if (strncmp((const char *)in, "\u3002", 3) == 0 ||
            strncmp((const char *)in, "\uff61", 3) == 0) {
            *out++ = '.';
            in += 3;
        } else if (in[0] == 0xef && in[1] == 0xbc && in[2] >= 0x81 && in[2] <= 0xbf) {
            *out++ = (char)(in[2] - 0x81 + '!');
            in += 3;
        } else if (in[0] == 0xef && in[1] == 0xbd && in[2] >= 0x80 && in[2] <= 0x9e) {
            *out++ = (char)(in[2] - 0x80 + '`');
            in += 3;
        } else {
            *out++ = (char)*in++;
        }
    }
    if (copy != NULL)
        *out = '\0';
    return copy;
}

static int no_memory(const char *word, struct error *err)
{
    error_errno(err, ENOMEM, "cannot read \"%s\"", word);
    return -1;
}

/* The copies of the two parts; either is NULL where there is none. */
static int endpoint_set(struct endpoint *e, const char *host, size_t host_length, const char *port,
                        struct error *err)
{
    e->host = host != NULL ? strndup(host, host_length) : NULL;
    e->port = port != NULL ? strdup(port) : NULL;
    if ((host == NULL || e->host != NULL) && (port == NULL || e->port != NULL))
        return 0;
    endpoint_clear(e);
    return no_memory(host != NULL ? host : port, err);
}

static int malformed(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid address \"%s\": %s", word, why);
    return -1;
}

/* Names the host and the port of a URL; the scheme may be the name of a service. */
static int refuse_url(const char *text, const char *word, struct error *err)
{
    const char *place = strstr(text, "://") + 3;
    char *scheme = strndup(text, (size_t)(place - 3 - text));
    char *authority = strndup(place, strcspn(place, "/?#"));
    const char *user = authority != NULL ? strrchr(authority, '@') : NULL;
    struct servent *service = scheme != NULL ? getservbyname(scheme, "tcp") : NULL;
    struct endpoint e = {0};
    char number[8];

    if (authority == NULL || endpoint_parse(user != NULL ? user + 1 : authority, &e, NULL) < 0) {
        malformed(word, "expected HOST and PORT, or unix:PATH", err);
    } else {
        if (service != NULL)
            snprintf(number, sizeof(number), "%u", (unsigned)ntohs((uint16_t)service->s_port));
        error_set(err, EXITCODE_USAGE, "invalid address \"%s\": for a URL, use HOST PORT: %s %s",
                  word, e.host,
                  e.port != NULL && e.port[0] != '\0' ? e.port
                  : service != NULL                   ? number
                  : scheme != NULL                    ? scheme
                                                      : "PORT");
    }
    endpoint_clear(&e);
    free(scheme);
    free(authority);
    return -1;
}

/* Takes a word that is an address by itself, or a path. */
static enum addr_word parse_whole(const char *word, struct endpoint *e, struct error *err)
{
    char *path = NULL;
    enum addr_word result = addr_parse(word, &e->address, err);

    if (result == ADDR_IS_HOST && strchr(word, '/') != NULL) {
        if (asprintf(&path, "unix:%s", word) < 0) {
            no_memory(word, err);
            return ADDR_MALFORMED;
        }
        result = addr_parse(path, &e->address, err);
    }
    if (result == ADDR_WHOLE && endpoint_set(e, path != NULL ? path : word,
                                             strlen(path != NULL ? path : word), NULL, err) < 0)
        result = ADDR_MALFORMED;
    free(path);
    return result;
}

/* Parses what narrow() has made of the word. */
static int parse_host(const char *text, const char *word, struct endpoint *e, struct error *err)
{
    const char *colon = strchr(text, ':');

    if (strstr(text, "://") != NULL)
        return refuse_url(text, word, err);
    if (text[0] == '[') {
        const char *close = strchr(text, ']');

        if (close == NULL)
            return malformed(word, "a closing bracket is missing", err);
        if (close == text + 1)
            return malformed(word, "the brackets are empty", err);
        if (close[1] != '\0' && close[1] != ':')
            return malformed(word, "only :PORT may follow the bracket", err);
        return endpoint_set(e, text + 1, (size_t)(close - text - 1),
                            close[1] == ':' ? close + 2 : NULL, err);
    }
    if (text[0] == '\0' || colon == text)
        if (colon == NULL || colon[1] != ':')
            return malformed(word, "the host is empty", err);
    if (colon == NULL || strchr(colon + 1, ':') != NULL)
        return endpoint_set(e, text, strlen(text), NULL, err);
    return endpoint_set(e, text, (size_t)(colon - text), colon + 1, err);
}

/* A path stays as it is: the fullwidth forms are names like any other. */
static int parse(const char *word, bool is_local, struct endpoint *e, struct error *err)
{
    enum addr_word whole = ADDR_IS_HOST;
    char *text;
    int result;

    *e = (struct endpoint){0};
    if (strstr(word, "://") == NULL)
        whole = parse_whole(word, e, err);
    if (whole != ADDR_IS_HOST)
        return whole == ADDR_WHOLE ? 0 : -1;
    text = narrow(word);
    if (text == NULL)
        return no_memory(word, err);
    result = is_local && text[0] == ':' && text[1] != ':' ? endpoint_set(e, NULL, 0, text + 1, err)
                                                          : parse_host(text, word, e, err);
    free(text);
    return result;
}

int endpoint_parse(const char *word, struct endpoint *e, struct error *err)
{
    return parse(word, false, e, err);
}

int endpoint_parse_local(const char *word, struct endpoint *e, struct error *err)
{
    return parse(word, true, e, err);
}

void endpoint_clear(struct endpoint *e)
{
    free(e->host);
    free(e->port);
    *e = (struct endpoint){0};
}

static bool is_port_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* A colon behind a slash belongs to a path. */
static bool has_port(const char *text)
{
    return text[strcspn(text, ":/")] == ':';
}

enum endpoint_kind endpoint_kind(const char *word)
{
    char *text = narrow(word);
    struct in_addr address;
    enum endpoint_kind kind = ENDPOINT_NONE;

    if (text != NULL && is_port_number(text))
        kind = ENDPOINT_PORT;
    else if (text != NULL &&
             (has_port(text) || text[0] == '[' || inet_pton(AF_INET, text, &address) == 1))
        kind = ENDPOINT_ADDRESS;
    free(text);
    return kind;
}

char *endpoint_with_brackets(const char *word)
{
    char *text = narrow(word), *colon = text != NULL ? strrchr(text, ':') : NULL, *meant = NULL;
    struct in6_addr address;

    if (colon != NULL && text[0] != '[' && is_port_number(colon + 1)) {
        *colon = '\0';
        if (strcmp(text, ":") == 0 || inet_pton(AF_INET6, text, &address) == 1)
            if (asprintf(&meant, "[%s]:%s", text[1] == '\0' ? "::" : text, colon + 1) < 0)
                meant = NULL;
    }
    free(text);
    return meant;
}

int endpoint_parse_port(const char *word, unsigned min, unsigned *port, struct error *err)
{
    char *text = narrow(word);
    uint64_t number;
    struct servent *service = NULL;
    int result = 0;

    if (text == NULL)
        return no_memory(word, err);
    if (isalpha((unsigned char)text[0]))
        service = getservbyname(text, "tcp");
    if (num_parse(text, min, 65535, &number) == 0) {
        *port = (unsigned)number;
    } else if (service != NULL) {
        *port = ntohs((uint16_t)service->s_port);
    } else {
        error_set(err, EXITCODE_USAGE,
                  "invalid port \"%s\": expected %u to 65535 or a service name", word, min);
        result = -1;
    }
    free(text);
    return result;
}
