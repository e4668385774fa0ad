/* base/endpoint: a word is refused with a reason, or is an address whose text is the same
 * address again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "tests/fuzz/cut.h"

static void require_same_again(const struct endpoint *e)
{
    char text[ADDR_TEXT_SIZE];
    struct addr again;

    REQUIRE(strlen(addr_format(&e->address, text)) < ADDR_TEXT_SIZE);
    REQUIRE(e->port == NULL);
    REQUIRE(addr_parse(e->host, &again, NULL) == ADDR_WHOLE);
    REQUIRE(addr_equals(&again, &e->address));
    if (again.sa.sa_family == AF_UNIX)
        REQUIRE(strcmp(text, e->host) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *word = strndup((const char *)data, size);
    struct error err = {0};
    struct endpoint e;
    unsigned port;

    REQUIRE(word != NULL);
    if (endpoint_parse(word, &e, &err) == 0) {
        REQUIRE(e.host != NULL && !error_is_set(&err));
        if (e.address.sa.sa_family != 0)
            require_same_again(&e);
        if (e.port != NULL && endpoint_parse_port(e.port, 1, &port, NULL) == 0)
            REQUIRE(port >= 1 && port <= 65535);
    } else {
        REQUIRE(e.host == NULL && e.port == NULL && err.status == EXITCODE_USAGE);
        REQUIRE(strstr(err.text, word) != NULL);
    }
    endpoint_clear(&e);
    error_clear(&err);
    free(word);
    return 0;
}
