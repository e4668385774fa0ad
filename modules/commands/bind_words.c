/* Owns the looking up of --bind. Listens nowhere. */
#include "commands/bind_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "net/resolver.h"
#include "stages/access.h"

static int check_loopback(const char *word, const struct addr_list *addresses, struct error *err)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (!access_is_local(&addresses->items[i])) {
            error_set(err, EXITCODE_USAGE, "%s is not loopback: requires --login or --allow", word);
            return -1;
        }
    return 0;
}

/* word NULL: every local address, or loopback. */
static int look_up(struct listeners_bind *b, const char *word, bool loopback_only,
                   const struct common_options *o, struct run *r, struct error *err)
{
    struct endpoint e = {0};
    int result = -1;

    if ((word == NULL || endpoint_parse_local(word, &e, err) == 0) &&
        (e.port == NULL || endpoint_parse_port(e.port, 0, &b->port, err) == 0)) {
        struct resolver_question q = {e.host, 0, common_options_family(o),
                                      e.host != NULL || !loopback_only};

        b->everywhere = e.host == NULL;
        b->has_port = e.port != NULL || e.address.sa.sa_family != 0;
        result = resolver_look_up(r, &q, &b->addresses, err);
        if (result == 0 && loopback_only)
            result = check_loopback(word, &b->addresses, err);
    }
    endpoint_clear(&e);
    if (result < 0 && error_is_set(err))
        error_prefix(err, "--bind");
    return result;
}

int bind_words_look_up(struct bind_words *b, const struct common_options *o, struct run *r,
                       struct error *err)
{
    const struct option_words *words = &o->binds;
    size_t count = words->count > 0 ? words->count : 1;

    b->items = calloc(count, sizeof(*b->items));
    if (b->items == NULL) {
        error_errno(err, ENOMEM, "cannot listen");
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        b->count = i + 1;
        if (look_up(&b->items[i], words->count > 0 ? words->words[i] : NULL, b->loopback_only, o, r,
                    err) < 0)
            return -1;
    }
    return 0;
}

void bind_words_clear(struct bind_words *b)
{
    for (size_t i = 0; i < b->count; i++)
        addr_list_clear(&b->items[i].addresses);
    free(b->items);
}

/* A port may be meant: -b 8080. */
void bind_words_explain(const struct option_words *words, struct error *err)
{
    for (size_t i = 0; i < words->count && err->number == EADDRNOTAVAIL; i++) {
        char *meant = endpoint_with_brackets(words->words[i]);

        if (meant != NULL)
            error_set(err, err->status, "--bind %s: %s; did you mean %s?", words->words[i],
                      strerror(EADDRNOTAVAIL), meant);
        free(meant);
    }
}
