/*
 * Access rules: which clients may connect (--allow, --deny). The most specific rule
 * decides, and deny wins where two say the same; where there is any allow rule, a client
 * that no rule matches is refused. An IPv4 address in IPv6 counts as IPv4, and IPv6 rules,
 * even ::/0, do not match IPv4.
 */
#ifndef STAGES_ACCESS_H
#define STAGES_ACCESS_H

#include "core/stage.h"

/* One address prefix. */
struct access_rule {
    int family; /* AF_INET, AF_INET6 or AF_UNIX */
    unsigned char bytes[16];
    unsigned bits;
    bool allows;
    const char *word; /* as the user wrote it; not owned */
};

/* {0} is empty and permits everything. */
struct access_rules {
    struct access_rule *items; /* owned; the most specific first, once sorted */
    size_t count;
    bool allows_some; /* there is an allow rule */
};

enum access_word { ACCESS_ADDED, ACCESS_IS_NAME, ACCESS_FAILED };

/* Adds the rule that a word stands for: an address, ADDR/BITS or "unix". ACCESS_IS_NAME: the
 * word may be a host name, and access_add_address() is to be called for each of its
 * addresses. ACCESS_FAILED: err has a usage error that quotes the word. */
enum access_word access_add(struct access_rules *r, const char *word, bool allows,
                            struct error *err);
int access_add_address(struct access_rules *r, const struct addr *a, const char *word, bool allows,
                       struct error *err);

/* Call after the last rule was added. */
void access_sort(struct access_rules *r);

/* Returns true when the rules permit a; else *rule is the rule that refuses it, or NULL when
 * no rule matches. */
bool access_permits(const struct access_rules *r, const struct addr *a,
                    const struct access_rule **rule);

void access_clear(struct access_rules *r);

/* Makes a stage that refuses clients. config: struct access_rules. */
struct stage *access_stage(const void *config, struct error *err);

#endif
