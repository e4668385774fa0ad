/* The request CONNECT of HTTP/1.1 and the reply to it (RFC 9110, section 9.3.6; RFC 9112). Bytes
 * only. */
#ifndef STAGES_HTTP_CONNECT_H
#define STAGES_HTTP_CONNECT_H

#include "stages/http_auth.h"

enum {
    HTTP_CONNECT_REPLY_MAX = 16 << 10, /* the longest head of a reply, up to its empty line */
    HTTP_CONNECT_BODY_MAX = 64 << 10,  /* the longest body that is read to stay connected */
    HTTP_CONNECT_REASON_SIZE = 80,
};

struct http_connect_login {
    const struct http_auth_challenge *challenge;
    const char *user;
    const char *pass;
    const char *cnonce;
};

/* Appends the request for a target HOST:PORT; login NULL: without one. Returns 0, or -1 with err
 * filled: a cause. */
int http_connect_request(const char *target, const struct http_connect_login *login, struct buf *to,
                         struct error *err);

/* Returns how many of the first n bytes belong to the head of a reply. *complete: that is all of
 * it, or it is no reply at all. */
size_t http_connect_length(const char *bytes, size_t n, bool *complete);

struct http_connect_reply {
    int status;
    char reason[HTTP_CONNECT_REASON_SIZE]; /* with the status; safe to print */
    struct http_auth_challenge challenge;  /* the strongest; points into the head */
    bool stays_open;                       /* another request may follow the body */
    size_t body;                           /* bytes behind the head of a refusal */
};

/* Reads a complete head. Returns 0, or -1 with err filled: a cause. */
int http_connect_parse(const char *bytes, size_t n, struct http_connect_reply *r,
                       struct error *err);

/* Fills err with a refusal in words, and an errno of the target where the proxy reports one, else
 * EACCES. logged_in: the request had a login. */
void http_connect_refusal(const struct http_connect_reply *r, bool logged_in, struct error *err);

#endif
