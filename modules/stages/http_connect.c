/* Owns the form of CONNECT. Fetching bytes is left to proxy.c. */
#include "stages/http_connect.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char begin[] = "HTTP/1.";

enum {
    BEGIN = sizeof(begin) - 1,
    STATUS_LINE = BEGIN + 1 + 1 + 3, /* "HTTP/1.1 200" */
    REASON_MAX = 80,                 /* that is reported */
};

static int refuse(struct error *err, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct error *err, int number, const char *format, ...)
{
    char why[256];
    va_list args;

    va_start(args, format);
    vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    error_set(err, EXITCODE_FAILED, "%s", why);
    if (err != NULL)
        err->number = number;
    return -1;
}

static int add(struct buf *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int add(struct buf *to, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = buf_vformat(to, format, args);
    va_end(args);
    return result;
}

/* Appends text in base 64 (RFC 4648, section 4). */
static int add_base64(struct buf *to, const char *text, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        unsigned bits = (unsigned)(unsigned char)text[i] << 16 |
                        (left > 1 ? (unsigned)(unsigned char)text[i + 1] << 8 : 0) |
                        (left > 2 ? (unsigned)(unsigned char)text[i + 2] : 0);
        const char four[] = {digits[bits >> 18], digits[bits >> 12 & 63],
                             left > 1 ? digits[bits >> 6 & 63] : '=',
                             left > 2 ? digits[bits & 63] : '='};

        if (buf_add(to, four, sizeof(four)) < 0)
            return -1;
    }
    return 0;
}

static int add_login(struct buf *to, const char *user, const char *pass)
{
    struct buf login = {0};
    int result = -1;

    if (add(&login, "%s:%s", user, pass) == 0 && add(to, "Proxy-Authorization: Basic ") == 0 &&
        add_base64(to, buf_head(&login), buf_length(&login)) == 0)
        result = add(to, "\r\n");
    buf_free(&login);
    return result;
}

int http_connect_request(const char *host, unsigned port, const char *user, const char *pass,
                         struct buf *to, struct error *err)
{
    const char *open = strchr(host, ':') != NULL ? "[" : "", *close = *open != '\0' ? "]" : "";

    for (const char *c = host; *c != '\0'; c++)
        if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
            return refuse(err, EACCES, "the host has a character that HTTP does not allow");
    if (add(to, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", open, host, close, port, open,
            host, close, port) == 0 &&
        (user == NULL || add_login(to, user, pass) == 0) && add(to, "\r\n") == 0)
        return 0;
    error_cause(err, ENOMEM);
    return -1;
}

/* Lines end with LF or CRLF; RFC 9112, section 2.2. */
size_t http_connect_length(const char *bytes, size_t n, bool *complete)
{
    *complete = memcmp(bytes, begin, n < BEGIN ? n : BEGIN) != 0;
    if (*complete)
        return 0;
    for (const char *c = bytes; (c = memchr(c, '\n', n - (size_t)(c - bytes))) != NULL; c++) {
        size_t left = n - (size_t)(c - bytes);
        size_t end = left > 1 && c[1] == '\n' ? 2 : left > 2 && memcmp(c, "\n\r\n", 3) == 0 ? 3 : 0;

        if (end == 0)
            continue;
        *complete = true;
        return (size_t)(c - bytes) + end;
    }
    return n;
}

/* Returns true when a line of the head offers the login Basic. */
static bool offers_basic(const char *bytes, size_t n)
{
    static const char name[] = "Proxy-Authenticate:", basic[] = "Basic";

    for (size_t i = 0; i < n;) {
        const char *line = bytes + i, *end = memchr(line, '\n', n - i);
        size_t length = end != NULL ? (size_t)(end - line) : n - i;

        if (length >= sizeof(name) - 1 && strncasecmp(line, name, sizeof(name) - 1) == 0)
            for (size_t j = sizeof(name) - 1; j + sizeof(basic) - 1 <= length; j++)
                if (strncasecmp(line + j, basic, sizeof(basic) - 1) == 0)
                    return true;
        i += length + 1;
    }
    return false;
}

/* Copies the words of the status line, without what a terminal or a log would act on. */
static void copy_reason(const char *bytes, size_t n, char reason[REASON_MAX])
{
    size_t length = 0;

    for (size_t i = STATUS_LINE - 3; i < n && bytes[i] != '\r' && bytes[i] != '\n'; i++)
        if (length < REASON_MAX - 1)
            reason[length++] = isprint((unsigned char)bytes[i]) ? bytes[i] : '?';
    while (length > 0 && reason[length - 1] == ' ')
        length--;
    reason[length] = '\0';
}

int http_connect_check(const char *bytes, size_t n, bool has_login, struct error *err)
{
    char reason[REASON_MAX];
    int status = 0;

    if (n < STATUS_LINE || !isdigit((unsigned char)bytes[BEGIN]) || bytes[BEGIN + 1] != ' ')
        return refuse(err, EACCES, "the reply is not of HTTP");
    for (size_t i = STATUS_LINE - 3; i < STATUS_LINE; i++) {
        if (!isdigit((unsigned char)bytes[i]))
            return refuse(err, EACCES, "the reply is not of HTTP");
        status = 10 * status + bytes[i] - '0';
    }
    if (status / 100 == 1 || status / 100 == 2)
        return status / 100 - 1;
    copy_reason(bytes, n, reason);
    if (status == 407 && !offers_basic(bytes, n))
        return refuse(err, EACCES, "%s: the proxy does not accept the login Basic", reason);
    if (status == 407)
        return refuse(err, EACCES,
                      has_login ? "%s: the proxy refused USER and PASS"
                                : "%s: the proxy requires a login",
                      reason);
    return refuse(err, status >= 502 && status <= 504 ? EHOSTUNREACH : EACCES, "%s", reason);
}
