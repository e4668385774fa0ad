/* stages/proxy_header: a header is found to be as long however its bytes come, nothing behind
 * it is read, and what it names is written and read back as the same. */
#include "stages/proxy_header.h"
#include "tests/fuzz/cut.h"

/* In a block of its own, where reading past its end is seen. */
static char *copy_bytes(const void *bytes, size_t n)
{
    char *copy = malloc(n);

    REQUIRE(n == 0 || copy != NULL);
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

/* Takes the bytes of a header as a stage does: as many as belong to it of those that have come.
 * Returns how many, or SIZE_MAX while more have to come. */
static size_t take_header(const uint8_t *data, size_t size, struct cut cut)
{
    size_t taken = 0, come = 0;
    bool complete = false;

    for (size_t i = 0; !complete; i++) {
        size_t ours;
        char *bytes;

        if (taken == come && come == size)
            return SIZE_MAX;
        come += cut.count == 0 ? size - come : 1 + (size_t)cut.lengths[i % cut.count];
        come = come < size ? come : size;
        come = come < PROXY_HEADER_MAX ? come : PROXY_HEADER_MAX;
        bytes = copy_bytes(data, come);
        ours = proxy_header_length(bytes, come, &complete);
        free(bytes);
        /* What begins like a header may turn out to be none. */
        REQUIRE(ours <= come && (ours >= taken || (complete && ours == 0)));
        REQUIRE(complete || ours == come);
        REQUIRE(complete || come < PROXY_HEADER_MAX);
        taken = ours;
    }
    return taken;
}

static void require_same_ends(const struct proxy_header *h)
{
    for (int version = PROXY_HEADER_V1; version <= PROXY_HEADER_V2; version++) {
        char bytes[PROXY_HEADER_MAX], *header;
        size_t n =
            proxy_header_format((enum proxy_header_version)version, &h->peer, &h->local, bytes);
        struct proxy_header again;

        REQUIRE(n <= sizeof(bytes));
        header = copy_bytes(bytes, n);
        REQUIRE(proxy_header_parse(header, n, &again, NULL) == 0);
        free(header);
        REQUIRE(again.names_ends && again.rest == 0);
        REQUIRE(addr_equals(&h->peer, &again.peer) && addr_equals(&h->local, &again.local));
    }
}

static void read_header(const uint8_t *data, size_t n)
{
    char *bytes = copy_bytes(data, n);
    struct proxy_header h;
    struct error err = {0};

    if (proxy_header_parse(bytes, n, &h, &err) < 0) {
        REQUIRE(error_is_set(&err));
        error_clear(&err);
    } else {
        REQUIRE(!error_is_set(&err) && h.rest <= UINT16_MAX);
        if (h.names_ends && h.peer.sa.sa_family != AF_UNIX)
            require_same_ends(&h);
        if (h.names_ends && h.peer.sa.sa_family == AF_UNIX)
            REQUIRE(memcmp(h.peer_path, "unix:", 5) == 0 && memcmp(h.local_path, "unix:", 5) == 0);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut cut = take_cut(&data, &size);
    size_t whole = take_header(data, size, (struct cut){NULL, 0});

    REQUIRE(take_header(data, size, cut) == whole);
    if (whole != SIZE_MAX)
        read_header(data, whole);
    return 0;
}
