/*
 * Access rules: which clients may connect (--allow, --deny), and which targets clients may name
 * (--to-allow, --to-deny). The most specific rule decides: the one with the longest prefix, of
 * these the one with the fewest ports. Deny wins where two say the same; where there is any
 * allow rule, what no rule matches is refused. An IPv4 address in IPv6 counts as IPv4, and IPv6
 * rules, even ::/0, do not match IPv4.
 */
#ifndef STAGES_ACCESS_H
#define STAGES_ACCESS_H

#include <pthread.h>

#include "base/buf.h"
#include "base/prefix_trie.h"
#include "core/stage.h"

struct access_ports {
    unsigned first;
    unsigned last;
};

/* {0} is empty and permits everything. Looking up 100,000 rules takes no longer than five to ten
 * steps from node to node. */
struct access_rules {
    struct prefix_trie trie; /* of addresses, IPv4 as mapped; its values are indices, plus 1 */
    struct access_rule *items;
    size_t count;
    size_t size;
    uint32_t unix_rule; /* an index, plus 1 */
    bool allows_some;   /* what no rule matches is refused */
    struct buf words;   /* as the user wrote them */
};

enum access_word { ACCESS_ADDED, ACCESS_IS_NAME, ACCESS_FAILED };

/* Adds the rule that a word stands for: an address, ADDR/BITS or "unix". ACCESS_IS_NAME: the
 * word may be a host name, and access_add_address() is to be called for each of its
 * addresses. ACCESS_FAILED: err has a usage error that quotes the word, or there is no memory. */
enum access_word access_add(struct access_rules *r, const char *word, bool allows,
                            struct error *err);

/* The same for a target: HOST, HOST:PORT or HOST:PORT-PORT, where HOST may have /BITS and, in
 * brackets, be IPv6. ACCESS_IS_NAME: *host is the name, to be freed, and *ports are to be given
 * to access_add_address(). */
enum access_word access_add_target(struct access_rules *r, const char *word, bool allows,
                                   char **host, struct access_ports *ports, struct error *err);

/* Adds a rule for an address of a name; without ports: for a client. Returns 0, or -1 without
 * memory. */
int access_add_address(struct access_rules *r, const struct addr *a,
                       const struct access_ports *ports, const char *word, bool allows,
                       struct error *err);

/* Returns true when the rules permit a; else *word is the rule that refuses it, as the user wrote
 * it, or NULL when no rule matches. */
bool access_permits(const struct access_rules *r, const struct addr *a, const char **word);

void access_clear_rules(struct access_rules *r);

/* The rules that the stages of all threads obey at present. */
struct access {
    pthread_rwlock_t lock;
    struct access_rules rules;
};

#define ACCESS_INIT                        \
    {                                      \
        .lock = PTHREAD_RWLOCK_INITIALIZER \
    }

/* Puts other rules in place, which are moved; any thread may. */
void access_replace(struct access *a, struct access_rules *rules);

/* Returns true for an address that only this machine has: loopback, or a unix socket. */
bool access_is_local(const struct addr *a);

/* Returns NULL when client may connect to target, else the cause in words. Unless a rule allows
 * just these, loopback targets are for local clients, and link-local targets for link-local
 * clients, too. */
const char *access_refuses_target(struct access *a, const struct addr *client,
                                  const struct addr *target);

/* Makes a stage that refuses clients. config: struct access. */
struct stage *access_stage(const void *config, struct error *err);

#endif
