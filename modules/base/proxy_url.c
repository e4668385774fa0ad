/* Owns the form of proxies' URLs. Connects to nothing. */
#include "base/proxy_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/endpoint.h"

static const struct {
    const char *name;
    unsigned port; /* without one in the URL */
} schemes[] = {
    [PROXY_SOCKS5] = {"socks5", 1080},
    [PROXY_SOCKS4A] = {"socks4a", 1080},
    [PROXY_HTTP] = {"http", 8080},
    [PROXY_HTTPS] = {"https", 443},
};

enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

static int refuse(struct error *err, const char *why)
{
    error_set(err, EXITCODE_USAGE, "%s", why);
    return -1;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* Returns a copy of n bytes, decoded; or NULL with err filled. */
static char *decode(const char *text, size_t n, struct error *err)
{
    char *copy = malloc(n + 1), *to = copy;

    if (copy == NULL) {
        error_cause(err, ENOMEM);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        int high, low;

        if (text[i] != '%') {
            *to++ = text[i];
            continue;
        }
        high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
        low = i + 2 < n ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0)) {
            free(copy);
            refuse(err, "expected two hexadecimal digits, not 00, after %");
            return NULL;
        }
        *to++ = (char)(high << 4 | low);
        i += 2;
    }
    *to = '\0';
    return copy;
}

static int read_user(const char *text, size_t n, struct proxy_url *u, struct error *err)
{
    const char *colon = memchr(text, ':', n);
    size_t length = colon != NULL ? (size_t)(colon - text) : n;

    u->user = decode(text, length, err);
    if (u->user == NULL)
        return -1;
    u->pass = decode(text + length + (colon != NULL), n - length - (colon != NULL), err);
    if (u->pass == NULL)
        return -1;
    if (*u->user == '\0')
        return refuse(err, "expected a USER before the colon");
    if (u->scheme == PROXY_SOCKS4A && *u->pass != '\0')
        return refuse(err, "socks4a has no passwords");
    if (u->scheme == PROXY_SOCKS5 && (strlen(u->user) > 255 || strlen(u->pass) > 255))
        return refuse(err, "socks5 takes 255 bytes of USER and of PASS");
    if (proxy_url_is_http(u))
        for (const char *c = u->user; *c != '\0'; c++)
            if (*c == ':' || iscntrl((unsigned char)*c))
                return refuse(err, "HTTP takes no colons and no control characters in USER");
    return 0;
}

/* A usage error in other words, which quote nothing. */
static void reword(struct error *why, const char *words, struct error *err)
{
    if (error_is_set(why) && why->status != EXITCODE_USAGE)
        error_move(err, why);
    else
        refuse(err, words);
}

static int read_host(const char *word, struct proxy_url *u, struct error *err)
{
    struct endpoint e = {0};
    struct error why = {0};
    int result = -1;

    u->port = schemes[u->scheme].port;
    if (endpoint_parse(word, &e, &why) < 0 || e.address.sa.sa_family != 0)
        reword(&why, "expected HOST or HOST:PORT", err);
    else if (e.port != NULL && endpoint_parse_port(e.port, 1, &u->port, &why) < 0)
        reword(&why, "expected a PORT from 1 to 65535, or a service name", err);
    else
        result = 0;
    u->host = e.host;
    e.host = NULL;
    endpoint_clear(&e);
    error_clear(&why);
    return result;
}

static int read_rest(const char *rest, struct proxy_url *u, struct error *err)
{
    size_t length = strcspn(rest, "/?#");
    const char *at = memrchr(rest, '@', length);
    const char *host = at != NULL ? at + 1 : rest;
    char *word;
    int result;

    if (strcmp(rest + length, "/") != 0 && rest[length] != '\0')
        return refuse(err, "expected nothing after HOST:PORT");
    if (at != NULL && read_user(rest, (size_t)(at - rest), u, err) < 0)
        return -1;
    word = strndup(host, length - (size_t)(host - rest));
    if (word == NULL) {
        error_cause(err, ENOMEM);
        return -1;
    }
    result = read_host(word, u, err);
    free(word);
    return result;
}

int proxy_url_parse(const char *url, struct proxy_url *u, struct error *err)
{
    const char *mark = strstr(url, "://");
    size_t length = mark != NULL ? (size_t)(mark - url) : 0;
    size_t scheme = 0;

    *u = (struct proxy_url){0};
    while (scheme < SCHEMES && (strlen(schemes[scheme].name) != length ||
                                strncasecmp(url, schemes[scheme].name, length) != 0))
        scheme++;
    if (scheme == SCHEMES)
        return refuse(err, "expected socks5://, socks4a://, http:// or https://");
    u->scheme = (enum proxy_scheme)scheme;
    if (read_rest(mark + 3, u, err) == 0)
        return 0;
    proxy_url_clear(u);
    return -1;
}

bool proxy_url_is_http(const struct proxy_url *u)
{
    return u->scheme == PROXY_HTTP || u->scheme == PROXY_HTTPS;
}

void proxy_url_clear(struct proxy_url *u)
{
    if (u->pass != NULL)
        explicit_bzero(u->pass, strlen(u->pass));
    free(u->host);
    free(u->user);
    free(u->pass);
    *u = (struct proxy_url){0};
}

void proxy_url_hide(char *url)
{
    char *mark = strstr(url, "://"), *end = strrchr(url, '@');
    char *start = strchr(mark != NULL ? mark + 3 : url, ':');

    if (end == NULL || start == NULL)
        return;
    while (++start < end)
        *start = '*';
}
