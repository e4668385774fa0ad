/* The leanest programs, by the work they do. */
#include "tests/bench/lean.h"

#include "tests/bench/common.h"

static const struct mode modes[] = {
    {"receive", "PORT [splice|copy|drop] > OUTPUT", 1, lean_receive},
    {"send", "PORT < INPUT", 1, lean_send},
    {"echo", "PORT", 1, lean_echo},
    {"upper", "PORT", 1, lean_upper},
    {"room", "PORT", 1, lean_room},
    {"broadcast", "PORT < INPUT", 1, lean_broadcast},
    {"program", "PORT PROGRAM [ARG...]", 2, lean_program},
    {"convert", "PORT ENCODING > OUTPUT", 2, lean_convert},
    {"relay", "PORT TARGET", 2, lean_relay},
    {"upper-stream", "PORT", 1, lean_upper_stream},
    {"tls-receive", "PORT CERT > OUTPUT", 2, lean_tls_receive},
    {"tls-send", "PORT < INPUT", 1, lean_tls_send},
    {"tls-echo", "PORT CERT", 2, lean_tls_echo},
};

int main(int argc, char **argv)
{
    return run_mode(modes, sizeof(modes) / sizeof(modes[0]), argc, argv);
}
