/*
 * What option tables say about themselves: help for people, and a list for programs.
 * defaults is the struct that the tables describe, before any option was parsed: defaults
 * that are numbers are printed from it.
 */
#ifndef BASE_OPTION_HELP_H
#define BASE_OPTION_HELP_H

#include <stdio.h>

#include "base/options.h"

/* The group that stands for all of them. */
#define OPTION_HELP_ALL "all"

/* Prints the essential options, without titles. */
void option_help_print_essential(const struct option_table *tables, const void *defaults, FILE *to);

/* Prints the tables of a group, or of all groups, each below its title. Returns how many
 * tables that are: 0 when there is no such group. */
size_t option_help_print_group(const struct option_table *tables, const char *group,
                               const void *defaults, FILE *to);

/* Prints the names of the groups, in the order of the tables, with separator between. */
void option_help_print_groups(const struct option_table *tables, const char *separator, FILE *to);

/* Prints one line per option, for programs: the given first field, --name, -letter or
 * nothing, what stands for its value (in brackets when it may be left out) or nothing, the
 * help, the group; with tabs between. --help is not in any table. */
void option_help_print_list(const struct option_table *tables, const char *first,
                            const void *defaults, FILE *to);

#endif
