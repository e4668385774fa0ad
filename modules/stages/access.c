/* Owns access rules. Looks up no names. */
#include "stages/access.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/num.h"

enum { MAPPED_BITS = 96, IPV4_BITS = 32, IPV6_BITS = 128, COUNT_MIN = 16 };

static const uint64_t mapped_low = 0xffff00000000;

/* A chain of rules has the same prefix: the one with the fewest ports first, and those that deny
 * before others with as many. */
struct access_rule {
    struct access_ports ports;
    unsigned bits; /* of the prefix */
    bool allows;
    bool is_target;
    uint32_t next; /* of the chain: an index, plus 1 */
    size_t word;   /* where it begins in the words of all rules */
};

static const struct access_ports all_ports = {0, UINT16_MAX};

static bool is_mapped(const struct prefix *p)
{
    return p->bits >= MAPPED_BITS && p->high == 0 && p->low >> IPV4_BITS == mapped_low >> IPV4_BITS;
}

/* Makes a prefix of an address in network byte order; IPv4 becomes mapped. */
static struct prefix make_prefix(int family, const void *address, unsigned bits)
{
    uint64_t halves[2];
    uint32_t ipv4;

    if (family == AF_INET) {
        memcpy(&ipv4, address, sizeof(ipv4));
        return (struct prefix){.low = mapped_low | ntohl(ipv4), .bits = MAPPED_BITS + bits};
    }
    memcpy(halves, address, sizeof(halves));
    return (struct prefix){.high = be64toh(halves[0]), .low = be64toh(halves[1]), .bits = bits};
}

/* Returns false for an address that is not of IP. */
static bool whole_address(const struct addr *a, struct prefix *p)
{
    if (a->sa.sa_family == AF_INET)
        *p = make_prefix(AF_INET, &a->in.sin_addr, IPV4_BITS);
    else if (a->sa.sa_family == AF_INET6)
        *p = make_prefix(AF_INET6, &a->in6.sin6_addr, IPV6_BITS);
    return a->sa.sa_family == AF_INET || a->sa.sa_family == AF_INET6;
}

static bool begins_with(const struct prefix *p, const struct prefix *beginning)
{
    uint64_t high = p->high ^ beginning->high, low = p->low ^ beginning->low;
    unsigned bits = beginning->bits;

    if (p->bits < bits)
        return false;
    if (bits <= 64)
        return bits == 0 || high >> (64 - bits) == 0;
    return high == 0 && low >> (IPV6_BITS - bits) == 0;
}

static bool has_host_bits(const struct prefix *p)
{
    uint64_t high = p->bits == 0 ? p->high : p->bits < 64 ? p->high << p->bits : 0;
    uint64_t low = p->bits <= 64 ? p->low : p->bits < IPV6_BITS ? p->low << (p->bits - 64) : 0;

    return high != 0 || low != 0;
}

static unsigned width(const struct access_ports *p)
{
    return p->last - p->first;
}

/* Returns the index of a new rule, plus 1; 0 without memory. */
static uint32_t new_rule(struct access_rules *r, const struct access_rule *rule, const char *word)
{
    size_t begins = buf_length(&r->words);

    if (r->count == r->size) {
        size_t size = r->size < COUNT_MIN ? COUNT_MIN : r->size * 2;
        struct access_rule *items = reallocarray(r->items, size, sizeof(*items));

        if (items == NULL || size > UINT32_MAX)
            return 0;
        r->items = items;
        r->size = size;
    }
    if (buf_add(&r->words, word, strlen(word) + 1) < 0)
        return 0;
    r->items[r->count] = *rule;
    r->items[r->count].word = begins;
    return (uint32_t)++r->count;
}

static bool comes_first(const struct access_rule *a, const struct access_rule *b)
{
    return width(&a->ports) < width(&b->ports) ||
           (width(&a->ports) == width(&b->ports) && (!a->allows || b->allows));
}

/* Connecting to any address leads to loopback: rules for either hold for both. */
static void resolve_any(struct prefix *p)
{
    if (p->bits == IPV6_BITS && p->high == 0 && (p->low == 0 || p->low == mapped_low))
        p->low = p->low == 0 ? 1 : mapped_low | INADDR_LOOPBACK;
}

/* Adds a rule for a prefix; NULL: for unix sockets. */
static int add(struct access_rules *r, struct prefix *p, struct access_rule *rule, const char *word,
               struct error *err)
{
    uint32_t *slot, previous = 0, added = 0;

    if (rule->is_target)
        resolve_any(p);
    slot = p != NULL ? prefix_trie_add(&r->trie, p) : &r->unix_rule;
    r->allows_some = r->allows_some || rule->allows;
    rule->bits = p != NULL ? p->bits : 0;
    rule->next = slot != NULL ? *slot : 0;
    while (rule->next != 0 && comes_first(&r->items[rule->next - 1], rule)) {
        const struct access_rule *other = &r->items[rule->next - 1];

        if (other->ports.first == rule->ports.first && other->ports.last == rule->ports.last)
            return 0;
        previous = rule->next;
        rule->next = other->next;
    }
    if (slot == NULL || (added = new_rule(r, rule, word)) == 0) {
        error_errno(err, ENOMEM, "cannot read the access rules");
        return -1;
    }
    *(previous != 0 ? &r->items[previous - 1].next : slot) = added;
    return 0;
}

static enum access_word refuse(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid rule \"%s\": %s", word, why);
    return ACCESS_FAILED;
}

/* Adds a rule for an address or a prefix; word is the whole of what the user wrote. */
static enum access_word add_host(struct access_rules *r, const char *host_word,
                                 struct access_rule *rule, const char *word, struct error *err)
{
    const char *slash = strchr(host_word, '/'), *begins = host_word;
    size_t length = slash != NULL ? (size_t)(slash - host_word) : strlen(host_word);
    char host[INET6_ADDRSTRLEN];
    unsigned char address[16];
    int family = AF_UNSPEC;
    struct prefix p;
    uint64_t bits;

    if (length > 2 && begins[0] == '[' && begins[length - 1] == ']') {
        begins++;
        length -= 2;
    }
    if (length < sizeof(host)) {
        memcpy(host, begins, length);
        host[length] = '\0';
        family = inet_pton(AF_INET, host, address) == 1    ? AF_INET
                 : inet_pton(AF_INET6, host, address) == 1 ? AF_INET6
                                                           : AF_UNSPEC;
    }
    if (family == AF_UNSPEC)
        return slash != NULL || *host_word == '@' || strchr(host_word, ':') != NULL ||
                       host_word[strspn(host_word, "0123456789.")] == '\0'
                   ? refuse(word, "expected an address, ADDR/BITS or a host name", err)
                   : ACCESS_IS_NAME;
    bits = family == AF_INET ? IPV4_BITS : IPV6_BITS;
    if (slash != NULL && num_parse(slash + 1, 0, bits, &bits) < 0)
        return refuse(word, family == AF_INET ? "expected 0 to 32 bits" : "expected 0 to 128 bits",
                      err);
    p = make_prefix(family, address, (unsigned)bits);
    if (has_host_bits(&p))
        return refuse(word, "the address has bits beyond the prefix", err);
    return add(r, &p, rule, word, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
}

enum access_word access_add(struct access_rules *r, const char *word, bool allows,
                            struct error *err)
{
    struct access_rule rule = {.ports = all_ports, .allows = allows};

    if (strcmp(word, "unix") == 0)
        return add(r, NULL, &rule, word, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
    return add_host(r, word, &rule, word, err);
}

/* Reads PORT or PORT-PORT. Returns 0 or -1; with err filled only where there is no memory. */
static int parse_ports(const char *word, struct access_ports *p, struct error *err)
{
    struct error why = {0};
    const char *dash = strchr(word, '-');
    char first_word[sizeof("65535")] = "";
    uint64_t first, last;

    if (endpoint_parse_port(word, 1, &p->first, &why) == 0) {
        p->last = p->first;
        return 0;
    }
    if (why.status != EXITCODE_USAGE) {
        error_move(err, &why);
        return -1;
    }
    error_clear(&why);
    if (dash == NULL || (size_t)(dash - word) >= sizeof(first_word))
        return -1;
    memcpy(first_word, word, (size_t)(dash - word));
    if (num_parse(first_word, 1, UINT16_MAX, &first) < 0 ||
        num_parse(dash + 1, first, UINT16_MAX, &last) < 0)
        return -1;
    *p = (struct access_ports){(unsigned)first, (unsigned)last};
    return 0;
}

enum access_word access_add_target(struct access_rules *r, const char *word, bool allows,
                                   char **host, struct access_ports *ports, struct error *err)
{
    struct access_rule rule = {.ports = all_ports, .allows = allows, .is_target = true};
    const char *closing = *word == '[' ? strchr(word, ']') : NULL;
    const char *colon = strchr(closing != NULL ? closing : word, ':');
    char *name;
    size_t length;
    enum access_word result;

    if (closing == NULL && colon != NULL && strchr(colon + 1, ':') != NULL)
        colon = NULL; /* IPv6 without a port */
    length = colon != NULL ? (size_t)(colon - word) : strlen(word);
    if (length == 0 || (colon != NULL && parse_ports(colon + 1, &rule.ports, err) < 0))
        return err != NULL && error_is_set(err)
                   ? ACCESS_FAILED
                   : refuse(word, "expected HOST, HOST:PORT or HOST:PORT-PORT", err);
    if (closing != NULL && length > 2 && closing == word + length - 1)
        name = strndup(word + 1, length - 2);
    else
        name = strndup(word, length);
    if (name == NULL) {
        error_errno(err, ENOMEM, "cannot read the access rules");
        return ACCESS_FAILED;
    }
    result = add_host(r, name, &rule, word, err);
    if (result == ACCESS_IS_NAME) {
        *ports = rule.ports;
        *host = name;
    } else {
        free(name);
    }
    return result;
}

int access_add_address(struct access_rules *r, const struct addr *a,
                       const struct access_ports *ports, const char *word, bool allows,
                       struct error *err)
{
    struct access_rule rule = {
        .ports = ports != NULL ? *ports : all_ports, .allows = allows, .is_target = ports != NULL};
    struct prefix p;

    return whole_address(a, &p) ? add(r, &p, &rule, word, err) : 0;
}

/* Returns the most specific rule, or NULL. Shorter prefixes of a mapped address are not of
 * IPv4. */
static const struct access_rule *find(const struct access_rules *r, const struct prefix *address,
                                      unsigned port)
{
    const unsigned at_least = is_mapped(address) ? MAPPED_BITS : 0;
    struct prefix p = *address;
    uint32_t first;

    while ((first = prefix_trie_find(&r->trie, &p, at_least)) != 0) {
        const struct access_rule *rule = NULL;

        for (uint32_t next = first; next != 0; next = rule->next) {
            rule = &r->items[next - 1];
            if (port >= rule->ports.first && port <= rule->ports.last)
                return rule;
        }
        if (rule->bits == at_least)
            return NULL;
        p.bits = rule->bits - 1;
    }
    return NULL;
}

bool access_permits(const struct access_rules *r, const struct addr *a, const char **word)
{
    const struct access_rule *found = NULL;
    struct prefix address;

    if (whole_address(a, &address))
        found = find(r, &address, addr_port(a));
    else if (a->sa.sa_family == AF_UNIX && r->unix_rule != 0)
        found = &r->items[r->unix_rule - 1];
    *word = found != NULL ? buf_head(&r->words) + found->word : NULL;
    return found != NULL ? found->allows : !r->allows_some;
}

enum special { ORDINARY, LOOPBACK, ANY, LINK_LOCAL };

/* The addresses that are special as targets; any address leads to loopback. */
static const struct special_prefix {
    struct prefix prefix;
    enum special kind;
} specials[] = {
    {{.low = 0xffff7f000000, .bits = MAPPED_BITS + 8}, LOOPBACK},
    {{.low = 0xffff00000000, .bits = MAPPED_BITS + 8}, ANY},
    {{.low = 0xffffa9fe0000, .bits = MAPPED_BITS + 16}, LINK_LOCAL},
    {{.low = 1, .bits = IPV6_BITS}, LOOPBACK},
    {{.low = 0, .bits = IPV6_BITS}, ANY},
    {{.high = 0xfe80000000000000, .bits = 10}, LINK_LOCAL},
    {{.bits = 0}, ORDINARY},
};

static const struct special_prefix *find_special(const struct prefix *address)
{
    const struct special_prefix *s = specials;

    while (!begins_with(address, &s->prefix))
        s++;
    return s;
}

bool access_is_local(const struct addr *a)
{
    struct prefix address;

    return whole_address(a, &address) ? find_special(&address)->kind == LOOPBACK
                                      : a->sa.sa_family == AF_UNIX;
}

static bool is_link_local(const struct addr *a)
{
    struct prefix address;

    return whole_address(a, &address) && find_special(&address)->kind == LINK_LOCAL;
}

static const char *refuse_target(const struct access_rules *r, const struct addr *client,
                                 const struct prefix *target, unsigned port)
{
    const struct access_rule *rule = find(r, target, port);
    const struct special_prefix *s = find_special(target);

    if (rule != NULL ? !rule->allows : r->allows_some)
        return rule != NULL ? "refused by --to-deny" : "no --to-allow rule matches";
    if (s->kind == ORDINARY || access_is_local(client) ||
        (rule != NULL && rule->bits >= s->prefix.bits))
        return NULL;
    if (s->kind != LINK_LOCAL)
        return "loopback targets are for local clients";
    return is_link_local(client) ? NULL : "link-local targets are for local clients";
}

const char *access_refuses_target(struct access *a, const struct addr *client,
                                  const struct addr *target)
{
    const char *why = NULL;
    struct prefix address;

    if (!whole_address(target, &address))
        return "not an Internet address";
    resolve_any(&address);
    pthread_rwlock_rdlock(&a->lock);
    why = refuse_target(&a->rules, client, &address, addr_port(target));
    pthread_rwlock_unlock(&a->lock);
    return why;
}

void access_clear_rules(struct access_rules *r)
{
    prefix_trie_clear(&r->trie);
    buf_free(&r->words);
    free(r->items);
    *r = (struct access_rules){0};
}

void access_replace(struct access *a, struct access_rules *rules)
{
    struct access_rules old;

    pthread_rwlock_wrlock(&a->lock);
    old = a->rules;
    a->rules = *rules;
    pthread_rwlock_unlock(&a->lock);
    access_clear_rules(&old);
    *rules = (struct access_rules){0};
}

static enum stage_result step(struct stage *g, struct stream *s, struct error *err);

static const struct stage_ops access_ops = {.name = "access rules", .step = step};

struct access_check {
    struct stage stage;
    struct access *access;
};

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    struct access *a = ((struct access_check *)g)->access;
    enum stage_result result = STAGE_DONE;
    const char *word;

    pthread_rwlock_rdlock(&a->lock);
    if (!access_permits(&a->rules, stream_peer(s), &word)) {
        result = STAGE_REFUSED;
        if (word != NULL)
            error_set(err, EXITCODE_FAILED, "--deny %s", word);
        else
            error_set(err, EXITCODE_FAILED, "no --allow rule matches");
    }
    pthread_rwlock_unlock(&a->lock);
    return result;
}

struct stage *access_stage(const void *config, struct error *err)
{
    struct access_check *c = stage_new(&access_ops, sizeof(*c), err);

    if (c == NULL)
        return NULL;
    c->access = (struct access *)config;
    return &c->stage;
}
