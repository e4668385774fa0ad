/* base/proxy_url: URLs of proxies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/proxy_url.h"

static void reads(const char *url, enum proxy_scheme scheme, const char *host, unsigned port,
                  const char *user, const char *pass)
{
    struct proxy_url u;

    assert_int_equal(proxy_url_parse(url, &u, NULL), 0);
    assert_int_equal(u.scheme, scheme);
    assert_string_equal(u.host, host);
    assert_int_equal(u.port, port);
    assert_int_equal(u.user != NULL, user != NULL);
    if (user != NULL) {
        assert_string_equal(u.user, user);
        assert_string_equal(u.pass, pass);
    }
    proxy_url_clear(&u);
}

static void reads_all_parts(void **state)
{
    (void)state;
    reads("socks5://proxy", PROXY_SOCKS5, "proxy", 1080, NULL, NULL);
    reads("SOCKS4A://me@proxy:9/", PROXY_SOCKS4A, "proxy", 9, "me", "");
    reads("http://[::1]:3128", PROXY_HTTP, "::1", 3128, NULL, NULL);
    reads("https://proxy", PROXY_HTTPS, "proxy", 443, NULL, NULL);
    reads("http://me:you@proxy", PROXY_HTTP, "proxy", 8080, "me", "you");
    reads("socks5://m%3ae:p%40%25%2F@proxy", PROXY_SOCKS5, "proxy", 1080, "m:e", "p@%/");
    reads("http://me:a:b@c@proxy", PROXY_HTTP, "proxy", 8080, "me", "a:b@c");
}

static void refuses_what_is_no_url(void **state)
{
    static const char *const words[] = {"",
                                        "proxy",
                                        "://proxy",
                                        "https5://proxy",
                                        "http://",
                                        "http:///",
                                        "http://a/b",
                                        "http://a?b",
                                        "http://a:0",
                                        "http://a:65536",
                                        "http://@a",
                                        "http://:p@a",
                                        "http://u%@a",
                                        "http://u%0@a",
                                        "http://u%0g@a",
                                        "http://u%00@",
                                        "socks4a://u:p@a",
                                        "http://u%3a:p@a",
                                        "https://u%3a:p@a",
                                        "http://u%0d%0ax:p@a",
                                        "http://unix:/x"};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct error err = {0};
        struct proxy_url u;

        assert_int_equal(proxy_url_parse(words[i], &u, &err), -1);
        assert_int_equal(err.status, EXITCODE_USAGE);
        assert_null(u.host);
        error_clear(&err);
    }
}

static void hides_passwords(void **state)
{
    char with[] = "http://me:a/b@c@proxy:80", without[] = "http://proxy:80/", bare[] = "me:you@p";

    (void)state;
    proxy_url_hide(with);
    assert_string_equal(with, "http://me:*****@proxy:80");
    proxy_url_hide(without);
    assert_string_equal(without, "http://proxy:80/");
    proxy_url_hide(bare);
    assert_string_equal(bare, "me:***@p");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_parts),
        cmocka_unit_test(refuses_what_is_no_url),
        cmocka_unit_test(hides_passwords),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
