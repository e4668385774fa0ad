/* Owns the words HOST and PORT. Connects to nothing. */
#include "commands/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "commands/prompt.h"

char *target_word(const char *given, const char *what, struct error *err)
{
    char *word = given != NULL ? strdup(given) : prompt_is_possible() ? prompt_ask(what) : NULL;

    if (word == NULL)
        error_set(err, EXITCODE_USAGE, "the %s is missing", what);
    return word;
}

int target_find(int count, char **words, char **host, unsigned *port, int *used, struct error *err)
{
    struct endpoint e = {0};
    char *first = target_word(count > 0 ? words[0] : NULL, "host", err), *second = NULL;
    int result = -1;

    *used = count > 0;
    if (first == NULL || endpoint_parse(first, &e, err) < 0)
        goto done;
    if (e.port == NULL) {
        second = target_word(count > *used ? words[*used] : NULL, "port", err);
        *used += count > *used;
        if (second == NULL)
            goto done;
    }
    if (port_parse(second != NULL ? second : e.port, 1, port, err) < 0)
        goto done;
    *host = e.host;
    e.host = NULL;
    result = 0;
done:
    endpoint_clear(&e);
    free(first);
    free(second);
    return result;
}
