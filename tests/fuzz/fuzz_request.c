/* stages/request_parse: each message is found to be as long however its bytes come, nothing
 * behind it is read, and a target is always a host name or an address with a port. */
#include "base/endpoint.h"
#include "stages/request_parse.h"
#include "tests/fuzz/cut.h"

typedef size_t length_of(const char *bytes, size_t n, bool *complete);

/* In a block of its own, where reading past its end is seen. */
static char *copy_bytes(const void *bytes, size_t n)
{
    char *copy = malloc(n);

    REQUIRE(n == 0 || copy != NULL);
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

/* Takes a message as a stage does. Returns its length, or SIZE_MAX while more has to come. */
static size_t take(length_of *length, const uint8_t *data, size_t size, struct cut cut)
{
    size_t taken = 0, come = 0;
    bool complete = false;

    size = size < REQUEST_PARSE_LENGTH_MAX ? size : REQUEST_PARSE_LENGTH_MAX;
    for (size_t i = 0; !complete; i++) {
        char *bytes;
        size_t ours;

        if (come == size)
            return SIZE_MAX;
        come += cut.count == 0 ? size - come : 1 + (size_t)cut.lengths[i % cut.count];
        come = come < size ? come : size;
        bytes = copy_bytes(data, come);
        ours = length(bytes, come, &complete);
        free(bytes);
        REQUIRE(ours <= come && ours >= taken && (complete || ours == come));
        taken = ours;
    }
    return taken;
}

static void require_host(enum request_result result, const struct request_target *t)
{
    struct endpoint e;

    if (result != REQUEST_GRANTED)
        return;
    REQUIRE(t->port >= 1 && t->port <= 65535);
    REQUIRE(memchr(t->host, '\0', sizeof(t->host)) != NULL && t->host[0] != '\0');
    REQUIRE(strpbrk(t->host, "/@ \r\n") == NULL);
    REQUIRE(endpoint_parse(t->host, &e, NULL) == 0);
    REQUIRE(e.address.sa.sa_family == 0 && e.port == NULL);
    endpoint_clear(&e);
}

static void read_message(const char *bytes, size_t n, const char *login)
{
    struct request_target t = {.port = 0};

    require_host(request_parse_http(bytes, n, login, &t), &t);
    require_host(request_parse_socks4(bytes, n, login, &t), &t);
    require_host(request_parse_target(bytes, n, &t), &t);
    request_parse_has_method(bytes, n, 2);
    request_parse_login(bytes, n, "me:secret");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static length_of *const lengths[] = {request_parse_first_length, request_parse_login_length,
                                         request_parse_target_length};
    struct cut cut = take_cut(&data, &size);

    for (size_t i = 0; i < 3; i++) {
        size_t n = take(lengths[i], data, size, (struct cut){NULL, 0});

        /* SOCKS4 without an end is given up at a length, which depends on what has come. */
        REQUIRE(n > REQUEST_PARSE_SOCKS4_MAX || take(lengths[i], data, size, cut) == n ||
                n == SIZE_MAX);
        if (n != SIZE_MAX) {
            char *bytes = copy_bytes(data, n);

            read_message(bytes, n, NULL);
            read_message(bytes, n, "me:secret");
            free(bytes);
        }
    }
    return 0;
}
