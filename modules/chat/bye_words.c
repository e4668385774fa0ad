/* Owns the comparison of lines with bye words; libunistring has the tables of characters. */
#include "chat/bye_words.h"

#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* A part of a line, in valid UTF-8. */
struct core {
    const uint8_t *text;
    size_t length;
};

static void drop_first_blanks(struct core *c)
{
    ucs4_t code;
    int n;

    while ((n = u8_mbtouc(&code, c->text, c->length)) > 0 && uc_is_property_white_space(code)) {
        c->text += n;
        c->length -= (size_t)n;
    }
}

/* Reads the last character; returns its length, or 0 when there is none. */
static size_t last_character(const struct core *c, ucs4_t *code)
{
    const uint8_t *last = u8_prev(code, c->text + c->length, c->text);

    return last == NULL ? 0 : (size_t)(c->text + c->length - last);
}

static void drop_last_blanks(struct core *c)
{
    ucs4_t code;
    size_t n;

    while ((n = last_character(c, &code)) > 0 && uc_is_property_white_space(code))
        c->length -= n;
}

static bool is_final_mark(ucs4_t code)
{
    return code == '.' || code == '!' || code == 0x3002 || code == 0xff01;
}

/* Strips blanks and one final mark; a mark alone stays. */
static struct core core_of(const char *line, size_t n)
{
    struct core c = {(const uint8_t *)line, n};
    ucs4_t code;
    size_t last;

    drop_first_blanks(&c);
    drop_last_blanks(&c);
    last = last_character(&c, &code);
    if (last > 0 && last < c.length && is_final_mark(code)) {
        c.length -= last;
        drop_last_blanks(&c);
    }
    return c;
}

bool bye_words_match(const struct bye_words *w, const char *line, size_t n)
{
    struct core said;

    if (n > BYE_WORDS_LINE_MAX || u8_check((const uint8_t *)line, n) != NULL)
        return false;
    said = core_of(line, n);
    for (size_t i = 0; i < w->count; i++) {
        struct core word = core_of(w->words[i], strlen(w->words[i]));
        int order;

        if (u8_casecmp(said.text, said.length, word.text, word.length, NULL, UNINORM_NFC, &order) ==
                0 &&
            order == 0)
            return true;
    }
    return false;
}
