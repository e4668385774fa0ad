/* Owns the form of SOCKS messages. Fetching bytes is left to proxy.c. */
#include "stages/socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "stages/socks_numbers.h"

enum {
    GRANTED_4 = 90,
    REPLY_4 = 8,
};

static int refuse(struct error *err, int number, const char *why)
{
    error_set(err, EXITCODE_FAILED, "%s", why);
    if (err != NULL)
        err->number = number;
    return -1;
}

static size_t put_port(char *to, unsigned port)
{
    to[0] = (char)(port >> 8);
    to[1] = (char)port;
    return 2;
}

static size_t put_text(char *to, const char *text)
{
    size_t length = strlen(text);

    to[0] = (char)length;
    memcpy(to + 1, text, length);
    return 1 + length;
}

size_t socks_greeting(bool has_login, char to[SOCKS_MESSAGE_MAX])
{
    to[0] = SOCKS_VERSION_5;
    to[1] = has_login ? 2 : 1;
    to[2] = SOCKS_METHOD_NONE;
    to[3] = SOCKS_METHOD_LOGIN;
    return has_login ? 4 : 3;
}

size_t socks_login(const char *user, const char *pass, char to[SOCKS_MESSAGE_MAX])
{
    size_t n = 1;

    to[0] = SOCKS_LOGIN_VERSION;
    n += put_text(to + n, user);
    n += put_text(to + n, pass);
    return n;
}

size_t socks_request(const char *host, unsigned port, char to[SOCKS_MESSAGE_MAX])
{
    size_t n = 4;

    to[0] = SOCKS_VERSION_5;
    to[1] = SOCKS_COMMAND_CONNECT;
    to[2] = 0;
    if (inet_pton(AF_INET, host, to + n) == 1) {
        to[3] = SOCKS_TYPE_IPV4;
        n += sizeof(struct in_addr);
    } else if (inet_pton(AF_INET6, host, to + n) == 1) {
        to[3] = SOCKS_TYPE_IPV6;
        n += sizeof(struct in6_addr);
    } else {
        to[3] = SOCKS_TYPE_NAME;
        n += put_text(to + n, host);
    }
    return n + put_port(to + n, port);
}

size_t socks_short_length(const char *bytes, size_t n, bool *complete)
{
    (void)bytes;
    *complete = n >= 2;
    return *complete ? 2 : n;
}

int socks_check_method(const char *bytes, bool has_login, bool *wants_login, struct error *err)
{
    *wants_login = bytes[1] == SOCKS_METHOD_LOGIN;
    if (bytes[0] != SOCKS_VERSION_5)
        return refuse(err, EACCES, "the reply is not of SOCKS 5");
    if (bytes[1] == SOCKS_METHOD_NONE || (*wants_login && has_login))
        return 0;
    return refuse(err, EACCES,
                  has_login ? "no way to log in that both have" : "the proxy requires a login");
}

int socks_check_login(const char *bytes, struct error *err)
{
    return bytes[1] == 0 ? 0 : refuse(err, EACCES, "the proxy refused USER and PASS");
}

size_t socks_reply_length(const char *bytes, size_t n, bool *complete)
{
    size_t whole = 0;

    /* A failure may come without an address. */
    *complete = n >= 2 && (bytes[0] != SOCKS_VERSION_5 || bytes[1] != 0);
    if (*complete)
        return 2;
    if (n < 5)
        return n;
    if (bytes[3] == SOCKS_TYPE_IPV4)
        whole = 4 + sizeof(struct in_addr) + 2;
    else if (bytes[3] == SOCKS_TYPE_IPV6)
        whole = 4 + sizeof(struct in6_addr) + 2;
    else if (bytes[3] == SOCKS_TYPE_NAME)
        whole = 4 + 1 + (size_t)(unsigned char)bytes[4] + 2;
    else
        whole = 4; /* and no valid reply */
    *complete = n >= whole;
    return *complete ? whole : n;
}

int socks_check_reply(const char *bytes, size_t n, struct error *err)
{
    static const struct {
        const char *why;
        int number;
    } causes[] = {
        [1] = {"the proxy failed", EACCES},
        [2] = {"not allowed by the proxy's rules", EACCES},
        [3] = {"network unreachable from the proxy", ENETUNREACH},
        [4] = {"host unreachable from the proxy", EHOSTUNREACH},
        [5] = {"connection refused", ECONNREFUSED},
        [6] = {"the proxy's TTL expired", EHOSTUNREACH},
        [7] = {"the proxy does not support CONNECT", EACCES},
        [8] = {"the proxy does not support this type of address", EACCES},
    };
    unsigned char code = (unsigned char)bytes[1];

    if (bytes[0] != SOCKS_VERSION_5)
        return refuse(err, EACCES, "the reply is not of SOCKS 5");
    if (code > 0 && code < sizeof(causes) / sizeof(causes[0]))
        return refuse(err, causes[code].number, causes[code].why);
    if (code == 0 && n > 4)
        return 0;
    error_set(err, EXITCODE_FAILED,
              code == 0 ? "the reply has an unknown type of address %u" : "the proxy reported %u",
              code == 0 ? (unsigned)(unsigned char)bytes[3] : code);
    if (err != NULL)
        err->number = EACCES;
    return -1;
}

size_t socks_request4(const char *host, unsigned port, const char *user,
                      char to[SOCKS_MESSAGE_MAX + SOCKS_HOST_MAX])
{
    size_t n = 2, length = strlen(user) + 1;
    bool is_address;

    to[0] = SOCKS_VERSION_4;
    to[1] = SOCKS_COMMAND_CONNECT;
    n += put_port(to + n, port);
    is_address = inet_pton(AF_INET, host, to + n) == 1;
    if (!is_address)
        memcpy(to + n, "\0\0\0\1", 4); /* the name follows */
    n += 4;
    memcpy(to + n, user, length);
    n += length;
    if (is_address)
        return n;
    memcpy(to + n, host, strlen(host) + 1);
    return n + strlen(host) + 1;
}

size_t socks_reply4_length(const char *bytes, size_t n, bool *complete)
{
    (void)bytes;
    *complete = n >= REPLY_4;
    return *complete ? REPLY_4 : n;
}

int socks_check_reply4(const char *bytes, struct error *err)
{
    switch ((unsigned char)bytes[1]) {
    case GRANTED_4:
        return bytes[0] == 0 ? 0 : refuse(err, EACCES, "the reply is not of SOCKS 4");
    case 91:
        return refuse(err, ECONNREFUSED, "refused, or the connection failed");
    case 92:
    case 93:
        return refuse(err, EACCES, "the proxy refused USER");
    default:
        return refuse(err, EACCES, "the reply is not of SOCKS 4");
    }
}
