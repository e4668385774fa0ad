/* base/options: what words become, and what is said about those that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/option_help.h"
#include "base/options.h"

struct other {
    const char *word;
    bool on;
};

struct target {
    bool on, off, given, port_given;
    const char *word;
    struct option_words words;
    uint64_t number, size;
    int64_t duration_ms;
    unsigned port;
    int choice;
    struct other other;
};

static const char *const choices[] = {"none", "lf", "crlf", "", NULL};

static const struct option_spec specs[] = {
    {.kind = OPTION_ON,
     .name = "on",
     .letter = 'o',
     .help = "set",
     .offset = offsetof(struct target, on)},
    {.kind = OPTION_OFF, .name = "off", .help = "unset", .offset = offsetof(struct target, off)},
    {.kind = OPTION_WORD,
     .name = "word",
     .letter = 'w',
     .value = "WORD",
     .help = "a word",
     .offset = offsetof(struct target, word)},
    {.kind = OPTION_WORDS,
     .name = "words",
     .letter = 'W',
     .value = "WORD",
     .help = "some words",
     .offset = offsetof(struct target, words)},
    {.kind = OPTION_NUMBER,
     .name = "number",
     .letter = 'n',
     .value = "N",
     .help = "a number",
     .min = 1,
     .max = 10,
     .offset = offsetof(struct target, number)},
    {.kind = OPTION_SIZE,
     .name = "size",
     .value = "SIZE",
     .help = "a size",
     .min = 1024,
     .max = 4096,
     .offset = offsetof(struct target, size)},
    {.kind = OPTION_DURATION,
     .name = "duration",
     .letter = 'd',
     .optional = true,
     .value = "TIME",
     .help = "a time",
     .offset = offsetof(struct target, duration_ms),
     .given_offset = offsetof(struct target, given)},
    {.kind = OPTION_PORT,
     .name = "port",
     .letter = 'p',
     .value = "PORT",
     .help = "a port",
     .min = 1,
     .offset = offsetof(struct target, port),
     .given_offset = offsetof(struct target, port_given)},
    {.kind = OPTION_CHOICE,
     .name = "choice",
     .value = "none|lf|crlf",
     .help = "one of three",
     .choices = choices,
     .offset = offsetof(struct target, choice)},
    {.kind = OPTION_END},
};

static const struct option_spec more[] = {
    {.kind = OPTION_WORD, .name = "word", .letter = 'x', .value = "WORD", .help = "a word"},
    {.kind = OPTION_ON,
     .name = "a-name-that-is-too-long-for-a-column",
     .help = "too",
     .offset = offsetof(struct other, on)},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"first", "First", specs, 0, NULL},
    {"second", "Second", more, offsetof(struct target, other), "to-"},
    {NULL, NULL, NULL, 0, NULL},
};

static const char *hint(const char *command, const char *option)
{
    assert_string_equal(command, "command");
    if (strcmp(option, "-z") == 0)
        return "use --size";
    return strncmp(option, "--zero", 6) == 0 ? "use --size 0" : NULL;
}

/* The words of a command, and what they become. */
struct scene {
    char *argv[16];
    int argc, first;
    struct target target;
    const char *group;
    struct error err;
    enum options_result result;
};

static void parse_with(struct scene *s, const char *words, options_on_operand *on_operand)
{
    static char copy[256];
    char *rest = copy, *word;

    *s = (struct scene){.target = {.off = true}, .argv = {(char *)"command"}, .argc = 1};
    assert_true(strlen(words) < sizeof(copy));
    strcpy(copy, words);
    while ((word = strsep(&rest, " ")) != NULL)
        s->argv[s->argc++] = word;
    s->result = options_parse(tables, hint, on_operand, s->argc, s->argv, &s->target, &s->first,
                              &s->group, &s->err);
}

static void parse(struct scene *s, const char *words)
{
    parse_with(s, words, NULL);
}

static void end(struct scene *s)
{
    options_clear_words(&s->target.words);
    assert_null(s->target.words.words);
    error_clear(&s->err);
}

static void assert_ok(struct scene *s, const char *words)
{
    parse(s, words);
    assert_null(s->err.text);
    assert_int_equal(s->result, OPTIONS_OK);
}

static void assert_refused(const char *words, const char *why)
{
    struct scene s;

    parse(&s, words);
    assert_int_equal(s.result, OPTIONS_FAILED);
    assert_string_equal(s.err.text, why);
    assert_int_equal(s.err.status, EXITCODE_USAGE);
    end(&s);
}

static void values_have_their_kinds(void **state)
{
    struct scene s;

    (void)state;
    assert_ok(&s, "--on --off --word a --number 7 --size 2K --duration=1.5 --port http "
                  "--choice crlf");
    assert_true(s.target.on);
    assert_false(s.target.off);
    assert_string_equal(s.target.word, "a");
    assert_int_equal(s.target.number, 7);
    assert_int_equal(s.target.size, 2048);
    assert_true(s.target.given);
    assert_int_equal(s.target.duration_ms, 1500);
    assert_int_equal(s.target.port, 80);
    assert_int_equal(s.target.choice, 2);
    assert_int_equal(s.first, s.argc);
    end(&s);
}

static void letters_and_abbreviations_are_the_same(void **state)
{
    struct scene s;

    (void)state;
    assert_ok(&s, "-on7 -wword --po=5 -d2");
    assert_true(s.target.on);
    assert_int_equal(s.target.number, 7);
    assert_string_equal(s.target.word, "word");
    assert_int_equal(s.target.port, 5);
    assert_int_equal(s.target.duration_ms, 2000);
    end(&s);
}

static void the_last_one_counts_but_of_lists_all(void **state)
{
    struct scene s;

    (void)state;
    assert_ok(&s, "-n 1 -n 2 -W a --words b -Wc --words=");
    assert_int_equal(s.target.number, 2);
    assert_int_equal(s.target.words.count, 4);
    assert_string_equal(s.target.words.words[0], "a");
    assert_string_equal(s.target.words.words[1], "b");
    assert_string_equal(s.target.words.words[2], "c");
    assert_string_equal(s.target.words.words[3], "");
    end(&s);
}

static void that_an_option_was_given_is_known(void **state)
{
    struct scene s;

    (void)state;
    assert_ok(&s, "--port 80");
    assert_true(s.target.port_given);
    end(&s);
    assert_ok(&s, "--number 5");
    assert_false(s.target.port_given);
    end(&s);
}

static void a_value_may_be_left_out(void **state)
{
    struct scene s;

    (void)state;
    assert_ok(&s, "--duration 5");
    assert_true(s.target.given);
    assert_int_equal(s.target.duration_ms, 0);
    assert_int_equal(s.first, 2);
    assert_string_equal(s.argv[2], "5");
    end(&s);
    assert_ok(&s, "x");
    assert_false(s.target.given);
    end(&s);
}

static void operands_stand_last(void **state)
{
    struct scene s;

    (void)state;
    assert_ok(&s, "a -o b -n 3 -- -c --on");
    assert_true(s.target.on);
    assert_int_equal(s.argc - s.first, 4);
    assert_string_equal(s.argv[s.first], "a");
    assert_string_equal(s.argv[s.first + 1], "b");
    assert_string_equal(s.argv[s.first + 2], "-c");
    assert_string_equal(s.argv[s.first + 3], "--on");
    end(&s);
    assert_ok(&s, "-");
    assert_int_equal(s.argc - s.first, 1);
    end(&s);
}

/* A prefix goes before every name, and takes the letters away. */
static void tables_may_have_a_prefix(void **state)
{
    struct scene s;

    (void)state;
    assert_ok(&s, "--to-word b -w a");
    assert_string_equal(s.target.word, "a");
    assert_string_equal(s.target.other.word, "b");
    end(&s);
    assert_refused("-x a", "unknown option \"-x\"");
}

/* Takes numbers, refuses "bad". */
static enum options_operand on_operand(void *target, const char *word, struct error *err)
{
    struct target *t = target;

    if (strcmp(word, "bad") == 0) {
        error_set(err, EXITCODE_USAGE, "bad word");
        return OPTIONS_OPERAND_FAILED;
    }
    if (word[0] < '0' || word[0] > '9')
        return OPTIONS_OPERAND_FIRST;
    t->number = (uint64_t)(word[0] - '0');
    return OPTIONS_OPERAND_TAKEN;
}

static void an_operand_may_end_the_options(void **state)
{
    static const struct {
        const char *words, *first;
        uint64_t number;
        bool on;
    } lines[] = {
        {"--on 7 cat --off -z 8", "cat", 7, true},
        {"7 --on", NULL, 7, true},
        {"cat --on", "cat", 0, false},
        {"--on -- 7 --off", "7", 0, true},
        {"7 -- --on", "--on", 7, false},
        {"-w 8 - -o", "-", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct scene s;

        parse_with(&s, lines[i].words, on_operand);
        assert_null(s.err.text);
        assert_int_equal(s.result, OPTIONS_OK);
        assert_int_equal(s.target.number, lines[i].number);
        assert_int_equal(s.target.on, lines[i].on);
        if (lines[i].first == NULL)
            assert_int_equal(s.first, s.argc);
        else
            assert_string_equal(s.argv[s.first], lines[i].first);
        end(&s);
    }
}

static void an_operand_may_be_refused(void **state)
{
    struct scene s;

    (void)state;
    parse_with(&s, "--on bad", on_operand);
    assert_int_equal(s.result, OPTIONS_FAILED);
    assert_string_equal(s.err.text, "bad word");
    end(&s);
}

static void help_ends_the_parsing(void **state)
{
    struct scene s;

    (void)state;
    parse(&s, "-o --help --nosuch");
    assert_int_equal(s.result, OPTIONS_HELP);
    assert_null(s.err.text);
    end(&s);
    parse(&s, "-oh");
    assert_int_equal(s.result, OPTIONS_HELP);
    end(&s);
    assert_refused("--nosuch --help", "unknown option \"--nosuch\"");
}

static void values_of_the_wrong_form_are_quoted(void **state)
{
    (void)state;
    assert_refused("--number 11", "--number: invalid number \"11\": expected 1 to 10");
    assert_refused("-n 0", "--number: invalid number \"0\": expected 1 to 10");
    assert_refused("-nx", "--number: invalid number \"x\": expected 1 to 10");
    assert_refused("--size 5K", "--size: invalid size \"5K\": expected bytes, or a number with K, "
                                "M or G, from 1024 to 4096");
    assert_refused("--size 1023", "--size: invalid size \"1023\": expected bytes, or a number "
                                  "with K, M or G, from 1024 to 4096");
    assert_refused("--duration=1d", "--duration: invalid duration \"1d\": expected seconds, or a "
                                    "number with ms, s, m or h");
    assert_refused("-p 0", "--port: invalid port \"0\": expected 1 to 65535 or a service name");
    assert_refused("--choice cr", "--choice: invalid value \"cr\": expected none|lf|crlf");
    assert_refused("--choice=", "--choice: invalid value \"\": expected none|lf|crlf");
}

static void values_that_are_missing_or_too_many_are_named(void **state)
{
    (void)state;
    assert_refused("--word", "option \"--word\" needs a value: WORD");
    assert_refused("-n", "option \"--number\" needs a value: N");
    assert_refused("-on", "option \"--number\" needs a value: N");
    assert_refused("--to-word", "option \"--to-word\" needs a value: WORD");
    assert_refused("--on=yes", "option \"--on\" takes no value");
}

static void help_may_have_a_group(void **state)
{
    struct scene s;

    (void)state;
    parse(&s, "--help=second");
    assert_int_equal(s.result, OPTIONS_HELP);
    assert_string_equal(s.group, "second");
    end(&s);
    parse(&s, "--help");
    assert_int_equal(s.result, OPTIONS_HELP);
    assert_null(s.group);
    end(&s);
}

static void unknown_options_name_a_close_one(void **state)
{
    (void)state;
    assert_refused("--prot 80", "unknown option \"--prot\": did you mean --port?");
    assert_refused("--wrod=a", "unknown option \"--wrod\": did you mean --word?");
    assert_refused("--halp", "unknown option \"--halp\": did you mean --help?");
    assert_refused("-c", "unknown option \"-c\"");
    assert_refused("-oc", "unknown option \"-c\"");
    assert_refused("--o", "ambiguous option \"--o\"");
    assert_refused("--wor=a", "ambiguous option \"--wor\"");
}

static void options_of_other_programs_have_hints(void **state)
{
    (void)state;
    assert_refused("-z", "unknown option \"-z\": use --size");
    assert_refused("-oz", "unknown option \"-z\": use --size");
    assert_refused("--zero=5", "unknown option \"--zero\": use --size 0");
}

static void the_nearest_word_is_found(void **state)
{
    static const char *const known[] = {"serve", "send", "chat", "upper", NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"serve", "serve"}, {"srve", "serve"}, {"sevre", "serve"}, {"sned", "send"},
        {"chta", "chat"},   {"uper", "upper"}, {"up", "upper"},    {"cha", "chat"},
        {"serv", "serve"},  {"Chat", "chat"},
    };
    char word[5000];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(options_nearest(cases[i].word, known), cases[i].nearest);
    assert_null(options_nearest("serve", none));
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_non_null(options_nearest(word, known));
    assert_null(options_nearest("", known));
}

static void assert_prints(void (*print)(FILE *to), const char *wanted)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    print(to);
    fclose(to);
    assert_string_equal(text, wanted);
    free(text);
}

static void print_help(FILE *to)
{
    static const struct target defaults;

    assert_int_equal(option_help_print_group(tables, OPTION_HELP_ALL, &defaults, to), 2);
}

static void print_list(FILE *to)
{
    static const struct target defaults;

    option_help_print_list(tables, "serve", &defaults, to);
}

static void help_is_printed_in_columns(void **state)
{
    (void)state;
    assert_prints(print_help, "First:\n"
                              "  -o, --on                    set\n"
                              "      --off                   unset\n"
                              "  -w, --word WORD             a word\n"
                              "  -W, --words WORD            some words\n"
                              "  -n, --number N              a number\n"
                              "      --size SIZE             a size\n"
                              "  -d, --duration[=TIME]       a time\n"
                              "  -p, --port PORT             a port\n"
                              "      --choice none|lf|crlf   one of three\n"
                              "\nSecond:\n"
                              "      --to-word WORD          a word\n"
                              "      --to-a-name-that-is-too-long-for-a-column\n"
                              "                              too\n");
}

static void the_list_has_a_line_per_option(void **state)
{
    (void)state;
    assert_prints(print_list,
                  "serve\t--on\t-o\t\tset\tfirst\n"
                  "serve\t--off\t\t\tunset\tfirst\n"
                  "serve\t--word\t-w\tWORD\ta word\tfirst\n"
                  "serve\t--words\t-W\tWORD\tsome words\tfirst\n"
                  "serve\t--number\t-n\tN\ta number\tfirst\n"
                  "serve\t--size\t\tSIZE\ta size\tfirst\n"
                  "serve\t--duration\t-d\t[TIME]\ta time\tfirst\n"
                  "serve\t--port\t-p\tPORT\ta port\tfirst\n"
                  "serve\t--choice\t\tnone|lf|crlf\tone of three\tfirst\n"
                  "serve\t--to-word\t\tWORD\ta word\tsecond\n"
                  "serve\t--to-a-name-that-is-too-long-for-a-column\t\t\ttoo\tsecond\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_their_kinds),
        cmocka_unit_test(letters_and_abbreviations_are_the_same),
        cmocka_unit_test(the_last_one_counts_but_of_lists_all),
        cmocka_unit_test(that_an_option_was_given_is_known),
        cmocka_unit_test(a_value_may_be_left_out),
        cmocka_unit_test(operands_stand_last),
        cmocka_unit_test(tables_may_have_a_prefix),
        cmocka_unit_test(an_operand_may_end_the_options),
        cmocka_unit_test(an_operand_may_be_refused),
        cmocka_unit_test(help_ends_the_parsing),
        cmocka_unit_test(values_of_the_wrong_form_are_quoted),
        cmocka_unit_test(values_that_are_missing_or_too_many_are_named),
        cmocka_unit_test(help_may_have_a_group),
        cmocka_unit_test(unknown_options_name_a_close_one),
        cmocka_unit_test(options_of_other_programs_have_hints),
        cmocka_unit_test(the_nearest_word_is_found),
        cmocka_unit_test(help_is_printed_in_columns),
        cmocka_unit_test(the_list_has_a_line_per_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
