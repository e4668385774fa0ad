/* Owns the form of challenges and credentials. Leaves hashing to OpenSSL. */
#include "stages/http_auth.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "net/tls_library.h"
#include "text/hex.h"

/* Challenges. */

/* What is known of one challenge so far. */
struct reading {
    struct http_auth_challenge challenge;
    bool is_digest;
    bool has_qop; /* auth */
};

static bool is_word(struct http_auth_text t, const char *word)
{
    return t.length == strlen(word) && strncasecmp(t.at, word, t.length) == 0;
}

static bool has_word(struct http_auth_text list, const char *word)
{
    size_t i = 0;

    while (i < list.length) {
        struct http_auth_text t = {list.at + i, 0};

        while (i < list.length && strchr(", \t", list.at[i]) == NULL) {
            t.length++;
            i++;
        }
        if (is_word(t, word))
            return true;
        i++;
    }
    return false;
}

static bool is_token(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip(const char **at, const char *end, const char *chars)
{
    while (*at < end && **at != '\0' && strchr(chars, **at) != NULL)
        (*at)++;
}

static struct http_auth_text take_token(const char **at, const char *end)
{
    struct http_auth_text t = {*at, 0};

    while (*at < end && is_token(**at))
        (*at)++;
    t.length = (size_t)(*at - t.at);
    return t;
}

/* Takes a quoted string, or all up to the next comma or blank; at NULL: neither. A control
 * character is part of neither. */
static struct http_auth_text take_value(const char **at, const char *end)
{
    bool is_quoted = *at < end && **at == '"';
    struct http_auth_text t = {*at + is_quoted, 0};
    const char *c = t.at;

    while (c < end && !iscntrl((unsigned char)*c) &&
           (is_quoted ? *c != '"' : strchr(" ,\"\\", *c) == NULL))
        c += is_quoted && *c == '\\' && c + 1 < end && !iscntrl((unsigned char)c[1]) ? 2 : 1;
    t.length = (size_t)(c - t.at);
    if (!is_quoted)
        *at = c;
    else if (c < end && *c == '"')
        *at = c + 1;
    else
        return (struct http_auth_text){.at = NULL}; /* nor does anything valid follow */
    return t;
}

static void begin(struct reading *r, struct http_auth_text scheme)
{
    *r = (struct reading){.is_digest = is_word(scheme, "Digest")};
    if (r->is_digest)
        r->challenge.scheme = HTTP_AUTH_DIGEST_MD5; /* without algorithm= */
    else if (is_word(scheme, "Basic"))
        r->challenge.scheme = HTTP_AUTH_BASIC;
}

static void set(struct reading *r, struct http_auth_text name, struct http_auth_text value)
{
    struct http_auth_challenge *c = &r->challenge;

    if (is_word(name, "realm")) {
        c->realm = value;
    } else if (is_word(name, "nonce")) {
        c->nonce = value;
    } else if (is_word(name, "opaque")) {
        c->opaque = value;
    } else if (is_word(name, "stale")) {
        c->is_stale = is_word(value, "true");
    } else if (is_word(name, "qop")) {
        r->has_qop = has_word(value, "auth");
    } else if (is_word(name, "algorithm") && r->is_digest) {
        c->names_algorithm = true;
        c->scheme = is_word(value, "SHA-256") ? HTTP_AUTH_DIGEST_SHA256
                    : is_word(value, "MD5")   ? HTTP_AUTH_DIGEST_MD5
                                              : HTTP_AUTH_NONE;
    }
}

static void keep_stronger(const struct reading *r, struct http_auth_challenge *best)
{
    const struct http_auth_challenge *c = &r->challenge;
    bool is_whole = !r->is_digest || (r->has_qop && c->realm.at != NULL && c->nonce.at != NULL);

    if (is_whole && c->scheme > best->scheme)
        *best = *c;
}

void http_auth_read(const char *value, size_t n, struct http_auth_challenge *best)
{
    const char *end = value + n;
    struct reading r = {.is_digest = false};

    for (;;) {
        struct http_auth_text name;

        skip(&value, end, " \t,");
        name = take_token(&value, end);
        if (name.length == 0)
            break;
        skip(&value, end, " \t");
        if (value < end && *value == '=') {
            value++;
            skip(&value, end, " \t");
            set(&r, name, take_value(&value, end));
        } else {
            keep_stronger(&r, best);
            begin(&r, name);
        }
    }
    keep_stronger(&r, best);
}

/* Credentials. */

static void wipe(struct buf *b)
{
    if (buf_length(b) > 0)
        explicit_bzero(buf_head(b), buf_length(b));
    buf_free(b);
}

static int without_memory(struct error *err)
{
    error_cause(err, ENOMEM);
    return -1;
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

static int add_basic(const char *user, const char *pass, struct buf *to, struct error *err)
{
    struct buf login = {0};
    int result = -1;

    if (buf_format(&login, "%s:%s", user, pass) == 0 &&
        buf_format(to, "Proxy-Authorization: Basic ") == 0 &&
        add_base64(to, buf_head(&login), buf_length(&login)) == 0)
        result = buf_format(to, "\r\n");
    wipe(&login);
    return result == 0 ? 0 : without_memory(err);
}

/* Appends what a quoted string stands for. */
static int add_plain(struct buf *to, struct http_auth_text t)
{
    for (size_t i = 0; i < t.length; i++) {
        i += t.at[i] == '\\' && i + 1 < t.length;
        if (buf_add(to, t.at + i, 1) < 0)
            return -1;
    }
    return 0;
}

static int add_quoted(struct buf *to, const char *text)
{
    for (; *text != '\0'; text++)
        if (((*text == '"' || *text == '\\') && buf_add(to, "\\", 1) < 0) ||
            buf_add(to, text, 1) < 0)
            return -1;
    return 0;
}

enum { HASH_SIZE = 2 * 32 + 1 };

/* Hashes the text, in hexadecimal digits, and wipes it. OpenSSL has a context of its own for
 * that: where there is no memory for its default one, it crashes. */
static int hash(enum http_auth_scheme scheme, struct buf *text, char hex[HASH_SIZE],
                struct error *err)
{
    const struct tls_library *lib = tls_library();
    OSSL_LIB_CTX *context = lib->OSSL_LIB_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;
    int good = context != NULL &&
               lib->EVP_Q_digest(context, scheme == HTTP_AUTH_DIGEST_SHA256 ? "SHA256" : "MD5",
                                 NULL, buf_head(text), buf_length(text), digest, &length);

    lib->OSSL_LIB_CTX_free(context);
    wipe(text);
    if (!good || length > HASH_SIZE / 2) {
        lib->ERR_clear_error();
        error_set(err, EXITCODE_FAILED, "OpenSSL does not have the digest of the login");
        return -1;
    }
    hex_put(hex, digest, length);
    return 0;
}

/* Computes the response of RFC 7616, section 3.4.1. */
static int respond(const struct http_auth_challenge *c, const char *target, const char *user,
                   const char *pass, const char *cnonce, char response[HASH_SIZE],
                   struct error *err)
{
    char a1[HASH_SIZE], a2[HASH_SIZE];
    struct buf text = {0};

    if (buf_format(&text, "%s:", user) < 0 || add_plain(&text, c->realm) < 0 ||
        buf_format(&text, ":%s", pass) < 0)
        goto no_memory;
    if (hash(c->scheme, &text, a1, err) < 0)
        return -1;
    if (buf_format(&text, "CONNECT:%s", target) < 0)
        goto no_memory;
    if (hash(c->scheme, &text, a2, err) < 0)
        return -1;
    if (buf_format(&text, "%s:", a1) < 0 || add_plain(&text, c->nonce) < 0 ||
        buf_format(&text, ":00000001:%s:auth:%s", cnonce, a2) < 0)
        goto no_memory;
    return hash(c->scheme, &text, response, err);
no_memory:
    wipe(&text);
    return without_memory(err);
}

static int add_digest(const struct http_auth_challenge *c, const char *target, const char *user,
                      const char *pass, const char *cnonce, struct buf *to, struct error *err)
{
    const char *algorithm = c->scheme == HTTP_AUTH_DIGEST_SHA256 ? "SHA-256" : "MD5";
    char response[HASH_SIZE];

    if (tls_library_load(NULL) < 0) {
        error_set(err, EXITCODE_FAILED, "the login Digest requires OpenSSL 3");
        return -1;
    }
    if (respond(c, target, user, pass, cnonce, response, err) < 0)
        return -1;
    if (buf_format(to, "Proxy-Authorization: Digest username=\"") == 0 &&
        add_quoted(to, user) == 0 &&
        buf_format(to, "\", realm=\"%.*s\", nonce=\"%.*s\", uri=\"%s\", response=\"%s\"",
                   (int)c->realm.length, c->realm.at, (int)c->nonce.length, c->nonce.at, target,
                   response) == 0 &&
        (!c->names_algorithm || buf_format(to, ", algorithm=%s", algorithm) == 0) &&
        buf_format(to, ", cnonce=\"%s\", nc=00000001, qop=auth", cnonce) == 0 &&
        (c->opaque.at == NULL ||
         buf_format(to, ", opaque=\"%.*s\"", (int)c->opaque.length, c->opaque.at) == 0) &&
        buf_format(to, "\r\n") == 0)
        return 0;
    return without_memory(err);
}

int http_auth_add(const struct http_auth_challenge *c, const char *target, const char *user,
                  const char *pass, const char *cnonce, struct buf *to, struct error *err)
{
    return c->scheme == HTTP_AUTH_BASIC ? add_basic(user, pass, to, err)
                                        : add_digest(c, target, user, pass, cnonce, to, err);
}
