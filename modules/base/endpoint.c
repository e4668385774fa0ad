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

/* The copies of the two parts; port is NULL where there is none. */
static int endpoint_set(struct endpoint *e, const char *host, size_t host_length, const char *port,
                        struct error *err)
{
    e->host = strndup(host, host_length);
    e->port = port != NULL ? strdup(port) : NULL;
    if (e->host == NULL || (port != NULL && e->port == NULL)) {
        endpoint_clear(e);
        error_errno(err, ENOMEM, "cannot read \"%s\"", host);
        return -1;
    }
    return 0;
}

static int malformed(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid address \"%s\": %s", word, why);
    return -1;
}

/* The port of a URL without one is the service that its scheme names. */
static int refuse_url(const char *word, const char *rest, struct error *err)
{
    const char *user = memchr(rest, '@', strcspn(rest, "/?#"));
    const char *host = user != NULL ? user + 1 : rest;
    const char *port = host + (*host == '[' ? strcspn(host, "]/?#") : strcspn(host, ":/?#"));
    int host_length = (int)(port - host), port_length;

    if (*host == '[' && *port == ']') {
        host++;
        host_length--;
        port++;
    }
    if (host_length == 0)
        return malformed(word, "expected HOST and PORT, or unix:PATH", err);
    port_length = *port == ':' ? (int)strcspn(port + 1, "/?#") : 0;
    if (port_length > 0)
        port++;
    else {
        port = word;
        port_length = (int)(rest - word) - 3;
    }
    error_set(err, EXITCODE_USAGE, "invalid address \"%s\": for a URL, use HOST PORT: %.*s %.*s",
              word, host_length, host, port_length, port);
    return -1;
}

/* Takes a word that is an address by itself, or a path. */
static enum addr_word parse_whole(const char *word, struct endpoint *e, struct error *err)
{
    char *path = NULL;
    enum addr_word result = addr_parse(word, &e->address, err);

    if (result == ADDR_IS_HOST && strchr(word, '/') != NULL) {
        if (asprintf(&path, "unix:%s", word) < 0) {
            error_errno(err, ENOMEM, "cannot read \"%s\"", word);
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

int endpoint_parse(const char *word, struct endpoint *e, struct error *err)
{
    const char *colon = strchr(word, ':'), *scheme_end = strstr(word, "://");
    enum addr_word whole;

    *e = (struct endpoint){0};
    if (scheme_end != NULL)
        return refuse_url(word, scheme_end + 3, err);
    whole = parse_whole(word, e, err);
    if (whole != ADDR_IS_HOST)
        return whole == ADDR_WHOLE ? 0 : -1;
    if (word[0] == '[') {
        const char *close = strchr(word, ']');

        if (close == NULL)
            return malformed(word, "a closing bracket is missing", err);
        if (close == word + 1)
            return malformed(word, "the brackets are empty", err);
        if (close[1] != '\0' && close[1] != ':')
            return malformed(word, "only :PORT may follow the bracket", err);
        return endpoint_set(e, word + 1, (size_t)(close - word - 1),
                            close[1] == ':' ? close + 2 : NULL, err);
    }
    if (word[0] == '\0' || colon == word)
        if (colon == NULL || colon[1] != ':')
            return malformed(word, "the host is empty", err);
    if (colon == NULL || strchr(colon + 1, ':') != NULL)
        return endpoint_set(e, word, strlen(word), NULL, err);
    return endpoint_set(e, word, (size_t)(colon - word), colon + 1, err);
}

void endpoint_clear(struct endpoint *e)
{
    free(e->host);
    free(e->port);
    *e = (struct endpoint){0};
}

enum endpoint_kind endpoint_kind(const char *word)
{
    const char *colon = strchr(word, ':');
    struct in_addr address;

    if (word[0] != '\0' && strspn(word, "0123456789") == strlen(word))
        return ENDPOINT_PORT;
    if (word[0] == '[' || inet_pton(AF_INET, word, &address) == 1)
        return ENDPOINT_ADDRESS;
    /* A colon behind a slash belongs to a path. */
    return colon != NULL && colon < word + strcspn(word, "/") ? ENDPOINT_ADDRESS : ENDPOINT_NONE;
}

int endpoint_parse_port(const char *word, unsigned min, unsigned *port, struct error *err)
{
    uint64_t number;
    struct servent *service;

    if (num_parse(word, min, 65535, &number) == 0) {
        *port = (unsigned)number;
        return 0;
    }
    if (isalpha((unsigned char)word[0])) {
        service = getservbyname(word, "tcp");
        if (service != NULL) {
            *port = ntohs((uint16_t)service->s_port);
            return 0;
        }
    }
    error_set(err, EXITCODE_USAGE, "invalid port \"%s\": expected %u to 65535 or a service name",
              word, min);
    return -1;
}
