/*
 * Options as data: one table drives parsing, --help, and the list from which the
 * completions and the manual are checked.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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
    bool essential;             /* most users need it */
    const char *value;          /* stands for the value in texts: "PORT", "FILE" */
    const char *help;           /* one line */
    const char *const *choices; /* OPTION_CHOICE: ends with NULL; "" is what was not given */
    uint64_t min, max;
    size_t offset;       /* of the field, in the struct of the table */
    size_t given_offset; /* of a bool that says it was given, where optional */
};

/* A titled table; an empty title continues the table before. */
struct option_table {
    const char *title;
    const struct option_spec *specs;
    size_t base;        /* of the table's struct in the command's own */
    const char *prefix; /* NULL, or stands before every name ("to-"); letters do not count then */
};

/* An option of another program, and what to use here instead. */
struct option_hint {
    const char *word; /* "-w" */
    const char *text; /* "--connect-timeout and --idle-timeout limit the time" */
};

enum options_result {
    OPTIONS_OK,
    OPTIONS_HELP,   /* --help was among them; nothing else was looked at after it */
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
 * on_operand, argv stays as it is, and each operand before -- is shown to on_operand.
 * hints (the last has word NULL) and on_operand may be NULL.
 */
enum options_result options_parse(const struct option_table *tables,
                                  const struct option_hint *hints, options_on_operand *on_operand,
                                  int argc, char **argv, void *target, int *first,
                                  struct error *err);

/* Prints the tables as the body of a --help text. */
void options_print_help(const struct option_table *tables, FILE *to);

/* Prints one line per option, for programs: the given first field, --name, -letter or
 * nothing, what stands for its value (in brackets when it may be left out) or
 * nothing, the help; with tabs between. --help is not in any table. */
void options_print_list(const struct option_table *tables, const char *first, FILE *to);

/* The word of the NULL-ended list that is nearest to the given one by edit
 * distance (Damerau-Levenshtein), or NULL for an empty list. */
const char *options_nearest(const char *word, const char *const *known);

/* Appends a word, which is not copied. Returns 0, or -1 with err filled. */
int options_add_word(struct option_words *w, const char *word, struct error *err);

/* Frees the list of words. */
void options_clear_words(struct option_words *w);

#endif
