/* Owns the look-up of names in access rules. What rules mean is in stages/access.c. */
#include "commands/access_options.h"

#include <stdlib.h>

#include "net/resolver.h"

static const struct {
    const char *name;
    bool allows, is_target;
} options[] = {
    [ACCESS_OPTION_ALLOW] = {"--allow", true, false},
    [ACCESS_OPTION_DENY] = {"--deny", false, false},
    [ACCESS_OPTION_TO_ALLOW] = {"--to-allow", true, true},
    [ACCESS_OPTION_TO_DENY] = {"--to-deny", false, true},
};

static int add_name(struct run *run, struct access_rules *r, const char *host,
                    const struct access_ports *ports, const char *word, bool allows,
                    struct error *err)
{
    struct resolver_question q = {.host = host, .family = AF_UNSPEC};
    struct addr_list list = {0};
    int result = 0;

    if (resolver_look_up(run, &q, &list, err) < 0)
        return -1;
    for (size_t i = 0; i < list.count && result == 0; i++)
        result = access_add_address(r, &list.items[i], ports, word, allows, err);
    addr_list_clear(&list);
    return result;
}

int access_options_add(struct run *run, struct access_rules *r, const struct option_words *words,
                       enum access_option option, struct error *err)
{
    bool allows = options[option].allows;
    int result = 0;

    for (size_t i = 0; i < words->count && result == 0; i++) {
        const char *word = words->words[i];
        struct access_ports ports = access_all_ports;
        char *host = NULL;
        enum access_word kind = options[option].is_target
                                    ? access_add_target(r, word, allows, &host, &ports, err)
                                    : access_add(r, word, allows, err);

        if (kind == ACCESS_IS_NAME)
            result = add_name(run, r, host != NULL ? host : word, &ports, word, allows, err);
        else if (kind == ACCESS_FAILED)
            result = -1;
        free(host);
    }
    if (result < 0 && error_is_set(err))
        error_prefix(err, "%s", options[option].name);
    return result;
}
