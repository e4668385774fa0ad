/* base/prefix_trie against a list that is searched from end to end. */
#include "base/prefix_trie.h"
#include "tests/unit/scripted.h"

enum { PREFIXES = 300, ADDRESSES = 2000, ROUNDS = 60 };

static uint64_t state = 88172645463325252;

static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t first_bits(uint64_t half, unsigned bits)
{
    return bits == 0 ? 0 : bits >= 64 ? half : half >> (64 - bits) << (64 - bits);
}

static struct prefix cut(struct prefix p, unsigned bits)
{
    return (struct prefix){first_bits(p.high, bits), first_bits(p.low, bits > 64 ? bits - 64 : 0),
                           bits};
}

static bool begins_with(const struct prefix *address, const struct prefix *p)
{
    struct prefix same = cut(*address, p->bits);

    return address->bits >= p->bits && same.high == p->high && same.low == p->low;
}

static uint32_t find_slowly(const struct prefix *list, uint32_t count, const struct prefix *address,
                            unsigned at_least)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++)
        if (list[i].bits >= at_least && begins_with(address, &list[i]) &&
            (found == 0 || list[i].bits > list[found - 1].bits))
            found = i + 1;
    return found;
}

/* Returns an address that often shares many bits with another. */
static struct prefix near(const struct prefix *other)
{
    struct prefix p = {random_bits(), random_bits(), 128};
    unsigned shared = (unsigned)(random_bits() % 129);
    struct prefix kept = cut(*other, shared);

    if (random_bits() % 8 == 0)
        return p;
    p.high = kept.high | (p.high ^ first_bits(p.high, shared));
    p.low = kept.low | (p.low ^ first_bits(p.low, shared > 64 ? shared - 64 : 0));
    return p;
}

static void finds_what_a_search_of_all_finds(void **unused)
{
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        struct prefix list[PREFIXES] = {0}, address = {0};
        struct prefix_trie t = {0};
        uint32_t count = 0;

        for (int i = 0; i < PREFIXES; i++) {
            struct prefix p = near(&list[count > 0 ? random_bits() % count : 0]);
            uint32_t *value;

            p = cut(p, (unsigned)(random_bits() % (round % 2 == 0 ? 129 : 12)));
            value = prefix_trie_add(&t, &p);
            assert_non_null(value);
            if (*value == 0) {
                list[count] = p;
                *value = ++count;
            }
            /* A prefix that is there already has its value. */
            assert_true(begins_with(&p, &list[*value - 1]) && p.bits == list[*value - 1].bits);
        }
        for (int i = 0; i < ADDRESSES; i++) {
            unsigned at_least = random_bits() % 4 == 0 ? (unsigned)(random_bits() % 32 * 4) : 0;

            address = near(&list[random_bits() % count]);
            if (random_bits() % 4 == 0)
                address = cut(address, (unsigned)(random_bits() % 129));
            assert_int_equal(prefix_trie_find(&t, &address, at_least),
                             find_slowly(list, count, &address, at_least));
        }
        prefix_trie_clear(&t);
    }
}

static void an_empty_trie_finds_nothing(void **unused)
{
    struct prefix address = {.bits = 128};
    struct prefix_trie t = {0};

    (void)unused;
    assert_int_equal(prefix_trie_find(&t, &address, 0), 0);
    prefix_trie_clear(&t);
}

static void every_length_is_found(void **unused)
{
    struct prefix address = {random_bits(), random_bits(), 128};
    struct prefix_trie t = {0};

    (void)unused;
    for (unsigned bits = 0; bits <= 128; bits++) {
        struct prefix p = cut(address, bits);
        uint32_t *value = prefix_trie_add(&t, &p);

        assert_non_null(value);
        assert_int_equal(*value, 0);
        *value = bits + 1;
        assert_int_equal(prefix_trie_find(&t, &address, 0), bits + 1);
    }
    prefix_trie_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_search_of_all_finds),
        cmocka_unit_test(an_empty_trie_finds_nothing),
        cmocka_unit_test(every_length_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
