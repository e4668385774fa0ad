/* URLs of proxies: SCHEME://[USER[:PASS]@]HOST[:PORT] (RFC 3986). */
#ifndef BASE_PROXY_URL_H
#define BASE_PROXY_URL_H

#include "base/error.h"

enum proxy_scheme {
    PROXY_SOCKS5,
    PROXY_SOCKS4A,
    PROXY_HTTP,
    PROXY_HTTPS, /* HTTP over TLS */
};

/* USER and PASS have been percent-decoded. */
struct proxy_url {
    enum proxy_scheme scheme;
    char *host;
    unsigned port;
    char *user; /* NULL: none */
    char *pass; /* empty where there is a USER alone */
};

/* Returns 0, or -1 with a usage error: a cause, which quotes nothing of the URL. proxy_url_clear()
 * overwrites what it frees. */
int proxy_url_parse(const char *url, struct proxy_url *u, struct error *err);
void proxy_url_clear(struct proxy_url *u);

bool proxy_url_is_http(const struct proxy_url *u);

/* Overwrites what may be a password: from the colon behind the user's name to the last @. */
void proxy_url_hide(char *url);

#endif
