/* Owns the layout of help. Parses nothing. */
#include "base/option_help.h"

#include <string.h>

#include "base/num.h"

enum {
    HELP_COLUMN = 28,
    TEXT_SIZE = 256,
};

/* "-p, --port PORT", "    --keepalive[=IDLE]" */
static void format_names(const struct option_table *t, const struct option_spec *s, char *text,
                         size_t size)
{
    char letter[] = "-x, ";
    bool has_value = options_takes_value(s);

    letter[1] = s->letter;
    snprintf(text, size, "%s--%s%s%s%s%s", s->letter != 0 && t->prefix == NULL ? letter : "    ",
             t->prefix != NULL ? t->prefix : "", s->name,
             !has_value    ? ""
             : s->optional ? "[="
                           : " ",
             has_value ? s->value : "", s->optional ? "]" : "");
}

/* "8M", as it would be typed. */
static void format_size(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"", "K", "M", "G"};
    size_t unit = 0;

    for (; unit < 3 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    snprintf(text, size, "%llu%s", (unsigned long long)bytes, units[unit]);
}

/* Writes the default of an option that is a number, or nothing for 0: that is no default. */
static void format_default(const struct option_spec *s, const void *field, char *text, size_t size)
{
    text[0] = '\0';
    switch (s->kind) {
    case OPTION_NUMBER:
        if (*(const uint64_t *)field != 0)
            snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)field);
        break;
    case OPTION_SIZE:
        if (*(const uint64_t *)field != 0)
            format_size(*(const uint64_t *)field, text, size);
        break;
    case OPTION_DURATION:
        if (*(const int64_t *)field != 0)
            num_format_duration(*(const int64_t *)field, text, size);
        break;
    case OPTION_PORT:
        if (*(const unsigned *)field != 0)
            snprintf(text, size, "%u", *(const unsigned *)field);
        break;
    default:
        break;
    }
}

/* The help of an option, with its default last. */
static void format_help(const struct option_table *t, const struct option_spec *s,
                        const void *defaults, char *text, size_t size)
{
    char value[32];

    format_default(s, (const char *)defaults + t->base + s->offset, value, sizeof(value));
    snprintf(text, size, value[0] != '\0' ? "%s (%s)" : "%s", s->help, value);
}

static void print_option(const struct option_table *t, const struct option_spec *s,
                         const void *defaults, FILE *to)
{
    char names[TEXT_SIZE], help[TEXT_SIZE];

    format_names(t, s, names, sizeof(names));
    format_help(t, s, defaults, help, sizeof(help));
    if (strlen(names) > HELP_COLUMN - 2)
        fprintf(to, "  %s\n  %*s%s\n", names, HELP_COLUMN, "", help);
    else
        fprintf(to, "  %-*s%s\n", HELP_COLUMN, names, help);
}

void option_help_print_essential(const struct option_table *tables, const void *defaults, FILE *to)
{
    for (; tables->specs != NULL; tables++)
        for (const struct option_spec *s = tables->specs; s->kind != OPTION_END; s++)
            if (s->essential)
                print_option(tables, s, defaults, to);
}

size_t option_help_print_group(const struct option_table *tables, const char *group,
                               const void *defaults, FILE *to)
{
    size_t printed = 0;

    for (; tables->specs != NULL; tables++) {
        if (strcmp(group, OPTION_HELP_ALL) != 0 && strcmp(group, tables->group) != 0)
            continue;
        if (*tables->title != '\0')
            fprintf(to, "%s%s:\n", printed > 0 ? "\n" : "", tables->title);
        for (const struct option_spec *s = tables->specs; s->kind != OPTION_END; s++)
            print_option(tables, s, defaults, to);
        printed++;
    }
    return printed;
}

static bool is_first_of_group(const struct option_table *tables, const struct option_table *t)
{
    for (; tables < t; tables++)
        if (strcmp(tables->group, t->group) == 0)
            return false;
    return true;
}

void option_help_print_groups(const struct option_table *tables, const char *separator, FILE *to)
{
    for (const struct option_table *t = tables; t->specs != NULL; t++)
        if (is_first_of_group(tables, t))
            fprintf(to, "%s%s", t == tables ? "" : separator, t->group);
}

void option_help_print_list(const struct option_table *tables, const char *first,
                            const void *defaults, FILE *to)
{
    char help[TEXT_SIZE];

    for (; tables->specs != NULL; tables++) {
        const char *prefix = tables->prefix != NULL ? tables->prefix : "";

        for (const struct option_spec *s = tables->specs; s->kind != OPTION_END; s++) {
            char letter[] = {'-', s->letter, '\0'};

            format_help(tables, s, defaults, help, sizeof(help));
            fprintf(to, "%s\t--%s%s\t%s\t%s%s%s\t%s\t%s\n", first, prefix, s->name,
                    s->letter != 0 && tables->prefix == NULL ? letter : "", s->optional ? "[" : "",
                    options_takes_value(s) ? s->value : "", s->optional ? "]" : "", help,
                    tables->group);
        }
    }
}
