/* Owns access rules. Looks up no names. */
#include "stages/access.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { MAPPED_BITS = 96, IPV4_BITS = 32, IPV6_BITS = 128 };

static bool is_mapped(const unsigned char *bytes)
{
    static const unsigned char prefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(bytes, prefix, sizeof(prefix)) == 0;
}

/* Makes IPv4 of IPv4 in IPv6. */
static void unmap(struct access_rule *r)
{
    if (r->family != AF_INET6 || r->bits < MAPPED_BITS || !is_mapped(r->bytes))
        return;
    r->family = AF_INET;
    r->bits -= MAPPED_BITS;
    memmove(r->bytes, r->bytes + 12, 4);
    memset(r->bytes + 4, 0, 12);
}

/* Returns the prefix that is just this address. */
static struct access_rule whole_address(const struct addr *a)
{
    struct access_rule r = {.family = a->sa.sa_family};

    if (r.family == AF_INET) {
        memcpy(r.bytes, &a->in.sin_addr, 4);
        r.bits = IPV4_BITS;
    } else if (r.family == AF_INET6) {
        memcpy(r.bytes, &a->in6.sin6_addr, 16);
        r.bits = IPV6_BITS;
    }
    unmap(&r);
    return r;
}

static bool has_host_bits(const struct access_rule *r)
{
    for (unsigned bit = r->bits; bit < sizeof(r->bytes) * 8; bit++)
        if (r->bytes[bit / 8] & (0x80 >> bit % 8))
            return true;
    return false;
}

static int add(struct access_rules *r, const struct access_rule *rule, struct error *err)
{
    struct access_rule *items = reallocarray(r->items, r->count + 1, sizeof(*items));

    if (items == NULL) {
        error_errno(err, ENOMEM, "cannot read the access rules");
        return -1;
    }
    r->items = items;
    items[r->count++] = *rule;
    r->allows_some = r->allows_some || rule->allows;
    return 0;
}

static enum access_word refuse(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid rule \"%s\": %s", word, why);
    return ACCESS_FAILED;
}

enum access_word access_add(struct access_rules *r, const char *word, bool allows,
                            struct error *err)
{
    struct access_rule rule = {.allows = allows, .word = word};
    const char *slash = strchr(word, '/');
    char host[INET6_ADDRSTRLEN];
    size_t length = slash != NULL ? (size_t)(slash - word) : strlen(word);
    unsigned most;
    uint64_t bits;

    if (strcmp(word, "unix") == 0) {
        rule.family = AF_UNIX;
        return add(r, &rule, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
    }
    if (length > 2 && word[0] == '[' && word[length - 1] == ']') {
        word++;
        length -= 2;
    }
    if (length < sizeof(host)) {
        memcpy(host, word, length);
        host[length] = '\0';
    }
    if (length < sizeof(host) && inet_pton(AF_INET, host, rule.bytes) == 1)
        rule.family = AF_INET;
    else if (length < sizeof(host) && inet_pton(AF_INET6, host, rule.bytes) == 1)
        rule.family = AF_INET6;
    else if (slash != NULL || *rule.word == '@' ||
             rule.word[strspn(rule.word, "0123456789.:")] == '\0')
        return refuse(rule.word, "expected an address, ADDR/BITS or a host name", err);
    else
        return ACCESS_IS_NAME;
    most = rule.family == AF_INET ? IPV4_BITS : IPV6_BITS;
    bits = most;
    if (slash != NULL && num_parse(slash + 1, 0, most, &bits) < 0)
        return refuse(rule.word,
                      most == IPV4_BITS ? "expected 0 to 32 bits" : "expected 0 to 128 bits", err);
    rule.bits = (unsigned)bits;
    if (has_host_bits(&rule))
        return refuse(rule.word, "the address has bits beyond the prefix", err);
    unmap(&rule);
    return add(r, &rule, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
}

int access_add_address(struct access_rules *r, const struct addr *a, const char *word, bool allows,
                       struct error *err)
{
    struct access_rule rule = whole_address(a);

    rule.allows = allows;
    rule.word = word;
    return add(r, &rule, err);
}

static int compare(const void *a, const void *b)
{
    const struct access_rule *x = a, *y = b;

    if (x->bits != y->bits)
        return x->bits > y->bits ? -1 : 1;
    return (int)x->allows - (int)y->allows;
}

void access_sort(struct access_rules *r)
{
    if (r->count > 0)
        qsort(r->items, r->count, sizeof(*r->items), compare);
}

static bool matches(const struct access_rule *rule, const struct access_rule *address)
{
    unsigned bytes = rule->bits / 8, bits = rule->bits % 8;

    return rule->family == address->family && memcmp(rule->bytes, address->bytes, bytes) == 0 &&
           (bits == 0 || (rule->bytes[bytes] ^ address->bytes[bytes]) >> (8 - bits) == 0);
}

bool access_permits(const struct access_rules *r, const struct addr *a,
                    const struct access_rule **rule)
{
    struct access_rule address = whole_address(a);

    *rule = NULL;
    for (size_t i = 0; i < r->count; i++) {
        if (!matches(&r->items[i], &address))
            continue;
        *rule = &r->items[i];
        return r->items[i].allows;
    }
    return !r->allows_some;
}

void access_clear(struct access_rules *r)
{
    free(r->items);
    *r = (struct access_rules){0};
}

static enum stage_result step(struct stage *g, struct stream *s, struct error *err);

static void free_stage(struct stage *g)
{
    free(g);
}

static const struct stage_ops access_ops = {"access rules", step, free_stage};

struct access {
    struct stage stage;
    const struct access_rules *rules;
};

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    const struct access_rule *rule;

    if (access_permits(((struct access *)g)->rules, stream_peer(s), &rule))
        return STAGE_DONE;
    if (rule != NULL)
        error_set(err, EXITCODE_FAILED, "--deny %s", rule->word);
    else
        error_set(err, EXITCODE_FAILED, "no --allow rule matches");
    return STAGE_REFUSED;
}

struct stage *access_stage(const void *config, struct error *err)
{
    struct access *a = calloc(1, sizeof(*a));

    if (a == NULL) {
        error_cause(err, ENOMEM);
        return NULL;
    }
    a->stage.ops = &access_ops;
    a->rules = config;
    return &a->stage;
}
