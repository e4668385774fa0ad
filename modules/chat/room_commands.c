/* Owns the table of commands, and who may have which name. */
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

/* Who gives the order. */
struct giver {
    struct room *room;
    struct room_member *member; /* NULL: the console */
    int64_t now_ms;
};

struct order {
    const char *word;
    const char *argument;
    const char *help;
    void (*obey)(const struct giver *g, const char *argument);
};

static const char *name_of(const struct giver *g)
{
    return g->member != NULL ? g->member->name : g->room->console;
}

/* The next member after l that takes part, or NULL. */
static struct room_member *next_present(const struct room *r, const struct list *l)
{
    for (l = l->next; l != &r->members; l = l->next) {
        struct room_member *m = container_of(l, struct room_member, link);

        if (!m->quit)
            return m;
    }
    return NULL;
}

/* True when somebody else has that name. */
static bool is_taken(const struct giver *g, const char *key)
{
    const struct room *r = g->room;
    struct room_member *m;

    if (g->member != NULL && r->console != NULL && strcmp(key, r->console_key) == 0)
        return true;
    for (m = next_present(r, &r->members); m != NULL; m = next_present(r, &m->link))
        if (m != g->member && strcmp(key, m->key) == 0)
            return true;
    return false;
}

/* True for a name that the room gave or will give to somebody else. */
static bool is_reserved(const struct giver *g, const char *key)
{
    char own[sizeof("guest") + 10] = "";

    if (g->member != NULL)
        snprintf(own, sizeof(own), "guest%u", (unsigned)g->member->number);
    return names_is_guest(key) && strcmp(key, own) != 0;
}

/* Announces the new name and gives it; both strings are taken over then. */
static int rename_giver(const struct giver *g, char *name, char *key)
{
    char **old_name = g->member != NULL ? &g->member->name : &g->room->console;
    char **old_key = g->member != NULL ? &g->member->key : &g->room->console_key;
    struct error err = {0};

    if (announce_about(g->room, g->member, g->now_ms, &err, "%s is now %s", *old_name, name) < 0) {
        announce_one(g->room, g->member, "you are still %s: %s", *old_name, err.text);
        error_clear(&err);
        return -1;
    }
    free(*old_name);
    free(*old_key);
    *old_name = name;
    *old_key = key;
    announce_one(g->room, g->member, "you are now %s", name);
    return 0;
}

static void obey_nick(const struct giver *g, const char *argument)
{
    char *name = NULL, *key = NULL;

    if (!names_is_valid(argument, strlen(argument))) {
        announce_one(g->room, g->member,
                     "a name is 1 to %d letters, digits, \"_\" and \"-\", such as: /nick alice",
                     NAMES_MAX);
        return;
    }
    if (strcmp(argument, name_of(g)) == 0) {
        announce_one(g->room, g->member, "you are %s already", argument);
        return;
    }
    name = strdup(argument);
    key = names_key(argument);
    if (name == NULL || key == NULL)
        announce_one(g->room, g->member, "you are still %s: out of memory", name_of(g));
    else if (is_reserved(g, key))
        announce_one(g->room, g->member, "\"guest\" and a number is for those without a name");
    else if (is_taken(g, key))
        announce_one(g->room, g->member, "the name %s is taken", name);
    else if (rename_giver(g, name, key) == 0)
        return;
    free(name);
    free(key);
}

/* Tells the names collected so far, unless there are none. */
static void tell_names(const struct giver *g, struct buf *names)
{
    if (buf_length(names) > 0)
        announce_one(g->room, g->member, "here: %.*s", (int)buf_length(names), buf_head(names));
    buf_reset(names);
}

static void list_name(const struct giver *g, struct buf *names, const char *name)
{
    if (buf_length(names) > LIST_BYTES)
        tell_names(g, names);
    if (buf_length(names) > 0 && buf_add(names, ", ", 2) < 0)
        return;
    buf_add(names, name, strlen(name));
}

static void obey_who(const struct giver *g, const char *argument)
{
    const struct room *r = g->room;
    struct buf names = {0};
    struct room_member *m;

    (void)argument;
    if (r->console != NULL)
        list_name(g, &names, r->console);
    for (m = next_present(r, &r->members); m != NULL; m = next_present(r, &m->link))
        list_name(g, &names, m->name);
    tell_names(g, &names);
    buf_free(&names);
}

static void obey_me(const struct giver *g, const char *argument)
{
    struct buf start = {0};

    if (argument[0] == '\0')
        announce_one(g->room, g->member, "/me wants to know what you do, such as: /me waves");
    else if (buf_add(&start, "* ", 2) == 0 &&
             buf_add(&start, name_of(g), strlen(name_of(g)) + 1) == 0)
        lines_say(g->room, g->member, buf_head(&start), " ", argument, g->now_ms);
    buf_free(&start);
}

static void obey_quit(const struct giver *g, const char *argument)
{
    (void)argument;
    if (g->member == NULL) {
        g->room->events.on_quit(g->room->arg, NULL);
        return;
    }
    announce_one(g->room, g->member, "goodbye");
    lines_quit(g->member, g->now_ms);
}

static void obey_help(const struct giver *g, const char *argument);

static const struct order orders[] = {
    {"/nick", "NAME", "take a name", obey_nick},   {"/who", "", "see who is here", obey_who},
    {"/me", "ACTION", "say what you do", obey_me}, {"/quit", "", "leave", obey_quit},
    {"/help", "", "see this", obey_help},
};

#define ORDER_COUNT (sizeof(orders) / sizeof(orders[0]))

static void obey_help(const struct giver *g, const char *argument)
{
    (void)argument;
    announce_one(g->room, g->member, "what you type is said to all when you press Enter, but for:");
    for (size_t i = 0; i < ORDER_COUNT; i++)
        announce_one(g->room, g->member, "%-5s %-6s  %s", orders[i].word, orders[i].argument,
                     orders[i].help);
}

/* Ends the line before blanks at its end. */
static void trim(char *line)
{
    size_t n = strlen(line);

    while (n > 0 && strchr(BLANKS, line[n - 1]) != NULL)
        line[--n] = '\0';
}

void room_commands_run(struct room *r, struct room_member *m, char *line, int64_t now_ms)
{
    const struct giver g = {.room = r, .member = m, .now_ms = now_ms};
    char *argument = line + strcspn(line, BLANKS);

    trim(line);
    if (*argument != '\0')
        *argument++ = '\0';
    argument += strspn(argument, BLANKS);
    for (size_t i = 0; i < ORDER_COUNT; i++)
        if (strcasecmp(line, orders[i].word) == 0) {
            orders[i].obey(&g, argument);
            return;
        }
    announce_one(r, m, "there is no command %s; /help lists those there are", line);
}
