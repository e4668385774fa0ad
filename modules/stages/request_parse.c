/* Owns the form of requests. Fetching bytes and replying are in request.c. */
#include "stages/request_parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "stages/http_head.h"
#include "stages/socks_numbers.h"

static unsigned byte_at(const char *bytes, size_t i)
{
    return (unsigned char)bytes[i];
}

static unsigned port_at(const char *bytes, size_t i)
{
    return byte_at(bytes, i) << 8 | byte_at(bytes, i + 1);
}

/* The address 0.0.0.x, where x is not 0, says that a name follows. */
static bool is_socks4a(const char *bytes)
{
    return bytes[4] == 0 && bytes[5] == 0 && bytes[6] == 0 && bytes[7] != 0;
}

/* A user's name follows the fixed part, and a host's name follows that; each ends with a zero
 * byte. */
static size_t socks4_length(const char *bytes, size_t n, bool *complete)
{
    size_t names = n >= 8 && is_socks4a(bytes) ? 2 : 1, at = 8;

    while (names > 0 && n > at) {
        const char *end = memchr(bytes + at, '\0', n - at);

        if (end == NULL)
            break;
        at = (size_t)(end - bytes) + 1;
        names--;
    }
    *complete = n > 8 && (names == 0 || n >= REQUEST_PARSE_SOCKS4_MAX);
    return n > 8 && names == 0 ? at : n;
}

size_t request_parse_first_length(const char *bytes, size_t n, bool *complete)
{
    size_t whole;

    *complete = false;
    if (bytes[0] == 4)
        return socks4_length(bytes, n, complete);
    if (bytes[0] >= 'A' && bytes[0] <= 'Z')
        return http_head_length(bytes, n, complete);
    *complete = true;
    if (bytes[0] != 5)
        return 0;
    whole = n > 1 ? 2 + byte_at(bytes, 1) : 2;
    *complete = n > 1 && n >= whole;
    return *complete ? whole : n;
}

size_t request_parse_login_length(const char *bytes, size_t n, bool *complete)
{
    size_t user = n > 1 ? byte_at(bytes, 1) : 0;
    size_t whole = n > 2 + user ? 3 + user + byte_at(bytes, 2 + user) : 3 + user;

    *complete = n > 2 + user && n >= whole;
    return *complete ? whole : n;
}

size_t request_parse_target_length(const char *bytes, size_t n, bool *complete)
{
    size_t whole = 4;

    if (n > 4)
        switch (bytes[3]) {
        case SOCKS_TYPE_IPV4:
            whole = 4 + 4 + 2;
            break;
        case SOCKS_TYPE_NAME:
            whole = 4 + 1 + byte_at(bytes, 4) + 2;
            break;
        case SOCKS_TYPE_IPV6:
            whole = 4 + 16 + 2;
            break;
        default:
            break;
        }
    /* Of a type that is not known, the length is not known either. */
    *complete =
        n >= whole && (n > 4 || (n == 4 && bytes[3] != SOCKS_TYPE_IPV4 &&
                                 bytes[3] != SOCKS_TYPE_NAME && bytes[3] != SOCKS_TYPE_IPV6));
    return *complete ? whole : n;
}

/* Only names and addresses: never another kind of address, nor a path. */
static bool set_host(struct request_target *t, const char *host, size_t length)
{
    struct in6_addr ignored;

    if (length == 0 || length >= sizeof(t->host) || memchr(host, '\0', length) != NULL)
        return false;
    memcpy(t->host, host, length);
    t->host[length] = '\0';
    if (strchr(t->host, ':') != NULL)
        return inet_pton(AF_INET6, t->host, &ignored) == 1;
    for (const char *c = t->host; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("-._", *c) == NULL)
            return false;
    return true;
}

static void set_address(struct request_target *t, int family, const char *bytes)
{
    inet_ntop(family, bytes, t->host, sizeof(t->host));
}

enum request_result request_parse_socks4(const char *bytes, size_t n, const char *login,
                                         struct request_target *t)
{
    bool complete = false;
    size_t user_end;

    if (n <= 8 || socks4_length(bytes, n, &complete) != n || bytes[n - 1] != '\0' || !complete)
        return REQUEST_MALFORMED;
    if (login != NULL)
        return REQUEST_LOGIN_MISSING;
    if (bytes[1] != SOCKS_COMMAND_CONNECT)
        return REQUEST_NO_CONNECT;
    t->port = port_at(bytes, 2);
    user_end = 8 + strnlen(bytes + 8, n - 8) + 1;
    if (!is_socks4a(bytes))
        set_address(t, AF_INET, bytes + 4);
    else if (user_end >= n || !set_host(t, bytes + user_end, n - 1 - user_end))
        return REQUEST_BAD_ADDRESS;
    return t->port > 0 ? REQUEST_GRANTED : REQUEST_BAD_ADDRESS;
}

bool request_parse_has_method(const char *bytes, size_t n, unsigned char method)
{
    return n > 2 && memchr(bytes + 2, method, n - 2) != NULL;
}

/* How long it takes does not tell how much is right. */
static bool is_same(const char *given, size_t n, const char *wanted, size_t length)
{
    unsigned difference = n != length;

    for (size_t i = 0; i < n; i++)
        difference |= byte_at(given, i) ^ byte_at(wanted, i < length ? i : length);
    return difference == 0;
}

bool request_parse_login(const char *bytes, size_t n, const char *login)
{
    size_t user = n > 1 ? byte_at(bytes, 1) : 0, wanted_user = strcspn(login, ":");
    const char *wanted_pass = login[wanted_user] != '\0' ? login + wanted_user + 1 : "";
    bool complete, user_is_same, pass_is_same;

    if (n < 3 || request_parse_login_length(bytes, n, &complete) != n || !complete ||
        bytes[0] != SOCKS_LOGIN_VERSION)
        return false;
    user_is_same = is_same(bytes + 2, user, login, wanted_user);
    pass_is_same = is_same(bytes + 3 + user, n - 3 - user, wanted_pass, strlen(wanted_pass));
    return user_is_same && pass_is_same;
}

enum request_result request_parse_target(const char *bytes, size_t n, struct request_target *t)
{
    bool complete = false;

    if (n < 4 || request_parse_target_length(bytes, n, &complete) != n || !complete ||
        bytes[0] != 5 || bytes[2] != 0)
        return REQUEST_MALFORMED;
    if (bytes[1] != SOCKS_COMMAND_CONNECT)
        return REQUEST_NO_CONNECT;
    if (n < 8)
        return REQUEST_BAD_ADDRESS;
    t->port = port_at(bytes, n - 2);
    if (bytes[3] == SOCKS_TYPE_IPV4)
        set_address(t, AF_INET, bytes + 4);
    else if (bytes[3] == SOCKS_TYPE_IPV6)
        set_address(t, AF_INET6, bytes + 4);
    else if (!set_host(t, bytes + 5, n - 7))
        return REQUEST_BAD_ADDRESS;
    return t->port > 0 ? REQUEST_GRANTED : REQUEST_BAD_ADDRESS;
}

/* HTTP. */

struct span {
    const char *bytes;
    size_t length;
};

/* Takes a line without its end from the header. */
static struct span next_line(struct span *rest)
{
    const char *end = memchr(rest->bytes, '\n', rest->length);
    struct span line = {rest->bytes, end != NULL ? (size_t)(end - rest->bytes) : rest->length};

    rest->bytes += line.length + (end != NULL);
    rest->length -= line.length + (end != NULL);
    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    return line;
}

/* Takes what stands before the mark, and the mark; all of it where there is none. */
static struct span next_part(struct span *rest, char mark)
{
    const char *end = memchr(rest->bytes, mark, rest->length);
    struct span part = {rest->bytes, end != NULL ? (size_t)(end - rest->bytes) : rest->length};

    rest->bytes += part.length + (end != NULL);
    rest->length -= part.length + (end != NULL);
    return part;
}

static bool is_word(struct span s, const char *word)
{
    return s.length == strlen(word) && strncasecmp(s.bytes, word, s.length) == 0;
}

static struct span trim(struct span s)
{
    while (s.length > 0 && (*s.bytes == ' ' || *s.bytes == '\t')) {
        s.bytes++;
        s.length--;
    }
    while (s.length > 0 && (s.bytes[s.length - 1] == ' ' || s.bytes[s.length - 1] == '\t'))
        s.length--;
    return s;
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes to at most max bytes. Returns how many, or SIZE_MAX when it is not Base64. */
static size_t decode_base64(struct span s, char *to, size_t max)
{
    unsigned value = 0, bits = 0;
    size_t n = 0;

    while (s.length > 0 && s.bytes[s.length - 1] == '=')
        s.length--;
    for (size_t i = 0; i < s.length; i++) {
        int digit = base64_value(s.bytes[i]);

        if (digit < 0 || n == max)
            return SIZE_MAX;
        value = value << 6 | (unsigned)digit;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        to[n++] = (char)(value >> bits);
    }
    return n;
}

/* The value of a field Proxy-Authorization; RFC 7617. */
static bool is_authorized(struct span value, const char *login)
{
    char given[2 * REQUEST_PARSE_HOST_SIZE];
    struct span scheme = next_part(&value, ' ');
    size_t n = decode_base64(trim(value), given, sizeof(given));

    return is_word(scheme, "Basic") && n != SIZE_MAX && is_same(given, n, login, strlen(login));
}

static bool set_authority(struct request_target *t, struct span target)
{
    bool in_brackets = target.length > 0 && target.bytes[0] == '[';
    const char *colon = memrchr(target.bytes, ':', target.length);
    size_t host = colon != NULL ? (size_t)(colon - target.bytes) : 0;
    char port[sizeof("65535")] = "";
    size_t digits = host > 0 ? target.length - host - 1 : 0;
    uint64_t number;

    if (digits == 0 || digits >= sizeof(port))
        return false;
    memcpy(port, colon + 1, digits);
    if (num_parse(port, 1, 65535, &number) < 0)
        return false;
    t->port = (unsigned)number;
    if (!in_brackets)
        return memchr(target.bytes, ':', host) == NULL && set_host(t, target.bytes, host);
    return host > 2 && target.bytes[host - 1] == ']' && memchr(target.bytes, ':', host) != NULL &&
           set_host(t, target.bytes + 1, host - 2);
}

static bool is_version(struct span s)
{
    return s.length == 8 && memcmp(s.bytes, "HTTP/1.", 7) == 0 &&
           isdigit((unsigned char)s.bytes[7]);
}

enum request_result request_parse_http(const char *bytes, size_t n, const char *login,
                                       struct request_target *t)
{
    struct span rest = {bytes, n}, line = next_line(&rest);
    struct span method = next_part(&line, ' '), target = next_part(&line, ' ');
    bool authorized = login == NULL;

    if (memchr(bytes, '\0', n) != NULL || !is_version(line))
        return REQUEST_MALFORMED;
    while ((line = next_line(&rest)).length > 0) {
        struct span name = next_part(&line, ':');

        /* Also a line that continues another one; RFC 9112, 5.1 and 5.2. */
        if (name.length == 0 || memchr(name.bytes, ' ', name.length) != NULL ||
            memchr(name.bytes, '\t', name.length) != NULL || line.bytes == name.bytes + name.length)
            return REQUEST_MALFORMED;
        if (login != NULL && is_word(name, "Proxy-Authorization"))
            authorized = is_authorized(trim(line), login);
    }
    if (!authorized)
        return REQUEST_LOGIN_MISSING;
    if (method.length != 7 || memcmp(method.bytes, "CONNECT", 7) != 0)
        return REQUEST_NO_CONNECT;
    return set_authority(t, target) ? REQUEST_GRANTED : REQUEST_BAD_ADDRESS;
}
