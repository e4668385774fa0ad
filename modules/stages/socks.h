/*
 * The client's messages of SOCKS 4A and 5, and a proxy's replies (RFC 1928, RFC 1929, and "SOCKS
 * 4A: A Simple Extension to SOCKS 4 Protocol"). Bytes only.
 *
 * The lengths return how many of the first n bytes belong to a reply. *complete: that is all of
 * it. The checks return 0, or -1 with err filled: a cause in words, whose number is an errno of
 * the target where the proxy reports one, else EACCES.
 */
#ifndef STAGES_SOCKS_H
#define STAGES_SOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
    SOCKS_MESSAGE_MAX = 3 + 2 * 255, /* a login */
    SOCKS_REPLY_MAX = 4 + 1 + 255 + 2,
    SOCKS_HOST_MAX = 255,
};

/* Write a message into to and return its length. The host of a request has at most SOCKS_HOST_MAX
 * bytes, user (NULL: none) and pass at most 255. */
size_t socks_greeting(bool has_login, char to[SOCKS_MESSAGE_MAX]);
size_t socks_login(const char *user, const char *pass, char to[SOCKS_MESSAGE_MAX]);
size_t socks_request(const char *host, unsigned port, char to[SOCKS_MESSAGE_MAX]);

/* The reply to a greeting, and to a login. */
size_t socks_short_length(const char *bytes, size_t n, bool *complete);
int socks_check_method(const char *bytes, bool has_login, bool *wants_login, struct error *err);
int socks_check_login(const char *bytes, struct error *err);

/* The reply to a request. */
size_t socks_reply_length(const char *bytes, size_t n, bool *complete);
int socks_check_reply(const char *bytes, size_t n, struct error *err);

/* SOCKS 4A: the user has at most 255 bytes. */
size_t socks_request4(const char *host, unsigned port, const char *user,
                      char to[SOCKS_MESSAGE_MAX + SOCKS_HOST_MAX]);
size_t socks_reply4_length(const char *bytes, size_t n, bool *complete);
int socks_check_reply4(const char *bytes, struct error *err);

#endif
