/* The command chat: its options, and which form of it is meant. */
#include "commands/chat.h"

#include <stdlib.h>

#include "commands/target.h"

#define AT(field) .offset = offsetof(struct chat_options, field)

static const struct option_spec where_specs[] = {
    {OPTION_ON, "listen", 'l', AT(listens), .help = "wait for a partner instead of connecting"},
    {OPTION_WORDS, "bind", 'b', .value = "ADDR[:PORT]", AT(shared.binds),
     .help = "the local address; may be given again to listen"},
    {.kind = OPTION_END},
};

static const struct option_spec chat_specs[] = {
    {OPTION_WORDS, "bye", 0, .value = "WORD", AT(byes),
     .help = "a line that ends it (bye, 再见); may be given again"},
    {OPTION_WORD, "name", 0, .value = "NAME", AT(name),
     .help = "your name in a room, or the console's (host)"},
    {OPTION_ON, "room", 0, AT(room), .help = "with --listen: a room for any number"},
    {OPTION_NUMBER, "history", 0, .value = "N", AT(history), .max = 1000000,
     .help = "how many lines a newcomer sees (20)"},
    {OPTION_SIZE, "buffer", 0, .value = "SIZE", AT(buffer_bytes), .min = 1 << 16, .max = 1ull << 32,
     .help = "how much a room keeps for slow members (8M)"},
    {.kind = OPTION_END},
};

static const struct option_table tables[] = {
    {"Where", where_specs, 0},
    {"To listen", listen_specs, offsetof(struct chat_options, listen)},
    {"To connect", connect_specs, offsetof(struct chat_options, connect)},
    {"The chat", chat_specs, 0},
    {"Text", text_specs, offsetof(struct chat_options, text)},
    {"Limits", shared_limit_specs, offsetof(struct chat_options, shared)},
    {"Connections", shared_socket_specs, offsetof(struct chat_options, shared)},
    {"Messages", shared_message_specs, offsetof(struct chat_options, shared)},
    {NULL, NULL, 0},
};

static int usage(const char *text, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "%s", text);
    return -1;
}

static int find_target(struct chat_options *o, int count, char **words, struct error *err)
{
    int used;

    if (o->shared.binds.count > 1)
        return usage("--bind: one local address is enough to connect from", err);
    if (target_find(count, words, &o->host, &o->target_port, &used, err) < 0)
        return -1;
    if (count > used) {
        error_set(err, EXITCODE_USAGE, "\"%s\" is too much: what is said is typed", words[used]);
        return -1;
    }
    return 0;
}

static int check_options(struct chat_options *o, int count, char **words, struct error *err)
{
    if (o->room && !o->listens)
        return usage("--room goes with --listen", err);
    if (o->listens && count > 0)
        return usage("--listen takes no HOST; the port is given with -p, the address with -b", err);
    if (text_check(&o->text, err) < 0 || shared_apply(&o->shared, err) < 0)
        return -1;
    if (o->text.eol == TEXT_EOL_DEFAULT)
        o->text.eol = TEXT_EOL_LF;
    return o->listens ? 0 : find_target(o, count, words, err);
}

static int run(const struct command *self, const struct stdio *io, int argc, char **argv)
{
    struct chat_options o = {
        .shared = SHARED_DEFAULTS,
        .listen = LISTEN_DEFAULTS(9999),
        .connect = CONNECT_DEFAULTS,
        .history = 20,
        .buffer_bytes = 8 << 20,
    };
    struct error why = {0};
    int first, status = command_parse(self, argc, argv, &o, &first);

    if (status >= 0)
        return status;
    if (check_options(&o, argc - first, argv + first, &why) < 0)
        status = command_misused(self, &why);
    else if (o.room)
        status = chat_hold_room(&o, io);
    else
        status = o.listens ? chat_wait(&o, io) : chat_call(&o, io);
    free(o.host);
    option_words_clear(&o.shared.binds);
    option_words_clear(&o.byes);
    return status;
}

const struct command chat_command = {
    .name = "chat",
    .summary = "Talk in lines: two parties, or a room",
    .synopsis = "chat [OPTIONS] [HOST PORT]\nchat --listen [--room] [OPTIONS]",
    .examples = "  tcptool chat --listen\n"
                "  tcptool chat localhost 9999\n",
    .tables = tables,
    .run = run,
};
