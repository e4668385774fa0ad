/* Owns the parsing of option tables, through getopt_long, and suggestions. Knows no command. */
#include "base/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/num.h"

enum {
    FIRST_VALUE = 256, /* getopt_long's val of option i is FIRST_VALUE + i */
    OPERAND = 1,       /* what getopt_long returns for an operand, in order */
    WORD_MAX_COMPARED = 40,
};

/* One option of a command, wherever it stands in the tables. */
struct entry {
    const struct option_spec *spec;
    size_t base;
    char letter; /* or 0 */
};

/* The tables of one command, flattened. */
struct flat {
    struct entry *entries;
    struct option *longs; /* --help is the last */
    char **names;         /* those with a prefix; owned */
    char *letters;
    size_t count;
};

bool options_takes_value(const struct option_spec *spec)
{
    return spec->kind != OPTION_ON && spec->kind != OPTION_OFF;
}

static size_t count_specs(const struct option_table *tables)
{
    size_t count = 0;

    for (; tables->specs != NULL; tables++)
        for (const struct option_spec *s = tables->specs; s->kind != OPTION_END; s++)
            count++;
    return count;
}

static void clear_flat(struct flat *f)
{
    for (size_t i = 0; f->names != NULL && i < f->count; i++)
        free(f->names[i]);
    free(f->entries);
    free(f->longs);
    free(f->names);
    free(f->letters);
}

static int add_spec(struct flat *f, const struct option_table *t, const struct option_spec *s,
                    char **letter)
{
    int mode = !options_takes_value(s) ? no_argument
               : s->optional           ? optional_argument
                                       : required_argument;
    size_t i = f->count++;

    f->entries[i] = (struct entry){s, t->base, t->prefix == NULL ? s->letter : '\0'};
    if (t->prefix != NULL && asprintf(&f->names[i], "%s%s", t->prefix, s->name) < 0) {
        f->names[i] = NULL;
        return -1;
    }
    f->longs[i] = (struct option){f->names[i] != NULL ? f->names[i] : s->name, mode, NULL,
                                  FIRST_VALUE + (int)i};
    if (f->entries[i].letter == '\0')
        return 0;
    *(*letter)++ = s->letter;
    for (int colons = 0; colons < mode; colons++)
        *(*letter)++ = ':';
    return 0;
}

static int flatten(struct flat *f, const struct option_table *tables, bool in_order)
{
    size_t count = count_specs(tables);
    char *letter;

    *f = (struct flat){
        .entries = calloc(count + 1, sizeof(*f->entries)),
        .longs = calloc(count + 2, sizeof(*f->longs)),
        .names = calloc(count + 1, sizeof(*f->names)),
        .letters = calloc(3 * count + 4, 1),
    };
    if (f->entries == NULL || f->longs == NULL || f->names == NULL || f->letters == NULL)
        return -1;
    letter = f->letters;
    if (in_order)
        *letter++ = '-';
    /* The first operand does not end the options; a missing value is reported as such. */
    *letter++ = ':';
    for (; tables->specs != NULL; tables++)
        for (const struct option_spec *s = tables->specs; s->kind != OPTION_END; s++)
            if (add_spec(f, tables, s, &letter) < 0)
                return -1;
    f->longs[f->count] = (struct option){"help", optional_argument, NULL, 'h'};
    *letter = 'h';
    return 0;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX_COMPARED + 1];
    size_t *before = rows[0], *above = rows[1], *here = rows[2];
    size_t length_a = strnlen(a, WORD_MAX_COMPARED), length_b = strnlen(b, WORD_MAX_COMPARED);

    for (size_t j = 0; j <= length_b; j++)
        above[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        size_t *freed = before;

        here[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);

            here[j] = min_size(change, min_size(above[j], here[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                here[j] = min_size(here[j], before[j - 2] + 1);
        }
        before = above;
        above = here;
        here = freed;
    }
    return above[length_b];
}

/* A word that was not typed to its end is near what it begins. */
static size_t nearness(const char *word, const char *known)
{
    char begin[WORD_MAX_COMPARED + 1];
    size_t whole = distance(word, known), length = strnlen(word, WORD_MAX_COMPARED), part;

    if (length == 0 || strlen(known) <= length)
        return whole;
    memcpy(begin, known, length);
    begin[length] = '\0';
    part = distance(word, begin) + 1;
    return min_size(whole, part);
}

const char *options_nearest(const char *word, const char *const *known)
{
    const char *best = NULL;
    /* As many errors as a word of this length may have, and one more. */
    size_t best_distance = 2 + strlen(word) / 4;

    for (; *known != NULL; known++) {
        size_t d = nearness(word, *known);

        if (d < best_distance) {
            best = *known;
            best_distance = d;
        }
    }
    return best;
}

/* How many long options the abbreviated name could stand for. */
static size_t count_prefixed(const struct flat *f, const char *name)
{
    size_t matches = 0;

    for (size_t i = 0; i <= f->count; i++)
        matches += strncmp(f->longs[i].name, name, strlen(name)) == 0;
    return matches;
}

static void unknown_long(const struct flat *f, const char *word, struct error *err)
{
    const char **names = calloc(f->count + 2, sizeof(*names)), *nearest;
    char *name = strndup(word + 2, strcspn(word + 2, "="));

    for (size_t i = 0; names != NULL && i <= f->count; i++)
        names[i] = f->longs[i].name;
    if (names == NULL || name == NULL)
        error_errno(err, ENOMEM, "cannot read the options");
    else if (count_prefixed(f, name) > 1)
        error_set(err, EXITCODE_USAGE, "ambiguous option \"--%s\"", name);
    else if ((nearest = options_nearest(name, names)) != NULL)
        error_set(err, EXITCODE_USAGE, "unknown option \"--%s\": did you mean --%s?", name,
                  nearest);
    else
        error_set(err, EXITCODE_USAGE, "unknown option \"--%s\"", name);
    free(names);
    free(name);
}

/* Reports the word, or a letter in it, at which getopt_long() stopped. */
static void refuse(const struct flat *f, const char *hint, const char *word, struct error *err)
{
    int length = strncmp(word, "--", 2) == 0 ? (int)strcspn(word, "=") : 2;

    if (hint != NULL)
        error_set(err, EXITCODE_USAGE, "unknown option \"%.*s\": %s", length, word, hint);
    else if (length > 2 && optopt != 0)
        error_set(err, EXITCODE_USAGE, "option \"%.*s\" takes no value", length, word);
    else if (length > 2)
        unknown_long(f, word, err);
    else
        error_set(err, EXITCODE_USAGE, "unknown option \"%s\"", word);
}

static int parse_duration(const char *word, int64_t *value_ms, struct error *err)
{
    if (num_parse_duration(word, value_ms) == 0)
        return 0;
    error_set(err, EXITCODE_USAGE,
              "invalid duration \"%s\": expected seconds, or a number with ms, s, m or h", word);
    return -1;
}

static int parse_choice(const struct option_spec *spec, const char *word, char *fields,
                        struct error *err)
{
    for (int i = 0; spec->choices[i] != NULL; i++) {
        size_t length = strcspn(spec->choices[i], "[");
        bool timed = spec->choices[i][length] == '[' && word[strcspn(word, ":")] == ':';

        if (word[0] == '\0' || strncmp(spec->choices[i], word, length) != 0 ||
            word[length] != (timed ? ':' : '\0'))
            continue;
        *(int *)(fields + spec->offset) = i;
        return timed
                   ? parse_duration(word + length + 1, (int64_t *)(fields + spec->time_offset), err)
                   : 0;
    }
    error_set(err, EXITCODE_USAGE, "invalid value \"%s\": expected %s", word, spec->value);
    return -1;
}

int options_add_word(struct option_words *w, const char *word, struct error *err)
{
    const char **grown = reallocarray(w->words, w->count + 1, sizeof(*grown));

    if (grown == NULL) {
        error_errno(err, ENOMEM, "cannot read the options");
        return -1;
    }
    w->words = grown;
    w->words[w->count++] = word;
    return 0;
}

static int parse_ranged(const struct option_spec *spec, const char *word, uint64_t *value,
                        struct error *err)
{
    uint64_t max = spec->max != 0 ? spec->max : INT64_MAX;
    bool is_size = spec->kind == OPTION_SIZE;

    if (is_size ? num_parse_size(word, value) == 0 && *value >= spec->min && *value <= max
                : num_parse(word, spec->min, max, value) == 0)
        return 0;
    error_set(err, EXITCODE_USAGE,
              is_size
                  ? "invalid size \"%s\": expected bytes, or a number with K, M or G, from %llu "
                    "to %llu"
                  : "invalid number \"%s\": expected %llu to %llu",
              word, (unsigned long long)spec->min, (unsigned long long)max);
    return -1;
}

static int parse_value(const struct option_spec *spec, const char *word, char *fields,
                       struct error *err)
{
    void *field = fields + spec->offset;

    switch (spec->kind) {
    case OPTION_ON:
    case OPTION_OFF:
        *(bool *)field = spec->kind == OPTION_ON;
        return 0;
    case OPTION_WORD:
        *(const char **)field = word;
        return 0;
    case OPTION_WORDS:
        return options_add_word(field, word, err);
    case OPTION_NUMBER:
    case OPTION_SIZE:
        return parse_ranged(spec, word, field, err);
    case OPTION_DURATION:
        return parse_duration(word, field, err);
    case OPTION_PORT:
        return endpoint_parse_port(word, (unsigned)spec->min, field, err);
    case OPTION_CHOICE:
        return parse_choice(spec, word, fields, err);
    case OPTION_END:
        break;
    }
    abort();
}

static size_t size_of(enum option_kind kind)
{
    switch (kind) {
    case OPTION_ON:
    case OPTION_OFF:
        return sizeof(bool);
    case OPTION_WORD:
        return sizeof(const char *);
    case OPTION_WORDS:
        return sizeof(struct option_words);
    case OPTION_NUMBER:
    case OPTION_SIZE:
        return sizeof(uint64_t);
    case OPTION_DURATION:
        return sizeof(int64_t);
    case OPTION_PORT:
        return sizeof(unsigned);
    case OPTION_CHOICE:
        return sizeof(int);
    case OPTION_END:
        break;
    }
    return 0;
}

static bool differs(const void *fields, const void *defaults, size_t offset, size_t size)
{
    return memcmp((const char *)fields + offset, (const char *)defaults + offset, size) != 0;
}

const char *options_find_changed(const struct option_spec *specs, const void *fields,
                                 const void *defaults)
{
    for (; specs->kind != OPTION_END; specs++)
        if (differs(fields, defaults, specs->offset, size_of(specs->kind)) ||
            ((specs->optional || specs->given_offset != 0) &&
             differs(fields, defaults, specs->given_offset, sizeof(bool))))
            return specs->name;
    return NULL;
}

static int apply(const struct flat *f, size_t i, const char *word, void *target, struct error *err)
{
    const struct option_spec *spec = f->entries[i].spec;
    char *fields = (char *)target + f->entries[i].base;

    if (spec->optional || spec->given_offset != 0)
        *(bool *)(fields + spec->given_offset) = true;
    if ((spec->optional && word == NULL) || parse_value(spec, word, fields, err) == 0)
        return 0;
    error_prefix(err, "--%s", f->longs[i].name);
    return -1;
}

/* Returns the option of a value of getopt_long(): of a long name, or of a letter. */
static size_t find_option(const struct flat *f, int value)
{
    size_t i = 0;

    if (value >= FIRST_VALUE)
        return (size_t)(value - FIRST_VALUE);
    while (f->entries[i].letter != value)
        i++;
    return i;
}

static enum options_result parse(const struct flat *f,
                                 const char *(*hint)(const char *command, const char *option),
                                 options_on_operand *on_operand, int argc, char **argv,
                                 void *target, const char **help_group, struct error *err)
{
    char letter[] = "-x";

    for (;;) {
        int chosen, looked_at = optind == 0 ? 1 : optind;
        const char *word;

        optopt = 0;
        chosen = getopt_long(argc, argv, f->letters, f->longs, NULL);
        switch (chosen) {
        case -1:
            return OPTIONS_OK;
        case OPERAND:
            switch (on_operand(target, optarg, err)) {
            case OPTIONS_OPERAND_TAKEN:
                continue;
            case OPTIONS_OPERAND_FIRST:
                optind--;
                return OPTIONS_OK;
            case OPTIONS_OPERAND_FAILED:
                return OPTIONS_FAILED;
            }
            break;
        case 'h':
            *help_group = optarg;
            return OPTIONS_HELP;
        case '?':
            /* Within a group of letters optind has not moved on yet. */
            word = argv[optind > looked_at || optopt == 0 ? optind - 1 : optind];
            letter[1] = (char)optopt;
            if (strncmp(word, "--", 2) != 0)
                word = letter;
            refuse(f, hint(argv[0], word), word, err);
            return OPTIONS_FAILED;
        case ':':
            error_set(err, EXITCODE_USAGE, "option \"--%s\" needs a value: %s",
                      f->longs[find_option(f, optopt)].name,
                      f->entries[find_option(f, optopt)].spec->value);
            return OPTIONS_FAILED;
        default:
            if (apply(f, find_option(f, chosen), optarg, target, err) < 0)
                return OPTIONS_FAILED;
        }
    }
}

enum options_result options_parse(const struct option_table *tables,
                                  const char *(*hint)(const char *command, const char *option),
                                  options_on_operand *on_operand, int argc, char **argv,
                                  void *target, int *first, const char **help_group,
                                  struct error *err)
{
    enum options_result result = OPTIONS_FAILED;
    struct flat f;

    opterr = 0;
    optind = 0; /* glibc: start anew, and look at POSIXLY_CORRECT again */
    if (flatten(&f, tables, on_operand != NULL) < 0)
        error_errno(err, ENOMEM, "cannot read the options");
    else
        result = parse(&f, hint, on_operand, argc, argv, target, help_group, err);
    clear_flat(&f);
    *first = optind;
    return result;
}

void options_clear_words(struct option_words *w)
{
    free(w->words);
    *w = (struct option_words){0};
}
