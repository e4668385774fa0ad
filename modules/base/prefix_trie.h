/*
 * A path-compressed trie of prefixes of addresses of 128 bits: finds the longest prefix that an
 * address begins with. A trie that is set to {0} is empty.
 */
#ifndef BASE_PREFIX_TRIE_H
#define BASE_PREFIX_TRIE_H

#include <stddef.h>
#include <stdint.h>

/* The first bits of an address, in host byte order; the others are 0. */
struct prefix {
    uint64_t high;
    uint64_t low;
    unsigned bits; /* 0 to 128 */
};

struct prefix_trie {
    struct prefix_node *nodes; /* owned; the first one is the root */
    size_t count;
    size_t size;
};

/* Returns where the value of a prefix is kept, until the next call; or NULL without memory. The
 * value of a new prefix is 0, and has to be set to another. */
uint32_t *prefix_trie_add(struct prefix_trie *t, const struct prefix *p);

/* Returns the value of the longest prefix of at least so many bits, a multiple of 4, that p
 * begins with, and that may be p itself. 0: there is none. */
uint32_t prefix_trie_find(const struct prefix_trie *t, const struct prefix *p, unsigned at_least);

void prefix_trie_clear(struct prefix_trie *t);

#endif
