/* The login to an HTTP proxy: its challenges (RFC 9110, section 11), and the credentials of Basic
 * (RFC 7617) and Digest (RFC 7616, qop=auth). Bytes only. */
#ifndef STAGES_HTTP_AUTH_H
#define STAGES_HTTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* From the weakest to the strongest. */
enum http_auth_scheme {
    HTTP_AUTH_NONE, /* that is known here */
    HTTP_AUTH_BASIC,
    HTTP_AUTH_DIGEST_MD5,
    HTTP_AUTH_DIGEST_SHA256,
};

/* A part of a header, without its quotation marks, but with its backslashes. */
struct http_auth_text {
    const char *at;
    size_t length;
};

struct http_auth_challenge {
    enum http_auth_scheme scheme;
    struct http_auth_text realm;
    struct http_auth_text nonce;
    struct http_auth_text opaque; /* at NULL: none */
    bool names_algorithm;
    bool is_stale; /* a login was right, but its nonce too old */
};

/* Reads the value of a line Proxy-Authenticate, which may have several challenges. Replaces *best,
 * {0} before the first line, by a stronger one; it points into the value. */
void http_auth_read(const char *value, size_t n, struct http_auth_challenge *best);

/* Appends a line Proxy-Authorization that meets the challenge, for CONNECT to target (HOST:PORT).
 * cnonce is any text without quotation marks, never used before; Digest needs it. Returns 0, or
 * -1 with err filled: a cause. */
int http_auth_add(const struct http_auth_challenge *c, const char *target, const char *user,
                  const char *pass, const char *cnonce, struct buf *to, struct error *err);

#endif
