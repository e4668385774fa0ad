/* base/proxy_url, stages/socks, stages/http_connect, stages/http_auth: a reply is found to be as
 * long however its bytes come, nothing behind it belongs to it, and no bytes are read that have not
 * come. What a challenge says adds no line to the request. */
#include "base/proxy_url.h"
#include "stages/http_connect.h"
#include "stages/socks.h"
#include "tests/fuzz/cut.h"

static const struct {
    size_t (*length)(const char *bytes, size_t n, bool *complete);
    size_t max;
} kinds[] = {
    {socks_short_length, SOCKS_REPLY_MAX},
    {socks_reply_length, SOCKS_REPLY_MAX},
    {socks_reply4_length, SOCKS_REPLY_MAX},
    {http_connect_length, HTTP_CONNECT_REPLY_MAX},
};

static char *copy_bytes(const void *bytes, size_t n)
{
    char *copy = malloc(n + 1);

    REQUIRE(copy != NULL);
    if (n > 0)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    return copy;
}

static void require_inside(struct http_auth_text t, const char *bytes, size_t n)
{
    REQUIRE(t.at == NULL || (t.at >= bytes && t.at + t.length <= bytes + n));
}

static void log_in(const struct http_auth_challenge *c)
{
    const struct http_connect_login login = {c, "me", "secret", "random"};
    struct buf request = {0};
    struct error err = {0};
    size_t lines = 0;

    REQUIRE(http_connect_request("target:80", &login, &request, &err) == 0);
    for (size_t i = 0; i < buf_length(&request); i++)
        lines += buf_head(&request)[i] == '\n' || buf_head(&request)[i] == '\r';
    REQUIRE(lines == 8);
    buf_free(&request);
}

static void read_challenge(const uint8_t *data, size_t size)
{
    char *value = copy_bytes(data, size);
    struct http_auth_challenge c = {0};

    http_auth_read(value, size, &c);
    require_inside(c.realm, value, size);
    require_inside(c.nonce, value, size);
    require_inside(c.opaque, value, size);
    if (c.scheme != HTTP_AUTH_NONE)
        log_in(&c);
    free(value);
}

static int check_http(const char *bytes, size_t n, struct error *err)
{
    struct http_connect_reply r;

    if (http_connect_parse(bytes, n, &r, err) < 0)
        return -1;
    REQUIRE(r.status >= 0 && r.status <= 999);
    REQUIRE(!r.stays_open || r.body <= HTTP_CONNECT_BODY_MAX);
    require_inside(r.challenge.realm, bytes, n);
    require_inside(r.challenge.nonce, bytes, n);
    require_inside(r.challenge.opaque, bytes, n);
    if (r.challenge.scheme != HTTP_AUTH_NONE)
        log_in(&r.challenge);
    http_connect_refusal(&r, true, err);
    return -1;
}

static void check(size_t kind, const char *bytes, size_t n)
{
    struct error err = {0};
    bool flag;
    int result = 0;

    if (kind == 0) {
        result = socks_check_method(bytes, true, &flag, &err);
        error_clear(&err);
        socks_check_login(bytes, &err);
    } else if (kind == 1) {
        result = socks_check_reply(bytes, n, &err);
    } else if (kind == 2) {
        result = socks_check_reply4(bytes, &err);
    } else {
        result = check_http(bytes, n, &err);
    }
    REQUIRE(result >= 0 || kind == 0 || error_is_set(&err));
    error_clear(&err);
}

static void take_reply(size_t kind, const uint8_t *data, size_t size)
{
    size_t known = 0;

    size = size < kinds[kind].max ? size : kinds[kind].max;
    for (size_t come = 1; come <= size; come++) {
        bool complete = false;
        char *bytes = malloc(come);
        size_t ours;

        REQUIRE(bytes != NULL);
        memcpy(bytes, data, come);
        ours = kinds[kind].length(bytes, come, &complete);
        REQUIRE(ours <= come && (complete || ours == come));
        REQUIRE(ours >= known || complete);
        known = ours;
        if (complete)
            check(kind, bytes, ours);
        free(bytes);
        if (complete)
            return;
    }
}

static void read_url(const uint8_t *data, size_t size)
{
    char *url = copy_bytes(data, size);
    struct proxy_url u;
    struct error err = {0};

    if (proxy_url_parse(url, &u, &err) == 0) {
        REQUIRE(u.host != NULL && u.port > 0 && u.port <= 65535);
        REQUIRE((u.user == NULL) == (u.pass == NULL));
        proxy_url_clear(&u);
    } else {
        REQUIRE(error_is_set(&err));
    }
    error_clear(&err);
    proxy_url_hide(url);
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 6 == 5)
        read_challenge(data + 1, size - 1);
    else if (data[0] % 6 == 4)
        read_url(data + 1, size - 1);
    else
        take_reply(data[0] % 6, data + 1, size - 1 < 2000 ? size - 1 : 2000);
    return 0;
}
