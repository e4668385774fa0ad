/* Owns the reading of command lines of other programs. Knows what they mean here from
 * hints.c alone. */
#include "commands/foreign.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/endpoint.h"
#include "commands/hints.h"

/* What a command line requests. */
struct wish {
    bool listens;
    bool connects;
    const char *port; /* of -p */
    const char *operands[2];
    int operand_count;
    const char *final; /* the reply to the whole line */
    char flags[8];     /* " -4v": options that are the same here */
    struct buf notes;  /* "; TEXT" for each option that means something else here */
};

static bool is_port(const char *word)
{
    return word != NULL && endpoint_kind(word) == ENDPOINT_PORT;
}

static void note(struct wish *w, const char *text)
{
    if (buf_add(&w->notes, "; ", 2) == 0)
        buf_add(&w->notes, text, strlen(text));
}

static void pass_on(struct wish *w, char letter)
{
    size_t length = strlen(w->flags);

    if (length == 0)
        length = (size_t)sprintf(w->flags, " -");
    if (strchr(w->flags, letter) == NULL && length + 1 < sizeof(w->flags))
        w->flags[length] = letter;
}

/* Options that change nothing here. */
static bool is_harmless(const char *option)
{
    static const char *const words[] = {"-k", "--keep-open", "-n", "--nodns", "-N"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(option, words[i]) == 0)
            return true;
    return false;
}

/* Reads one option, a long name or a letter. Returns false for an unknown one. */
static bool read_option(struct wish *w, const char *option, bool *takes_value)
{
    const struct hint *h = hints_find(HINTS_LINE, option);

    *takes_value = h != NULL && h->takes_value;
    if (strcmp(option, "-l") == 0 || strcmp(option, "--listen") == 0)
        w->listens = true;
    else if (strcmp(option, "-p") == 0 || strcmp(option, "--port") == 0)
        *takes_value = true;
    else if (is_harmless(option))
        return true;
    else if (h != NULL && h->is_final && w->final == NULL)
        w->final = h->text;
    else if (h != NULL)
        note(w, h->text);
    else if (strchr("46v", option[1]) != NULL)
        pass_on(w, option[1]);
    else
        return false;
    return true;
}

/* Reads a group of letters ("-lvp"), whose last may have its value behind it or in next.
 * Returns how many words were read, or 0 for an unknown letter. */
static int read_letters(struct wish *w, const char *word, const char *next)
{
    bool takes_value = false;

    while (*++word != '\0') {
        char option[] = {'-', *word, '\0'};
        const char *value = word[1] != '\0' ? word + 1 : next;

        if (!read_option(w, option, &takes_value))
            return 0;
        if (*word == 'p')
            w->port = value;
        if (takes_value)
            return word[1] == '\0' && next != NULL ? 2 : 1;
    }
    return 1;
}

static int read_long(struct wish *w, const char *word, const char *next)
{
    const char *equals = strchr(word, '=');
    bool takes_value;

    if (!read_option(w, word, &takes_value))
        return 0;
    if (strncmp(word, "--port", strlen("--port")) == 0)
        w->port = equals != NULL ? equals + 1 : next;
    return takes_value && equals == NULL && next != NULL ? 2 : 1;
}

/* Returns false for an unknown word. */
static bool read_words(struct wish *w, int count, char **words)
{
    for (int i = 0, read; i < count; i += read) {
        const char *next = i + 1 < count ? words[i + 1] : NULL;

        read = 1;
        if (words[i][0] == '-' && words[i][1] == '-')
            read = read_long(w, words[i], next);
        else if (words[i][0] == '-' && words[i][1] != '\0')
            read = read_letters(w, words[i], next);
        else if (w->operand_count < 2)
            w->operands[w->operand_count++] = words[i];
        if (read == 0)
            return false;
    }
    return true;
}

/* The kinds of socat's addresses: "TCP:", "UDP4-RECV:". */
static const struct {
    const char *name;
    const char *option; /* the option whose hint applies; NULL: TCP */
} kinds[] = {
    {"TCP", NULL},          {"TCP4", NULL},
    {"TCP6", NULL},         {"UDP", "--udp"},
    {"UDP4", "--udp"},      {"UDP6", "--udp"},
    {"UNIX", "--unixsock"}, {"ABSTRACT", "--unixsock"},
    {"OPENSSL", "--ssl"},   {"SSL", "--ssl"},
    {"EXEC", "--exec"},     {"SYSTEM", "--exec"},
    {"SOCKS4", "--proxy"},  {"SOCKS4A", "--proxy"},
    {"PROXY", "--proxy"},
};

/* Takes the port, or the host and the port, from "TCP-LISTEN:PORT" or "TCP:HOST:PORT,…". */
static void read_tcp_address(struct wish *w, char *word, bool listens)
{
    char *rest = strchr(word, ':'), *port;

    w->listens = w->listens || listens;
    w->connects = w->connects || !listens;
    rest[strcspn(rest, ",")] = '\0';
    port = strrchr(rest, ':');
    w->port = port + 1;
    *port = '\0';
    w->operands[0] = port != rest ? rest + 1 : "HOST";
}

/* Returns true for an address of socat. */
static bool read_address(struct wish *w, char *word)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *after = word + strlen(kinds[i].name);

        if (strncasecmp(word, kinds[i].name, strlen(kinds[i].name)) != 0 ||
            strchr(after, ':') == NULL || (*after != ':' && *after != '-'))
            continue;
        if (kinds[i].option != NULL)
            w->final = hints_text(HINTS_LINE, kinds[i].option);
        else
            read_tcp_address(w, word, strncasecmp(after, "-L", 2) == 0);
        return true;
    }
    return false;
}

static bool read_addresses(struct wish *w, int count, char **words)
{
    bool found = false;

    for (int i = 0; i < count; i++)
        found = read_address(w, words[i]) || found;
    return found;
}

/* Takes HOST PORT, HOST:PORT or, to listen, PORT from the operands. Returns false if they name
 * no address. */
static bool find_place(struct wish *w)
{
    const char *first = w->operands[0], *second = w->operands[1];
    struct endpoint e = {0};
    bool has_port;

    if (w->listens || (w->operand_count == 1 && !w->connects && is_port(first))) {
        w->listens = true;
        if (w->port == NULL)
            w->port = is_port(second) ? second : is_port(first) ? first : "PORT";
        return true;
    }
    if (first == NULL)
        return false;
    has_port = second == NULL && endpoint_parse(first, &e, NULL) == 0 && is_port(e.port);
    endpoint_clear(&e);
    if (!has_port)
        w->port = second;
    return has_port || is_port(second);
}

/* Command names that users expect from other programs. */
static bool read_command(struct wish *w, const char *word)
{
    w->listens = strcmp(word, "listen") == 0 || strcmp(word, "server") == 0;
    w->connects = strcmp(word, "connect") == 0 || strcmp(word, "client") == 0;
    if (strcmp(word, "version") == 0)
        w->final = hints_text(HINTS_LINE, "--version");
    return w->listens || w->connects || w->final != NULL || strcmp(word, "nc") == 0 ||
           strcmp(word, "ncat") == 0 || strcmp(word, "socat") == 0;
}

static bool explain(struct wish *w, int count, char **words, struct error *err)
{
    int from = read_command(w, words[0]) ? 1 : 0;
    bool is_socat = read_addresses(w, count - from, words + from);

    if (!is_socat && !read_words(w, count - from, words + from) && w->final == NULL)
        return false;
    if (w->final != NULL)
        error_set(err, EXITCODE_USAGE, "%s", w->final);
    else if (!is_socat && !find_place(w))
        return false;
    else if (buf_add(&w->notes, "", 1) < 0)
        return false;
    else if (w->listens)
        error_set(err, EXITCODE_USAGE, "to listen, type: tcptool serve%s -p %s%s", w->flags,
                  w->port != NULL ? w->port : "PORT", buf_head(&w->notes));
    else
        error_set(err, EXITCODE_USAGE, "to connect, type: tcptool send%s %s%s%s%s", w->flags,
                  w->operands[0], w->port != NULL ? " " : "", w->port != NULL ? w->port : "",
                  buf_head(&w->notes));
    return true;
}

bool foreign_explain(int count, char **words, struct error *err)
{
    struct wish w = {0};
    bool known = explain(&w, count, words, err);

    buf_free(&w.notes);
    return known;
}
