/* Owns the table of commands, and the assignment of names. */
#include "chat/room_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chat/announce.h"
#include "chat/lines.h"
#include "chat/names.h"

#define BLANKS " \t"

/* Names are listed in lines of about this many bytes. */
#define LIST_BYTES 1000

struct command {
    const char *word;
    const char *argument;
    const char *help;
    enum { ALL, GUESTS, CONSOLE } who;
    void (*run)(struct member *m, const char *argument);
};

/* Returns the next member after l that takes part and has a name, or NULL. */
static struct member *next_present(const struct room *r, const struct list *l)
{
    for (l = l->next; l != &r->pace.readers; l = l->next) {
        struct member *m = container_of(l, struct member, reader.link);

        if (!m->quit && m->name != NULL)
            return m;
    }
    return NULL;
}

/* Returns the member that takes part under the name with this key, or NULL. */
static struct member *find_member(const struct room *r, const char *key)
{
    struct member *m = next_present(r, &r->pace.readers);

    while (m != NULL && strcmp(key, m->key) != 0)
        m = next_present(r, &m->reader.link);
    return m;
}

/* Returns true when another member has that name. */
static bool is_taken(const struct member *by, const char *key)
{
    const struct member *m = find_member(by->room, key);

    return m != NULL && m != by;
}

/* Returns true for a name that the room gave or will give to another member. */
static bool is_reserved(const struct member *m, const char *key)
{
    char own[sizeof("guest") + 10];

    snprintf(own, sizeof(own), "guest%u", (unsigned)m->reader.author);
    return names_is_guest(key) && strcmp(key, own) != 0;
}

/* Announces the new name and gives it; both strings are taken over then. */
static int rename_member(struct member *m, char *name, char *key)
{
    struct error err = {0};

    if (announce_about(m->room, m, &err, "%s is now %s", m->name, name) < 0) {
        announce_one(m->room, m, "you are still %s: %s", m->name, err.text);
        error_clear(&err);
        return -1;
    }
    free(m->name);
    free(m->key);
    m->name = name;
    m->key = key;
    announce_one(m->room, m, "you are now %s", name);
    return 0;
}

static void run_nick(struct member *m, const char *argument)
{
    char *name = NULL, *key = NULL;

    if (!names_is_valid(argument, strlen(argument))) {
        announce_one(
            m->room, m,
            "invalid name: expected 1 to %d letters, digits, \"_\" and \"-\", as in /nick alice",
            NAMES_MAX);
        return;
    }
    if (strcmp(argument, m->name) == 0) {
        announce_one(m->room, m, "you are already %s", argument);
        return;
    }
    name = strdup(argument);
    key = names_key(argument);
    if (name == NULL || key == NULL)
        announce_one(m->room, m, "you are still %s: out of memory", m->name);
    else if (names_mixes_scripts(key))
        announce_one(m->room, m, "invalid name: Latin, Greek and Cyrillic letters cannot be mixed");
    else if (is_reserved(m, key))
        announce_one(m->room, m, "invalid name: \"guest\" and a number is reserved for guests");
    else if (is_taken(m, key))
        announce_one(m->room, m, "the name %s is in use", name);
    else if (rename_member(m, name, key) == 0)
        return;
    free(name);
    free(key);
}

/* Sends the names collected so far, if any. */
static void tell_names(struct member *m, struct buf *names)
{
    if (buf_length(names) > 0)
        announce_one(m->room, m, "here: %.*s", (int)buf_length(names), buf_head(names));
    buf_reset(names);
}

static void run_who(struct member *m, const char *argument)
{
    const struct room *r = m->room;
    struct buf names = {0};
    struct member *other;

    (void)argument;
    for (other = next_present(r, &r->pace.readers); other != NULL;
         other = next_present(r, &other->reader.link)) {
        if (buf_length(&names) > LIST_BYTES)
            tell_names(m, &names);
        if (buf_length(&names) > 0 && buf_add(&names, ", ", 2) < 0)
            break;
        buf_add(&names, other->name, strlen(other->name));
    }
    tell_names(m, &names);
    buf_free(&names);
}

static void run_me(struct member *m, const char *argument)
{
    struct error err = {0};

    if (argument[0] == '\0')
        announce_one(m->room, m, "missing ACTION, as in /me waves");
    else if (announce_line(m->room, m, &err, "* %s %s", m->name, argument) < 0)
        lines_not_said(m->room, m, &err);
}

/* Returns the other member of that name, or NULL after notifying m of the cause. */
static struct member *find_other(struct member *m, const char *name)
{
    char *key = names_is_valid(name, strlen(name)) ? names_key(name) : NULL;
    struct member *other = key != NULL ? find_member(m->room, key) : NULL;

    free(key);
    if (other == NULL)
        announce_one(m->room, m, "unknown member %s: try /who", name);
    else if (other == m)
        announce_one(m->room, m, "%s is you", other->name);
    return other != m ? other : NULL;
}

static void run_msg(struct member *m, const char *argument)
{
    size_t length = strcspn(argument, BLANKS);
    const char *text = argument + length + strspn(argument + length, BLANKS);
    char *name = strndup(argument, length);
    struct error err = {0};
    struct member *to;

    if (name == NULL) {
        announce_one(m->room, m, "your message was not sent: out of memory");
    } else if (*text == '\0') {
        announce_one(m->room, m, "missing NAME or TEXT, as in /msg alice hello");
    } else if ((to = find_other(m, name)) != NULL) {
        if (buf_length(&to->answers) >= ROOM_PRIVATE_BYTES)
            announce_one(m->room, m, "your message was not sent: %s reads too slowly", to->name);
        else if (announce_private(m->room, to, &err, "%s to you: %s", m->name, text) < 0)
            announce_one(m->room, m, "your message was not sent: %s", err.text);
        else
            announce_one(m->room, m, "to %s: %s", to->name, text);
    }
    error_clear(&err);
    free(name);
}

static void run_kick(struct member *m, const char *argument)
{
    struct member *other;

    if (argument[0] == '\0') {
        announce_one(m->room, m, "missing NAME, as in /kick guest1");
        return;
    }
    other = find_other(m, argument);
    if (other == NULL)
        return;
    announce_one(m->room, other, "the host has removed you from the room");
    announce_about(m->room, other, NULL, "%s was removed", other->name);
    member_quit(other, true);
}

static void run_quit(struct member *m, const char *argument)
{
    (void)argument;
    announce_one(m->room, m, "goodbye");
    member_quit(m, false);
}

static void run_close(struct member *m, const char *argument)
{
    (void)argument;
    m->room->on_quit(m->room->arg);
}

static void run_help(struct member *m, const char *argument);

static const struct command commands[] = {
    {"/nick", "NAME", "change your name", ALL, run_nick},
    {"/who", "", "list the members", ALL, run_who},
    {"/me", "ACTION", "say what you are doing", ALL, run_me},
    {"/msg", "NAME TEXT", "send TEXT to one member only", ALL, run_msg},
    {"/kick", "NAME", "remove a member", CONSOLE, run_kick},
    {"/quit", "", "leave the room", GUESTS, run_quit},
    {"/quit", "", "close the room", CONSOLE, run_close},
    {"/help", "", "list these commands", ALL, run_help},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static bool may_run(const struct member *m, const struct command *c)
{
    return c->who == ALL || (c->who == CONSOLE) == (m->reader.author == AUTHOR_CONSOLE);
}

static void run_help(struct member *m, const char *argument)
{
    (void)argument;
    announce_one(m->room, m, "a line goes to all members, except for these commands:");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (may_run(m, &commands[i]))
            announce_one(m->room, m, "%-5s %-9s  %s", commands[i].word, commands[i].argument,
                         commands[i].help);
}

/* Removes trailing blanks. */
static void trim(char *line)
{
    size_t n = strlen(line);

    while (n > 0 && strchr(BLANKS, line[n - 1]) != NULL)
        line[--n] = '\0';
}

void room_commands_run(struct room *r, struct member *m, char *line)
{
    char *argument = line + strcspn(line, BLANKS);

    trim(line);
    if (*argument != '\0')
        *argument++ = '\0';
    argument += strspn(argument, BLANKS);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (may_run(m, &commands[i]) && strcasecmp(line, commands[i].word) == 0) {
            commands[i].run(m, argument);
            return;
        }
    announce_one(r, m, "unknown command %s: try /help", line);
}
