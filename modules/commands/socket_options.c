/* Owns the form of modes and the look-up of groups. */
#include "commands/socket_options.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { MODE_MAX = 0777 };

static int parse_mode(const char *word, struct socket_file_options *o, struct error *err)
{
    unsigned long mode = strtoul(word, NULL, 8);

    if (*word == '\0' || word[strspn(word, "01234567")] != '\0' || strlen(word) > 4 ||
        mode > MODE_MAX) {
        error_set(err, EXITCODE_USAGE,
                  "--socket-mode: invalid mode \"%s\": expected octal 0 to 777", word);
        return -1;
    }
    o->has_mode = true;
    o->mode = (mode_t)mode;
    return 0;
}

static int find_group(const char *word, struct socket_file_options *o, struct error *err)
{
    const struct group *found;
    uint64_t number;

    found = getgrnam(word);
    if (found == NULL && num_parse(word, 0, UINT32_MAX - 1, &number) < 0) {
        error_set(err, EXITCODE_USAGE, "--socket-group: unknown group \"%s\"", word);
        return -1;
    }
    o->has_group = true;
    o->group = found != NULL ? found->gr_gid : (gid_t)number;
    return 0;
}

int socket_options_parse(const char *mode, const char *group, struct socket_file_options *o,
                         struct error *err)
{
    *o = (struct socket_file_options){0};
    if (mode != NULL && parse_mode(mode, o, err) < 0)
        return -1;
    return group != NULL ? find_group(group, o, err) : 0;
}
