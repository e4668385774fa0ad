/* The request CONNECT of HTTP/1.1 and the reply to it (RFC 9110, section 9.3.6; RFC 9112), with
 * the login Basic (RFC 7617). Bytes only. */
#ifndef STAGES_HTTP_CONNECT_H
#define STAGES_HTTP_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* The longest reply, up to its empty line. */
enum { HTTP_CONNECT_REPLY_MAX = 16 << 10 };

/* Appends the request; user NULL: without a login. Returns 0, or -1 with err filled. */
int http_connect_request(const char *host, unsigned port, const char *user, const char *pass,
                         struct buf *to, struct error *err);

/* Returns how many of the first n bytes belong to the head of a reply. *complete: that is all of
 * it, or it is no reply at all. */
size_t http_connect_length(const char *bytes, size_t n, bool *complete);

/* Returns 1 when the head grants the request, 0 when another one follows (a status of 1xx), or
 * -1 with err filled: a cause in words, whose number is an errno of the target where the proxy
 * reports one, else EACCES. */
int http_connect_check(const char *bytes, size_t n, bool has_login, struct error *err);

#endif
