/* Owns access rules. Looks up no names. */
#include "stages/access.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { MAPPED_BITS = 96, IPV4_BITS = 32, IPV6_BITS = 128, COUNT_MIN = 16 };

static const uint64_t mapped_low = 0xffff00000000;

struct access_rule {
    bool allows;
    size_t word; /* where it begins in the words of all rules */
};

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

static bool has_host_bits(const struct prefix *p)
{
    uint64_t high = p->bits == 0 ? p->high : p->bits < 64 ? p->high << p->bits : 0;
    uint64_t low = p->bits <= 64 ? p->low : p->bits < IPV6_BITS ? p->low << (p->bits - 64) : 0;

    return high != 0 || low != 0;
}

/* Returns the index of a new rule, plus 1; 0 without memory. */
static uint32_t new_rule(struct access_rules *r, const char *word, bool allows)
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
    r->items[r->count] = (struct access_rule){.allows = allows, .word = begins};
    return (uint32_t)++r->count;
}

/* Adds a rule for a prefix; NULL: for unix sockets. Deny wins where two say the same. */
static int add(struct access_rules *r, const struct prefix *p, const char *word, bool allows,
               struct error *err)
{
    uint32_t *slot = p != NULL ? prefix_trie_add(&r->trie, p) : &r->unix_rule;

    r->allows_some = r->allows_some || allows;
    if (slot != NULL && *slot != 0 && (allows || !r->items[*slot - 1].allows))
        return 0;
    if (slot != NULL && (*slot = new_rule(r, word, allows)) != 0)
        return 0;
    error_errno(err, ENOMEM, "cannot read the access rules");
    return -1;
}

static enum access_word refuse(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid rule \"%s\": %s", word, why);
    return ACCESS_FAILED;
}

enum access_word access_add(struct access_rules *r, const char *word, bool allows,
                            struct error *err)
{
    const char *slash = strchr(word, '/'), *begins = word;
    size_t length = slash != NULL ? (size_t)(slash - word) : strlen(word);
    char host[INET6_ADDRSTRLEN];
    unsigned char address[16];
    int family = AF_UNSPEC;
    struct prefix p;
    uint64_t bits;

    if (strcmp(word, "unix") == 0)
        return add(r, NULL, word, allows, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
    if (length > 2 && word[0] == '[' && word[length - 1] == ']') {
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
        return slash != NULL || *word == '@' || word[strspn(word, "0123456789.:")] == '\0'
                   ? refuse(word, "expected an address, ADDR/BITS or a host name", err)
                   : ACCESS_IS_NAME;
    bits = family == AF_INET ? IPV4_BITS : IPV6_BITS;
    if (slash != NULL && num_parse(slash + 1, 0, bits, &bits) < 0)
        return refuse(word, family == AF_INET ? "expected 0 to 32 bits" : "expected 0 to 128 bits",
                      err);
    p = make_prefix(family, address, (unsigned)bits);
    if (has_host_bits(&p))
        return refuse(word, "the address has bits beyond the prefix", err);
    return add(r, &p, word, allows, err) == 0 ? ACCESS_ADDED : ACCESS_FAILED;
}

int access_add_address(struct access_rules *r, const struct addr *a, const char *word, bool allows,
                       struct error *err)
{
    struct prefix p;

    return whole_address(a, &p) ? add(r, &p, word, allows, err) : 0;
}

bool access_permits(const struct access_rules *r, const struct addr *a, const char **word)
{
    struct prefix address;
    uint32_t found = 0;

    /* Shorter prefixes of a mapped address are not of IPv4. */
    if (whole_address(a, &address))
        found = prefix_trie_find(&r->trie, &address, is_mapped(&address) ? MAPPED_BITS : 0);
    else if (a->sa.sa_family == AF_UNIX)
        found = r->unix_rule;
    *word = found != 0 ? buf_head(&r->words) + r->items[found - 1].word : NULL;
    return found != 0 ? r->items[found - 1].allows : !r->allows_some;
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

static void free_stage(struct stage *g)
{
    free(g);
}

static const struct stage_ops access_ops = {
    .name = "access rules", .step = step, .free = free_stage};

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
    struct access_check *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_cause(err, ENOMEM);
        return NULL;
    }
    c->stage.ops = &access_ops;
    c->access = (struct access *)config;
    return &c->stage;
}
