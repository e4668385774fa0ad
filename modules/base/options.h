/*
 * Options as data: one table drives parsing, --help (option_help.h), and the list from which
 * the completions and the manual are checked.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum option_kind {
    OPTION_END = 0,  /* closes a table */
    OPTION_ON,       /* sets a bool to true */
    OPTION_OFF,      /* sets a bool to false */
    OPTION_WORD,     /* const char *, not copied */
    OPTION_WORDS,    /* struct option_words: repeatable */
    OPTION_NUMBER,   /* uint64_t from min to max */
    OPTION_SIZE,     /* uint64_t, bytes, from min to max */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_PORT,     /* unsigned; min is 0 or 1 */
    OPTION_CHOICE,   /* int: the index of the word in choices */
};

/* The words of an option that may be given more than once, in order. */
struct option_words {
    const char **words; /* owned; the words themselves are not */
    size_t count;
};

struct option_spec {
    enum option_kind kind;
    const char *name;           /* without the dashes */
    char letter;                /* or 0 */
    bool optional;              /* the value may be left out; it is parsed only when given */
    bool essential;             /* most users need it: help without a group shows it */
    const char *value;          /* stands for the value in texts: "PORT", "FILE" */
    const char *help;           /* one line, without a default that is a number */
    const char *const *choices; /* OPTION_CHOICE: ends with NULL; "" is what was not given; the
                                 * word of one that ends in "[:TIME]" may be followed by both */
    uint64_t min, max;
    size_t offset;       /* of the field, in the struct of the table */
    size_t given_offset; /* of a bool that says it was given; 0: none, unless optional */
    size_t time_offset;  /* of an int64_t, milliseconds, for a "[:TIME]" of choices */
};

/* One of the tables of a command. A new group is one that some table names. */
struct option_table {
    const char *group; /* as in --help=GROUP: one word of lower-case letters, but not "all" */
    const char *title; /* above it in help; empty: it continues the table before */
    const struct option_spec *specs;
    size_t base;        /* of the table's struct in the command's own */
    const char *prefix; /* NULL, or stands before every name ("to-"); letters do not count then */
};

enum options_result {
    OPTIONS_OK,
    OPTIONS_HELP,   /* --help[=GROUP] was among them; nothing after it was looked at */
    OPTIONS_FAILED, /* err holds a usage error */
};

/* What a command makes of an operand that stands among its options. */
enum options_operand {
    OPTIONS_OPERAND_TAKEN,  /* as an option would be */
    OPTIONS_OPERAND_FIRST,  /* it ends the options: the rest of the line belongs to it */
    OPTIONS_OPERAND_FAILED, /* err holds a usage error */
};
typedef enum options_operand options_on_operand(void *target, const char *word, struct error *err);

/*
 * Parses argv[1 ..) by the tables (the last has specs NULL) into target, as
 * getopt_long(3) does: options may follow operands, -- ends them. argv is
 * permuted so that the operands stand last; *first is the first one's index. With
 * on_operand, which may be NULL, argv stays as it is, and each operand before -- is shown to
 * on_operand.
 * *help_group is the GROUP that help is wanted for, or NULL; set with OPTIONS_HELP only.
 * hint is given argv[0] and an unknown option ("-w", "--wait=3"); it returns NULL, or what
 * to use here instead.
 */
enum options_result options_parse(const struct option_table *tables,
                                  const char *(*hint)(const char *command, const char *option),
                                  options_on_operand *on_operand, int argc, char **argv,
                                  void *target, int *first, const char **help_group,
                                  struct error *err);

/* Returns the name of the first of the specs whose field differs from that of the defaults, or
 * NULL: for options that mean nothing beside others. */
const char *options_find_changed(const struct option_spec *specs, const void *fields,
                                 const void *defaults);

/* Returns true when the option has a value, which may be optional. */
bool options_takes_value(const struct option_spec *spec);

/* The word of the NULL-ended list that is nearest to the given one by edit distance
 * (Damerau-Levenshtein), or NULL when none is as near as a typing error. */
const char *options_nearest(const char *word, const char *const *known);

/* Adds a word, which has to stay. Returns 0, or -1 with err filled. */
int options_add_word(struct option_words *w, const char *word, struct error *err);

/* Frees the list of words. */
void options_clear_words(struct option_words *w);

#endif
