/* base/endpoint: no word is misread: what comes out can be put together again, and a port is a
 * port. */
#include <stdbool.h>
#include <stdio.h>

#include "base/endpoint.h"
#include "tests/fuzz/cut.h"

/* The ASCII character that three bytes of an input method stand for, or 0. */
static char ascii_of(const unsigned char *s)
{
    unsigned point;

    if ((s[0] & 0xf0) != 0xe0 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
        return 0;
    point = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    if (point == 0x3002 || point == 0xff61)
        return '.';
    return point >= 0xff01 && point <= 0xff5e ? (char)(point - 0xff01 + '!') : 0;
}

/* One of the forms of the two words is the word they came from, in ASCII where it has that. */
static void require_same_word(const char *given, const struct endpoint *e)
{
    char *word = strdup(given), *end = word, *again;
    bool same = false;

    REQUIRE(word != NULL);
    for (const char *s = given; *s != '\0'; end++) {
        char ascii = ascii_of((const unsigned char *)s);

        *end = ascii != 0 ? ascii : *s;
        s += ascii != 0 ? 3 : 1;
    }
    *end = '\0';

    for (int brackets = 0; brackets < 2; brackets++) {
        REQUIRE(asprintf(&again, "%s%s%s%s%s", brackets ? "[" : "", e->host, brackets ? "]" : "",
                         e->port != NULL ? ":" : "", e->port != NULL ? e->port : "") >= 0);
        same = same || strcmp(word, again) == 0;
        free(again);
    }
    REQUIRE(same);
    free(word);
}

/* A word that is an address by itself is the text of that address; or its path is the word. */
static void require_whole_address(const char *word, const struct endpoint *e)
{
    char text[ADDR_TEXT_SIZE];
    struct addr again;

    REQUIRE(e->port == NULL);
    REQUIRE(addr_parse(e->host, &again, NULL) == ADDR_WHOLE);
    REQUIRE(addr_equals(&again, &e->address));
    REQUIRE(strlen(addr_format(&again, text)) < ADDR_TEXT_SIZE);
    if (again.sa.sa_family == AF_UNIX) {
        REQUIRE(strcmp(text, e->host) == 0);
        REQUIRE(strcmp(text, word) == 0 || strcmp(text + strlen("unix:"), word) == 0);
    }
}

static void require_usage_error(const char *word, struct error *err)
{
    REQUIRE(error_is_set(err) && err->status == EXITCODE_USAGE);
    REQUIRE(strstr(err->text, word) != NULL);
    error_clear(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *word = malloc(size + 1);
    struct endpoint e;
    struct error err = {0};
    unsigned port = 0;

    REQUIRE(word != NULL);
    if (size > 0)
        memcpy(word, data, size);
    word[size] = '\0';
    if (endpoint_parse(word, &e, &err) == 0) {
        REQUIRE(!error_is_set(&err) && e.host != NULL);
        REQUIRE(word[0] == '[' || e.host[0] != '\0');
        if (e.address.sa.sa_family != 0)
            require_whole_address(word, &e);
        else
            require_same_word(word, &e);
    } else {
        REQUIRE(e.host == NULL && e.port == NULL);
        require_usage_error(word, &err);
    }
    endpoint_clear(&e);
    if (endpoint_parse_port(word, 1, &port, &err) == 0)
        REQUIRE(port >= 1 && port <= 65535 && !error_is_set(&err));
    else
        require_usage_error(word, &err);
    free(word);
    return 0;
}
