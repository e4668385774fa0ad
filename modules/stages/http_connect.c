/* Owns the form of CONNECT. Leaves logins to http_auth.c, and fetching bytes to proxy.c. */
#include "stages/http_connect.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "stages/http_head.h"

static const char start[] = "HTTP/1.";

enum {
    START = sizeof(start) - 1,
    STATUS = START + 2,       /* where it is in "HTTP/1.1 200" */
    STATUS_LINE = STATUS + 3, /* the shortest */
};

int http_connect_request(const char *target, const struct http_connect_login *login, struct buf *to,
                         struct error *err)
{
    for (const char *c = target; *c != '\0'; c++)
        if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c)) {
            error_set(err, EXITCODE_FAILED, "the host has a character that HTTP does not allow");
            return -1;
        }
    if (buf_format(to, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target) == 0) {
        if (login != NULL && http_auth_add(login->challenge, target, login->user, login->pass,
                                           login->cnonce, to, err) < 0)
            return -1;
        if (buf_format(to, "\r\n") == 0)
            return 0;
    }
    error_cause(err, ENOMEM);
    return -1;
}

size_t http_connect_length(const char *bytes, size_t n, bool *complete)
{
    *complete = memcmp(bytes, start, n < START ? n : START) != 0;
    return *complete ? 0 : http_head_length(bytes, n, complete);
}

/* Copies the words of the status line, without what a terminal or a log would act on. */
static void copy_reason(const char *bytes, size_t n, char reason[HTTP_CONNECT_REASON_SIZE])
{
    size_t length = 0;

    for (size_t i = STATUS; i < n && bytes[i] != '\r' && bytes[i] != '\n'; i++)
        if (length < HTTP_CONNECT_REASON_SIZE - 1)
            reason[length++] = isprint((unsigned char)bytes[i]) ? bytes[i] : '?';
    while (length > 0 && reason[length - 1] == ' ')
        length--;
    reason[length] = '\0';
}

/* Returns true for a line of this name, and sets the ends of its value. */
static bool is_field(const char *name, const char *line, const char *line_end, const char **value,
                     const char **value_end)
{
    size_t length = strlen(name);

    if ((size_t)(line_end - line) <= length || strncasecmp(line, name, length) != 0 ||
        line[length] != ':')
        return false;
    line += length + 1;
    while (line < line_end && (*line == ' ' || *line == '\t'))
        line++;
    while (line < line_end && isspace((unsigned char)line_end[-1]))
        line_end--;
    *value = line;
    *value_end = line_end;
    return true;
}

/* Returns true when a list of words has this one. */
static bool lists(const char *value, const char *end, const char *word)
{
    size_t length = strlen(word);

    for (; (size_t)(end - value) >= length; value++)
        if (strncasecmp(value, word, length) == 0)
            return true;
    return false;
}

/* Returns HTTP_CONNECT_BODY_MAX + 1 for what is too long, or no length. */
static size_t read_length(const char *value, const char *end)
{
    size_t length = 0;

    if (value == end)
        return HTTP_CONNECT_BODY_MAX + 1;
    for (; value < end; value++) {
        if (!isdigit((unsigned char)*value) || length > HTTP_CONNECT_BODY_MAX)
            return HTTP_CONNECT_BODY_MAX + 1;
        length = 10 * length + (size_t)(*value - '0');
    }
    return length;
}

static void read_fields(const char *bytes, size_t n, struct http_connect_reply *r)
{
    const char *end = bytes + n, *line = memchr(bytes, '\n', n), *value, *value_end;
    bool has_length = false, is_coded = false;

    r->stays_open = bytes[START] != '0';
    while (line != NULL && ++line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        const char *line_end = next != NULL ? next : end;

        if (is_field("Proxy-Authenticate", line, line_end, &value, &value_end)) {
            http_auth_read(value, (size_t)(value_end - value), &r->challenge);
        } else if (is_field("Content-Length", line, line_end, &value, &value_end)) {
            r->body = read_length(value, value_end);
            has_length = true;
        } else if (is_field("Transfer-Encoding", line, line_end, &value, &value_end)) {
            is_coded = true;
        } else if (is_field("Connection", line, line_end, &value, &value_end) ||
                   is_field("Proxy-Connection", line, line_end, &value, &value_end)) {
            r->stays_open = !lists(value, value_end, "close") &&
                            (r->stays_open || lists(value, value_end, "keep-alive"));
        }
        line = next;
    }
    r->stays_open = r->stays_open && has_length && !is_coded && r->body <= HTTP_CONNECT_BODY_MAX;
}

int http_connect_parse(const char *bytes, size_t n, struct http_connect_reply *r, struct error *err)
{
    *r = (struct http_connect_reply){0};
    if (n < STATUS_LINE || !isdigit((unsigned char)bytes[START]) || bytes[START + 1] != ' ' ||
        !isdigit((unsigned char)bytes[STATUS]) || !isdigit((unsigned char)bytes[STATUS + 1]) ||
        !isdigit((unsigned char)bytes[STATUS + 2])) {
        error_set(err, EXITCODE_FAILED, "the reply is not of HTTP");
        return -1;
    }
    for (size_t i = STATUS; i < STATUS_LINE; i++)
        r->status = 10 * r->status + bytes[i] - '0';
    copy_reason(bytes, n, r->reason);
    read_fields(bytes, n, r);
    return 0;
}

void http_connect_refusal(const struct http_connect_reply *r, bool logged_in, struct error *err)
{
    if (r->status != 407)
        error_set(err, EXITCODE_FAILED, "%s", r->reason);
    else if (r->challenge.scheme == HTTP_AUTH_NONE)
        error_set(err, EXITCODE_FAILED,
                  "%s: the proxy offers no login that tcptool has (Basic, Digest)", r->reason);
    else if (logged_in)
        error_set(err, EXITCODE_FAILED, "%s: the proxy refused USER and PASS", r->reason);
    else
        error_set(err, EXITCODE_FAILED, "%s: the proxy requires a login", r->reason);
    if (err == NULL)
        return;
    err->number = r->status == 504                       ? ETIMEDOUT
                  : r->status == 502 || r->status == 503 ? EHOSTUNREACH
                                                         : EACCES;
}
