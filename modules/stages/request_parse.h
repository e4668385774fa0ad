/*
 * The bytes of a client that names its target: SOCKS4 and 4a (Ying-Da Lee, 1992), SOCKS5
 * (RFC 1928 and 1929) and HTTP CONNECT (RFC 9110, 9.3.6; RFC 9112). Nothing here reads or
 * writes.
 */
#ifndef STAGES_REQUEST_PARSE_H
#define STAGES_REQUEST_PARSE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    REQUEST_PARSE_HOST_SIZE = 256,   /* with its zero byte */
    REQUEST_PARSE_LENGTH_MAX = 8192, /* of one message: a header of HTTP */
    REQUEST_PARSE_SOCKS4_MAX = 8 + 2 * REQUEST_PARSE_HOST_SIZE,
};

/* What becomes of a request. */
enum request_result {
    REQUEST_GRANTED,
    REQUEST_NOT_ALLOWED,
    REQUEST_REFUSED, /* by the target */
    REQUEST_NET_UNREACHABLE,
    REQUEST_HOST_UNREACHABLE,
    REQUEST_TIMED_OUT,
    REQUEST_FAILED,
    REQUEST_LOGIN_MISSING, /* or wrong */
    REQUEST_NO_CONNECT,    /* it asks for something else */
    REQUEST_BAD_ADDRESS,
    REQUEST_MALFORMED,
};

struct request_target {
    char host[REQUEST_PARSE_HOST_SIZE]; /* a name or an address */
    unsigned port;                      /* from 1 */
};

/*
 * Return how many of the first n bytes belong to a message. *complete: that is all of it, or
 * it is not such a message. They are, in this order: what a client sends first (a request of
 * SOCKS4 or HTTP, or the methods of SOCKS5); the login of SOCKS5; its request.
 */
size_t request_parse_first_length(const char *bytes, size_t n, bool *complete);
size_t request_parse_login_length(const char *bytes, size_t n, bool *complete);
size_t request_parse_target_length(const char *bytes, size_t n, bool *complete);

/* Read a complete message; login is USER:PASS, or NULL where none is required. They return
 * REQUEST_GRANTED with *t filled, or why not. */
enum request_result request_parse_socks4(const char *bytes, size_t n, const char *login,
                                         struct request_target *t);
enum request_result request_parse_http(const char *bytes, size_t n, const char *login,
                                       struct request_target *t);
enum request_result request_parse_target(const char *bytes, size_t n, struct request_target *t);

/* Returns true when the methods of SOCKS5 contain the one. */
bool request_parse_has_method(const char *bytes, size_t n, unsigned char method);

/* Returns true when the login of SOCKS5 is the one that is required. */
bool request_parse_login(const char *bytes, size_t n, const char *login);

#endif
