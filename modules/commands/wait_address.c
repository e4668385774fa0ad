/* Owns the words of addresses and ranges. Looks nothing up. */
#include "commands/wait_address.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"

/* A service may have a dash in its name, but begins with a letter then. */
static int read_ports(struct wait_address *a, const char *word, bool ranges, struct error *err)
{
    const char *dash = isdigit((unsigned char)word[0]) ? strchr(word, '-') : NULL;
    char first[sizeof("65535")];
    int length = dash != NULL ? (int)(dash - word) : 0;

    if (dash == NULL) {
        if (endpoint_parse_port(word, 1, &a->words.target.port, err) < 0)
            return -1;
        a->last_port = a->words.target.port;
        return 0;
    }
    if (!ranges) {
        error_set(err, EXITCODE_USAGE, "invalid port \"%s\": a range requires --now", word);
        return -1;
    }
    snprintf(first, sizeof(first), "%.*s", length, word);
    if (length < (int)sizeof(first) && isdigit((unsigned char)dash[1]) &&
        endpoint_parse_port(first, 1, &a->words.target.port, err) == 0 &&
        endpoint_parse_port(dash + 1, 1, &a->last_port, err) == 0 &&
        a->words.target.port <= a->last_port)
        return 0;
    if (error_is_set(err) && err->status != EXITCODE_USAGE)
        return -1; /* out of memory, not a wrong word */
    error_set(err, EXITCODE_USAGE, "invalid port range \"%s\": expected FIRST-LAST, 1 to 65535",
              word);
    return -1;
}

/* Reads one address, and sets how many words it took. */
static int read_address(struct wait_address *a, int count, char **words, bool ranges,
                        struct error *err)
{
    struct endpoint e = {0};
    int result = -1;

    a->words.used = 1;
    if (endpoint_parse(words[0], &e, err) < 0)
        return -1;
    if (e.address.sa.sa_family != 0) {
        result = connecting_check_address(words[0], &e.address, err);
    } else if (e.port != NULL) {
        result = read_ports(a, e.port, ranges, err);
    } else if (count > 1) {
        a->words.used = 2;
        result = read_ports(a, words[1], ranges, err);
    } else {
        error_set(err, EXITCODE_USAGE,
                  "invalid address \"%s\": expected a port; PROGRAM follows --", words[0]);
    }
    a->words.target.host = a->words.host = e.host;
    e.host = NULL;
    endpoint_clear(&e);
    return result;
}

int wait_address_read(struct wait_addresses *list, int count, char **words, bool ranges,
                      struct error *err)
{
    list->items = calloc((size_t)count, sizeof(*list->items));
    if (list->items == NULL) {
        error_errno(err, ENOMEM, "cannot read the addresses");
        return -1;
    }
    while (count > 0) {
        struct wait_address *a = &list->items[list->count++];

        if (read_address(a, count, words, ranges, err) < 0)
            return -1;
        count -= a->words.used;
        words += a->words.used;
    }
    return 0;
}

void wait_address_clear(struct wait_addresses *list)
{
    for (size_t i = 0; i < list->count; i++) {
        connecting_clear(&list->items[i].words);
        addr_list_clear(&list->items[i].known);
    }
    free(list->items);
    *list = (struct wait_addresses){0};
}

size_t wait_address_ports(const struct wait_address *a)
{
    return a->last_port - a->words.target.port + 1;
}

char *wait_address_name(const struct wait_address *a, unsigned port)
{
    const char *host = a->words.target.host;
    char *name;

    if (a->words.target.port == 0)
        return strdup(host);
    return asprintf(&name, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port) < 0 ? NULL
                                                                                            : name;
}
