/* base/proxy_url, stages/socks, stages/http_connect: a reply is found to be as long however its
 * bytes come, nothing behind it belongs to it, and no bytes are read that have not come. */
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
        result = http_connect_check(bytes, n, true, &err);
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
    if (data[0] % 5 == 4)
        read_url(data + 1, size - 1);
    else
        take_reply(data[0] % 5, data + 1, size - 1 < 2000 ? size - 1 : 2000);
    return 0;
}
