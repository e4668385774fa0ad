/* Owns the nodes of a trie. Knows nothing of what the values mean. */
#include "base/prefix_trie.h"

#include <stdbool.h>
#include <stdlib.h>

enum { STRIDE = 4, HALF_BITS = 64, ALL_BITS = 128, SIZE_MIN = 16 };

/* A place where prefixes part, after a multiple of STRIDE bits. The node holds the values of the
 * prefixes that are up to STRIDE - 1 bits longer: the prefix whose further bits are abc has the
 * place 1abc (binary), so that of two prefixes of an address the longer one has the higher
 * place. Binary nodes would need four times as many steps, and each step waits for memory. */
struct prefix_node {
    uint64_t high;
    uint64_t low;
    uint32_t bits;
    uint32_t filled;                /* places that have a value, a bit for each */
    uint32_t children[1 << STRIDE]; /* an index; 0, the root, is nobody's child */
    uint32_t values[1 << STRIDE];
};

/* Returns the STRIDE bits at a position below ALL_BITS. */
static unsigned bits_at(uint64_t high, uint64_t low, unsigned position)
{
    uint64_t half = position < HALF_BITS ? high : low;

    return half >> (HALF_BITS - STRIDE - position % HALF_BITS) & ((1 << STRIDE) - 1);
}

/* Returns how many bits two addresses have in common, of which this is the difference. */
static unsigned common_bits(uint64_t high, uint64_t low)
{
    if (high != 0)
        return (unsigned)__builtin_clzll(high);
    return low != 0 ? HALF_BITS + (unsigned)__builtin_clzll(low) : ALL_BITS;
}

static uint64_t first_bits(uint64_t half, unsigned bits)
{
    return bits == 0 ? 0 : half >> (HALF_BITS - bits) << (HALF_BITS - bits);
}

/* A prefix takes two nodes at most: its own, and one where it parts from another. */
static bool reserve(struct prefix_trie *t)
{
    size_t size = t->size < SIZE_MIN ? SIZE_MIN : t->size * 2;
    struct prefix_node *nodes;

    if (t->count + 2 < t->size)
        return true;
    if (size > UINT32_MAX || (nodes = reallocarray(t->nodes, size, sizeof(*nodes))) == NULL)
        return false;
    t->nodes = nodes;
    t->size = size;
    if (t->count == 0)
        nodes[t->count++] = (struct prefix_node){0};
    return true;
}

static uint32_t new_node(struct prefix_trie *t, const struct prefix *p, unsigned bits)
{
    t->nodes[t->count] = (struct prefix_node){
        .high = bits < HALF_BITS ? first_bits(p->high, bits) : p->high,
        .low = bits < HALF_BITS  ? 0
               : bits < ALL_BITS ? first_bits(p->low, bits - HALF_BITS)
                                 : p->low,
        .bits = bits,
    };
    return (uint32_t)t->count++;
}

/* Returns the node of the first bits of p, which are a multiple of STRIDE. */
static struct prefix_node *find_or_add(struct prefix_trie *t, const struct prefix *p, unsigned bits)
{
    struct prefix_node *n = t->nodes;

    while (n->bits < bits) {
        uint32_t *link = &n->children[bits_at(p->high, p->low, n->bits)];
        uint32_t next = *link, added;
        unsigned common;

        if (next == 0) {
            *link = new_node(t, p, bits);
            return &t->nodes[*link];
        }
        n = &t->nodes[next];
        common = common_bits(n->high ^ p->high, n->low ^ p->low) / STRIDE * STRIDE;
        common = common < bits ? common : bits;
        if (common >= n->bits)
            continue;
        *link = added = new_node(t, p, common);
        t->nodes[added].children[bits_at(n->high, n->low, common)] = next;
        n = &t->nodes[added];
    }
    return n;
}

uint32_t *prefix_trie_add(struct prefix_trie *t, const struct prefix *p)
{
    unsigned rest = p->bits % STRIDE, bits = p->bits - rest, place = 1;
    struct prefix_node *n;

    if (!reserve(t))
        return NULL;
    n = find_or_add(t, p, bits);
    if (rest > 0)
        place = 1u << rest | bits_at(p->high, p->low, bits) >> (STRIDE - rest);
    n->filled |= 1u << place;
    return &n->values[place];
}

/* Returns the places of the prefixes that end before or within these STRIDE bits, the first of
 * which are known. */
static uint32_t places_of(unsigned bits, unsigned known)
{
    uint32_t all = 1u << 1 | 1u << (2 | bits >> 3) | 1u << (4 | bits >> 2) | 1u << (8 | bits >> 1);

    return known < STRIDE ? all & ((1u << (2u << known)) - 1) : all;
}

uint32_t prefix_trie_find(const struct prefix_trie *t, const struct prefix *p, unsigned at_least)
{
    const struct prefix_node *n = t->nodes;
    uint32_t found = 0, next = 0;

    while (n != NULL && n->bits <= p->bits &&
           common_bits(n->high ^ p->high, n->low ^ p->low) >= n->bits) {
        unsigned bits = n->bits < ALL_BITS ? bits_at(p->high, p->low, n->bits) : 0;
        uint32_t filled = n->filled & places_of(bits, p->bits - n->bits);

        if (filled != 0 && n->bits >= at_least)
            found = n->values[31 - __builtin_clz(filled)];
        next = n->children[bits];
        n = next != 0 ? &t->nodes[next] : NULL;
    }
    return found;
}

void prefix_trie_clear(struct prefix_trie *t)
{
    free(t->nodes);
    *t = (struct prefix_trie){0};
}
