/* chat/names: what is a name, and which two are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chat/names.h"

static void assert_names(const char *const *list, bool valid)
{
    for (; *list != NULL; list++)
        if (names_is_valid(*list, strlen(*list)) != valid)
            fail_msg("'%s' is%s a name", *list, valid ? " not" : "");
}

static void every_script_has_names(void **state)
{
    static const char *const list[] = {
        "a",                        /* one */
        "Alice",                    /* letters */
        "alice_2-b",                /* digits, "_" and "-" */
        "7",                        /* a digit alone */
        "-a_",                      /* "_" and "-" around a letter */
        "\u5f20\u4e09",             /* Chinese */
        "\u0418\u0432\u0430\u043d", /* Cyrillic */
        "\u0623\u062d\u0645\u062f", /* Arabic */
        "e\u0301va",                /* a letter and its mark */
        "\u0928\u093f\u0936\u093e", /* Devanagari, with a spacing mark */
        "\u0663\u0664",             /* Arabic digits */
        "\uff21lice",               /* fullwidth */
        "\U00020000",               /* CJK extension B */
        "\u30b9\u30d1\u30a4\u30af", /* Katakana */
        NULL,
    };

    (void)state;
    assert_names(list, true);
}

static void what_misleads_is_no_name(void **state)
{
    static const char *const list[] = {
        "",             /* empty */
        "a b",          /* space */
        " a",           /* space */
        "a\t",          /* a control */
        "a\n",          /* the same */
        "a\033b",       /* the same */
        "a\177",        /* the same */
        "a\xc2\x85",    /* next line, of C1 */
        "a\u00a0b",     /* no-break space */
        "a\u2003b",     /* em space */
        "a\u3000b",     /* ideographic space */
        "a\u200bb",     /* zero width space */
        "a\u200cb",     /* zero width non-joiner */
        "a\u200db",     /* zero width joiner */
        "a\u202eb",     /* right-to-left override */
        "a\u2066b",     /* left-to-right isolate */
        "a\ufeffb",     /* byte order mark */
        "a\u034fb",     /* grapheme joiner: a mark that is not seen */
        "a\ufe0fb",     /* variation selector: the same */
        "\u3164",       /* Hangul filler: a letter that is not seen */
        "\u115fa",      /* Hangul choseong filler: the same */
        "\u2800",       /* braille without a dot */
        "\u0301a",      /* a mark with nothing to stand on */
        "--",           /* what the room begins its lines with */
        "_",            /* neither a letter nor a digit */
        "a:b",          /* punctuation */
        "a.b",          /* the same */
        "a/b",          /* the same */
        "a\\b",         /* the same */
        "\u00b2",       /* superscript two is no decimal digit */
        "\u2160",       /* Roman numeral one is no letter */
        "\U0001f600",   /* a smiley is no letter */
        "\ue000",       /* private use */
        "\xff",         /* no UTF-8 */
        "a\xc3",        /* the same */
        "\xed\xa0\x80", /* a surrogate */
        NULL,
    };

    (void)state;
    assert_names(list, false);
    assert_false(names_is_valid("a\0b", 3));
}

static void the_length_is_in_characters(void **state)
{
    char name[NAMES_BYTES + 5];

    (void)state;
    for (size_t i = 0; i <= NAMES_MAX; i++)
        memcpy(name + 4 * i, "\U00020001", 4);
    assert_true(names_is_valid(name, (size_t)4 * NAMES_MAX));
    assert_false(names_is_valid(name, (size_t)4 * NAMES_MAX + 4));
    memset(name, 'a', sizeof(name));
    assert_true(names_is_valid(name, NAMES_MAX));
    assert_false(names_is_valid(name, NAMES_MAX + 1));
}

static void assert_same(const char *a, const char *b, bool same)
{
    char *first = names_key(a), *second = names_key(b);

    assert_true(first != NULL && second != NULL);
    if ((strcmp(first, second) == 0) != same)
        fail_msg("%s and %s: %s, %s", a, b, first, second);
    free(first);
    free(second);
}

static void case_and_width_do_not_count(void **state)
{
    (void)state;
    assert_same("Alice", "alice", true);
    assert_same("ALICE", "alice", true);
    assert_same("\uff21\uff4cice", "alice", true); /* fullwidth */
    assert_same("\U0001d400lice", "alice", true);  /* mathematical bold */
    assert_same("Stra\u00dfe", "STRASSE", true);   /* sharp s */
    assert_same("\u00c9va", "e\u0301va", true);    /* composed or not */
    assert_same("\u0418\u0432\u0430\u043d", "\u0438\u0412\u0410\u041d", true);
    assert_same("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
                "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3", true); /* final sigma */
    assert_same("\uff76\uff9e", "\u30ac", true);                     /* halfwidth katakana */
    assert_same("alice", "alicia", false);
    assert_same("\u5f20\u4e09", "\u5f20\u56db", false);
    assert_same("a-b", "a_b", false);
}

static void names_of_guests_are_known(void **state)
{
    static const char *const guests[] = {"guest1", "GUEST42", "guest007", "\uff47uest\uff11", NULL};
    static const char *const others[] = {"guest", "guest1a", "guests", "aguest1", "guest-1", NULL};

    (void)state;
    for (size_t i = 0; guests[i] != NULL; i++) {
        char *key = names_key(guests[i]);

        assert_true(names_is_guest(key));
        free(key);
    }
    for (size_t i = 0; others[i] != NULL; i++) {
        char *key = names_key(others[i]);

        assert_false(names_is_guest(key));
        free(key);
    }
}

static void scripts_that_look_alike_do_not_mix(void **state)
{
    static const char *const mixed[] = {
        "\u0430lice",    /* a Cyrillic a */
        "ali\u0441e",    /* a Cyrillic es */
        "b\u03bfb",      /* a Greek omicron */
        "\uff42\u043eb", /* fullwidth Latin, Cyrillic */
        "\u0391\u0430",  /* Greek, Cyrillic */
        "\u00b5tor",     /* the micro sign is a mu */
        NULL,
    };
    static const char *const pure[] = {
        "alice_1",
        "\u0430\u043b\u0438\u0441\u0430",
        "\u03bf\u03b4\u03cc\u03c2",
        "\u5f20\u4e09x",    /* Chinese does not look like Latin */
        "\u0645\u062da",    /* nor does Arabic */
        "e\u0301va-\u0663", /* marks and digits are of every script */
        NULL,
    };

    (void)state;
    for (size_t i = 0; mixed[i] != NULL; i++) {
        char *key = names_key(mixed[i]);

        assert_true(names_is_valid(mixed[i], strlen(mixed[i])));
        if (!names_mixes_scripts(key))
            fail_msg("%s", mixed[i]);
        free(key);
    }
    for (size_t i = 0; pure[i] != NULL; i++) {
        char *key = names_key(pure[i]);

        if (names_mixes_scripts(key))
            fail_msg("%s", pure[i]);
        free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_script_has_names),
        cmocka_unit_test(what_misleads_is_no_name),
        cmocka_unit_test(the_length_is_in_characters),
        cmocka_unit_test(case_and_width_do_not_count),
        cmocka_unit_test(names_of_guests_are_known),
        cmocka_unit_test(scripts_that_look_alike_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
