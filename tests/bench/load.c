/* The load generator: what the other side of a measured program does. */
#include "tests/bench/load.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/bench/common.h"

static const struct mode modes[] = {
    {"blast", "PORT BYTES [FILE]", 2, load_blast},
    {"sink", "CONNECTIONS (0: no end)", 1, load_sink},
    {"stream", "PORT BYTES [FILE]", 2, load_stream},
    {"drain", "< PIPE", 0, load_drain},
    {"echo", "PORT CONNECTIONS SECONDS SIZE", 4, load_echo},
    {"short", "PORT CONCURRENT SECONDS LINE [shut]", 4, load_short},
    {"idle", "PORT CONNECTIONS", 2, load_idle},
    {"tls-blast", "PORT BYTES", 2, load_tls_blast},
    {"tls-sink", "CERT", 1, load_tls_sink},
    {"tls-echo", "PORT CONNECTIONS SECONDS SIZE", 4, load_tls_echo},
    {"tls-handshakes", "PORT SECONDS [resume]", 2, load_tls_handshakes},
    {"chat", "PORT MEMBERS SENDERS LINES SECONDS", 5, load_chat},
    {"readers", "PORT READERS SECONDS [publish]", 3, load_readers},
    {"runs", "COUNT INPUT PROGRAM [ARGUMENT...]", 3, load_runs},
};

void wait_for_go(void)
{
    char line[16];

    puts("ready");
    fflush(stdout);
    if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
        die("nobody said go");
}

void hold_until_end(void)
{
    char rest[16];

    fflush(stdout);
    while (read(STDIN_FILENO, rest, sizeof(rest)) > 0)
        continue;
}

int main(int argc, char **argv)
{
    return run_mode(modes, sizeof(modes) / sizeof(modes[0]), argc, argv);
}
