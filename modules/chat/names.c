/* Owns the rules for names; libunistring has the tables of characters. */
#include "chat/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "text/utf8.h"

static bool is_allowed(uint32_t code, bool first)
{
    if (code < 0x80)
        return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
               (code >= 'A' && code <= 'Z') || code == '_' || code == '-';
    /* Some letters and marks are invisible, such as U+3164. */
    if (uc_is_property_default_ignorable_code_point(code))
        return false;
    return uc_is_general_category_withtable(code, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_Nd) ||
           (!first &&
            uc_is_general_category_withtable(code, UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc));
}

bool names_is_valid(const char *name, size_t n)
{
    size_t count = 0, length;
    bool names_someone = false; /* "--" would look like a notice of the room */

    for (size_t i = 0; i < n; i += length, count++) {
        if (utf8_next(name + i, n - i, &length) != UTF8_WHOLE)
            return false;
        if (count == NAMES_MAX || !is_allowed(utf8_code(name + i, length), i == 0))
            return false;
        names_someone = names_someone || (name[i] != '-' && name[i] != '_');
    }
    return names_someone;
}

char *names_key(const char *name)
{
    size_t n = strlen(name) + 1, length; /* with its end */
    uint8_t *key = u8_normalize(UNINORM_NFKC, (const uint8_t *)name, n, NULL, &length);

    /* Twice, as each mapping may yield input for the other: a mathematical capital A has no
     * lower case, but NFKC maps it to an A that has. */
    for (int i = 0; i < 2 && key != NULL; i++) {
        uint8_t *folded = u8_casefold(key, length, NULL, UNINORM_NFKC, NULL, &length);

        free(key);
        key = folded;
    }
    return (char *)key;
}

bool names_mixes_scripts(const char *key)
{
    static const char *const alike[] = {"Latin", "Greek", "Cyrillic"};
    size_t n = strlen(key), length, found = 0;

    for (size_t script = 0; script < 3; script++) {
        const uc_script_t *wanted = uc_script_byname(alike[script]);

        for (size_t i = 0; i < n; i += length) {
            utf8_next(key + i, n - i, &length);
            if (uc_is_script(utf8_code(key + i, length), wanted)) {
                found++;
                break;
            }
        }
    }
    return found > 1;
}

bool names_is_guest(const char *key)
{
    static const char prefix[] = "guest";
    size_t length = strlen(prefix);

    if (strncmp(key, prefix, length) != 0 || key[length] == '\0')
        return false;
    return key[length + strspn(key + length, "0123456789")] == '\0';
}
