/*
 * Access rules: which clients may connect (--allow, --deny), and which targets they may name
 * (--to-allow, --to-deny). The most specific rule decides, and deny wins where two say the
 * same; where there is any allow rule, what no rule matches is refused. An IPv4 address in
 * IPv6 counts as IPv4, and IPv6 rules, even ::/0, do not match IPv4.
 */
#ifndef STAGES_ACCESS_H
#define STAGES_ACCESS_H

#include "core/stage.h"

struct access_ports {
    unsigned first, last;
};

extern const struct access_ports access_all_ports;

/* One address prefix, with ports. */
struct access_rule {
    int family; /* AF_INET, AF_INET6 or AF_UNIX */
    unsigned char bytes[16];
    unsigned bits;
    struct access_ports ports; /* of targets; of clients, all */
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
int access_add_address(struct access_rules *r, const struct addr *a,
                       const struct access_ports *ports, const char *word, bool allows,
                       struct error *err);

/* The same for a target: HOST, HOST:PORT or HOST:PORT-PORT, where HOST may have /BITS and, in
 * brackets, be IPv6. ACCESS_IS_NAME: *host is the name, to be freed, and ports are to be given
 * to access_add_address(). */
enum access_word access_add_target(struct access_rules *r, const char *word, bool allows,
                                   char **host, struct access_ports *ports, struct error *err);

/* Call after the last rule was added. */
void access_sort(struct access_rules *r);

/* Returns true when the rules permit a; else *rule is the rule that refuses it, or NULL when
 * no rule matches. */
bool access_permits(const struct access_rules *r, const struct addr *a,
                    const struct access_rule **rule);

/* Returns NULL when client may connect to target, else the cause in words. Without a rule that
 * allows just these, targets that are loopback are for clients that are local, and targets that
 * are link-local for clients that are, too. */
const char *access_refuses_target(const struct access_rules *r, const struct addr *client,
                                  const struct addr *target);

/* Returns true for an address that only this machine has: loopback, or a unix socket. */
bool access_is_local(const struct addr *a);

void access_clear(struct access_rules *r);

/* Makes a stage that refuses clients. config: struct access_rules. */
struct stage *access_stage(const void *config, struct error *err);

#endif
