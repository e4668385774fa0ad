/* Owns access rules. Looks up no names. */
#include "stages/access.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/num.h"

enum { MAPPED_BITS = 96, IPV4_BITS = 32, IPV6_BITS = 128 };

const struct access_ports access_all_ports = {0, 65535};

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
    struct access_rule r = {.family = a->sa.sa_family, .ports = {addr_port(a), addr_port(a)}};

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

/* Connecting to any address leads to loopback: rules for either hold for both. */
static void resolve_any(struct access_rule *r)
{
    static const struct in6_addr any, loopback = IN6ADDR_LOOPBACK_INIT;

    if (memcmp(r->bytes, &any, sizeof(any)) != 0)
        return;
    memcpy(r->bytes, r->family == AF_INET ? (const void *)"\x7f\0\0\1" : &loopback,
           r->family == AF_INET ? 4 : sizeof(loopback));
}

static int add(struct access_rules *r, const struct access_rule *rule, struct error *err)
{
    struct access_rule *items = reallocarray(r->items, r->count + 1, sizeof(*items));

    if (items == NULL) {
        error_errno(err, ENOMEM, "cannot read the access rules");
        return -1;
    }
    r->items = items;
    items[r->count] = *rule;
    if (rule->bits == (rule->family == AF_INET ? IPV4_BITS : IPV6_BITS))
        resolve_any(&items[r->count]);
    r->count++;
    r->allows_some = r->allows_some || rule->allows;
    return 0;
}

static enum access_word refuse(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid rule \"%s\": %s", word, why);
    return ACCESS_FAILED;
}

/* Reads an address or a prefix of the length; word is what the user wrote. */
static enum access_word add_host(struct access_rules *r, const char *text, size_t whole,
                                 struct access_rule *rule, struct error *err)
{
    const char *slash = memchr(text, '/', whole);
    char host[INET6_ADDRSTRLEN], bits_word[sizeof("128")] = "";
    size_t length = slash != NULL ? (size_t)(slash - text) : whole;
    size_t digits = slash != NULL ? whole - length - 1 : 0;
    unsigned most;
    uint64_t bits;

    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length < sizeof(host)) {
        memcpy(host, text, length);
        host[length] = '\0';
    }
    if (length < sizeof(host) && inet_pton(AF_INET, host, rule->bytes) == 1)
        rule->family = AF_INET;
    else if (length < sizeof(host) && inet_pton(AF_INET6, host, rule->bytes) == 1)
        rule->family = AF_INET6;
    else if (slash != NULL || *rule->word == '@' || strspn(text, "0123456789.") >= length ||
             memchr(text, ':', length) != NULL)
        return refuse(rule->word, "expected an address, ADDR/BITS or a host name", err);
    else
        return ACCESS_IS_NAME;
    most = rule->family == AF_INET ? IPV4_BITS : IPV6_BITS;
    bits = most;
    if (digits < sizeof(bits_word))
        memcpy(bits_word, slash != NULL ? slash + 1 : "", digits);
    if (slash != NULL && num_parse(bits_word, 0, most, &bits) < 0)
        return refuse(rule->word,
                      most == IPV4_BITS ? "expected 0 to 32 bits" : "expected 0 to 128 bits", err);
    rule->bits = (unsigned)bits;
    if (has_host_bits(rule))
        return refuse(rule->word, "the address has bits beyond the prefix", err);
    unmap(rule);
    return add(r, rule, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
}

enum access_word access_add(struct access_rules *r, const char *word, bool allows,
                            struct error *err)
{
    struct access_rule rule = {.ports = access_all_ports, .allows = allows, .word = word};

    if (strcmp(word, "unix") == 0) {
        rule.family = AF_UNIX;
        return add(r, &rule, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
    }
    return add_host(r, word, strlen(word), &rule, err);
}

static int parse_ports(const char *word, struct access_ports *p)
{
    const char *dash = strchr(word, '-');
    char first_word[sizeof("65535")] = "";
    uint64_t first, last;

    if (endpoint_parse_port(word, 1, &p->first, NULL) == 0) {
        p->last = p->first;
        return 0;
    }
    if (dash == NULL || (size_t)(dash - word) >= sizeof(first_word))
        return -1;
    memcpy(first_word, word, (size_t)(dash - word));
    if (num_parse(first_word, 1, 65535, &first) < 0 || num_parse(dash + 1, first, 65535, &last) < 0)
        return -1;
    *p = (struct access_ports){(unsigned)first, (unsigned)last};
    return 0;
}

enum access_word access_add_target(struct access_rules *r, const char *word, bool allows,
                                   char **host, struct access_ports *ports, struct error *err)
{
    struct access_rule rule = {.ports = access_all_ports, .allows = allows, .word = word};
    bool in_brackets = *word == '[';
    const char *text = word + in_brackets, *colon = strchr(word, ':');
    size_t length = in_brackets ? strcspn(text, "]") : strlen(word);
    const char *rest = text + length + in_brackets;
    enum access_word result;

    if (in_brackets && text[length] == '\0')
        return refuse(word, "a closing bracket is missing", err);
    if (!in_brackets && colon != NULL && strchr(colon + 1, ':') == NULL) {
        length = (size_t)(colon - word);
        rest = colon;
    }
    if (length == 0 || (*rest != '\0' && (*rest != ':' || parse_ports(rest + 1, &rule.ports) < 0)))
        return refuse(word, "expected HOST, HOST:PORT or HOST:PORT-PORT", err);
    result = add_host(r, text, length, &rule, err);
    if (result != ACCESS_IS_NAME)
        return result;
    *ports = rule.ports;
    *host = strndup(text, length);
    if (*host != NULL)
        return result;
    error_errno(err, ENOMEM, "cannot read the access rules");
    return ACCESS_FAILED;
}

int access_add_address(struct access_rules *r, const struct addr *a,
                       const struct access_ports *ports, const char *word, bool allows,
                       struct error *err)
{
    struct access_rule rule = whole_address(a);

    rule.ports = *ports;
    rule.allows = allows;
    rule.word = word;
    return add(r, &rule, err);
}

static int compare(const void *a, const void *b)
{
    const struct access_rule *x = a, *y = b;

    unsigned x_ports = x->ports.last - x->ports.first, y_ports = y->ports.last - y->ports.first;

    if (x->bits != y->bits)
        return x->bits > y->bits ? -1 : 1;
    if (x_ports != y_ports)
        return x_ports < y_ports ? -1 : 1;
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

    return rule->family == address->family && address->ports.first >= rule->ports.first &&
           address->ports.first <= rule->ports.last &&
           memcmp(rule->bytes, address->bytes, bytes) == 0 &&
           (bits == 0 || (rule->bytes[bytes] ^ address->bytes[bytes]) >> (8 - bits) == 0);
}

static bool permits(const struct access_rules *r, const struct access_rule *address,
                    const struct access_rule **rule)
{
    *rule = NULL;
    for (size_t i = 0; i < r->count; i++) {
        if (!matches(&r->items[i], address))
            continue;
        *rule = &r->items[i];
        return r->items[i].allows;
    }
    return !r->allows_some;
}

bool access_permits(const struct access_rules *r, const struct addr *a,
                    const struct access_rule **rule)
{
    struct access_rule address = whole_address(a);

    return permits(r, &address, rule);
}

enum special { ORDINARY, LOOPBACK, ANY, LINK_LOCAL };

/* The addresses that are special as targets; any address leads to loopback. */
static const struct {
    const char *address;
    unsigned bits;
    int family;
    enum special kind;
} special[] = {
    {"127.0.0.0", 8, AF_INET, LOOPBACK},
    {"::1", 128, AF_INET6, LOOPBACK},
    {"0.0.0.0", 8, AF_INET, ANY},
    {"::", 128, AF_INET6, ANY},
    {"169.254.0.0", 16, AF_INET, LINK_LOCAL},
    {"fe80::", 10, AF_INET6, LINK_LOCAL},
};

/* Returns which special addresses the whole prefix is among. */
static enum special find_special(const struct access_rule *prefix)
{
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        struct access_rule s = {
            .family = special[i].family, .bits = special[i].bits, .ports = access_all_ports};

        inet_pton(s.family, special[i].address, s.bytes);
        if (prefix->bits >= s.bits && matches(&s, prefix))
            return special[i].kind;
    }
    return ORDINARY;
}

bool access_is_local(const struct addr *a)
{
    struct access_rule address = whole_address(a);

    return a->sa.sa_family == AF_UNIX || find_special(&address) == LOOPBACK;
}

const char *access_refuses_target(const struct access_rules *r, const struct addr *client,
                                  const struct addr *target)
{
    struct access_rule from = whole_address(client), to = whole_address(target);
    const struct access_rule *rule;
    enum special kind;

    resolve_any(&to);
    if (!permits(r, &to, &rule))
        return rule != NULL ? "refused by --to-deny" : "no --to-allow rule matches";
    kind = find_special(&to);
    if (kind == ORDINARY || access_is_local(client) ||
        (rule != NULL && find_special(rule) != ORDINARY))
        return NULL;
    if (kind != LINK_LOCAL)
        return "loopback targets are for local clients";
    return find_special(&from) == LINK_LOCAL ? NULL : "link-local targets are for local clients";
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

static const struct stage_ops access_ops = {
    .name = "access rules", .step = step, .free = free_stage};

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
