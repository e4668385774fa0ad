/* Owns the table of hints. Reads no command lines. */
#include "commands/hints.h"

#include <stddef.h>
#include <string.h>

#define LISTENERS "serve upper"
#define CONNECTORS "send chat wait"
#define LINE HINTS_LINE

#define PROXY_ELSEWHERE "send, chat and wait have --proxy"
#define PROXY "--proxy socks5://HOST:PORT or http://HOST:PORT connects through a proxy"
#define RUN_PROGRAM "tcptool serve PROGRAM runs a program for each client"
#define RUN_SHELL "tcptool serve sh -c COMMAND runs a command line for each client"
#define NO_LUA "there is no Lua here; tcptool serve PROGRAM runs a program for each client"
#define NO_UDP "there is no UDP here"

#define LIMITS_LISTENING                                                              \
    "--accept-timeout TIME limits waiting for a client, --idle-timeout TIME an idle " \
    "connection, --deadline TIME everything"
#define LIMITS_CONNECTING                                                                \
    "--connect-timeout TIME limits connecting, --idle-timeout TIME an idle connection, " \
    "--deadline TIME everything"

#define LIMITS_ALL \
    "--connect-timeout, --accept-timeout, --idle-timeout and --deadline limit the time"

static const struct hint hints[] = {
    {NULL, "-u", .text = NO_UDP, .is_final = true},
    {NULL, "--udp", .text = NO_UDP, .is_final = true},
    {LISTENERS, "-U", .text = "-b unix:PATH listens on a path"},
    {LISTENERS, "--unixsock", .text = "-b unix:PATH listens on a path"},
    {LISTENERS, "--vsock", .text = "-b vsock:CID:PORT listens on vsock"},
    {CONNECTORS, "-U", .text = "unix:PATH takes the place of HOST PORT"},
    {CONNECTORS, "--unixsock", .text = "unix:PATH takes the place of HOST PORT"},
    {CONNECTORS, "--vsock", .text = "vsock:CID:PORT takes the place of HOST PORT"},
    {NULL, "--ssl", .text = "--tls encrypts, and verifies certificates"},
    {NULL, "--ssl-verify", .text = "--tls verifies by itself"},
    {NULL, "--ssl-cert", .text = "--tls-cert FILE presents a certificate", .takes_value = true},
    {NULL, "--ssl-key", .text = "--tls-key FILE is the key of --tls-cert", .takes_value = true},
    {CONNECTORS, "-x", .text = PROXY, .takes_value = true},
    {CONNECTORS, "-X", .text = PROXY, .takes_value = true},
    {LISTENERS, "-x", .text = PROXY_ELSEWHERE},
    {LISTENERS, "-X", .text = PROXY_ELSEWHERE},
    {LISTENERS, "--proxy", .text = PROXY_ELSEWHERE},
    {LINE, "-x", .text = PROXY, .takes_value = true},
    {LINE, "-X", .text = PROXY, .takes_value = true},
    {LINE, "--proxy", .text = PROXY, .takes_value = true},
    {NULL, "-e", .text = RUN_PROGRAM, .takes_value = true, .is_final = true},
    {NULL, "-c", .text = RUN_SHELL, .takes_value = true, .is_final = true},
    {NULL, "--exec", .text = RUN_PROGRAM, .is_final = true},
    {NULL, "--sh-exec", .text = RUN_SHELL, .is_final = true},
    {NULL, "--lua-exec", .text = NO_LUA, .is_final = true},
    {NULL, "-z", .text = "tcptool wait --now HOST:PORT tries to connect", .is_final = true},
    {NULL, "-V", .text = "tcptool --version prints the version", .is_final = true},
    {NULL, "--version", .text = "tcptool --version prints the version", .is_final = true},
    {NULL, "-C", .text = "--eol crlf sends CRLF"},
    {NULL, "--crlf", .text = "--eol crlf sends CRLF"},
    {NULL, "-N", .text = "the sending side is closed at the end of input anyway"},
    {NULL, "-n", .text = "addresses need no option to be used without a look-up"},
    {NULL, "--nodns", .text = "addresses need no option to be used without a look-up"},
    {NULL, "-i", .text = "--idle-timeout TIME closes an idle connection", .takes_value = true},
    {NULL, "--broker", .text = "serve --broker sends to all others what one client sends"},
    {NULL, "--chat", .text = "chat --listen --room is a room for many"},
    {LISTENERS, "-l", .text = "this command listens without it; -p PORT sets the port"},
    {LISTENERS, "--listen", .text = "this command listens without it; -p PORT sets the port"},
    {LISTENERS, "-w", .text = LIMITS_LISTENING},
    {LISTENERS, "--wait", .text = LIMITS_LISTENING},
    {LISTENERS, "--timeout", .text = LIMITS_LISTENING},
    {LISTENERS, "-s", .text = "-b ADDR sets the address to listen on"},
    {LISTENERS, "--source", .text = "-b ADDR sets the address to listen on"},
    {"serve upper chat", "-k",
     .text = "clients are served until it is stopped; --once serves only one"},
    {"serve upper chat", "--keep-open",
     .text = "clients are served until it is stopped; --once serves only one"},
    {"serve upper chat", "-m", .text = "--max-conns N limits the connections"},
    {"send", "-l", .text = "tcptool serve -p PORT listens"},
    {"send", "--listen", .text = "tcptool serve -p PORT listens"},
    {"send", "-p", .text = "the port follows the host; -b ADDR:PORT sets the local one"},
    {"send", "--port", .text = "the port follows the host; -b ADDR:PORT sets the local one"},
    {"send", "--source-port", .text = "-b :PORT sets the local port"},
    {"send", "--allow", .text = "serve, chat --listen and upper have this option"},
    {"send", "--deny", .text = "serve, chat --listen and upper have this option"},
    {"send", "--once", .text = "send uses one connection anyway"},
    {"send", "--send-only", .text = "--until none waits for no reply"},
    {"send", "--recv-only", .text = "an empty MESSAGE, with --no-half-close, only receives"},
    {"wait", "-t", .text = "--deadline TIME limits the waiting"},
    {CONNECTORS, "-w", .text = LIMITS_CONNECTING},
    {CONNECTORS, "--wait", .text = LIMITS_CONNECTING},
    {CONNECTORS, "--timeout", .text = LIMITS_CONNECTING},
    {CONNECTORS, "-s", .text = "-b ADDR sets the address to connect from"},
    {CONNECTORS, "--source", .text = "-b ADDR sets the address to connect from"},

    /* The command that a line leads to has hints of its own. */
    {LINE, "-w", .text = LIMITS_ALL, .takes_value = true},
    {LINE, "--wait", .text = LIMITS_ALL, .takes_value = true},
    {LINE, "--timeout", .text = LIMITS_ALL, .takes_value = true},
    {LINE, "-q", .text = "--until quiet is what -q of nc is", .takes_value = true},
    {LINE, "-s", .text = "-b ADDR sets the local address", .takes_value = true},
    {LINE, "--source", .text = "-b ADDR sets the local address", .takes_value = true},
    {LINE, "--allow", .text = "--allow RULE limits the clients served", .takes_value = true},
    {LINE, "--deny", .text = "--deny RULE refuses clients", .takes_value = true},
    {LINE, "-m", .text = "--max-conns N limits the connections", .takes_value = true},
    {LINE, "--max-conns", .text = "--max-conns N limits the connections", .takes_value = true},
    {LINE, "--send-only", .text = "--until none waits for no reply"},
};

static bool applies(const struct hint *h, const char *command)
{
    return h->commands == NULL || strstr(h->commands, command) != NULL;
}

const struct hint *hints_find(const char *command, const char *option)
{
    size_t length = option[0] == '-' && option[1] == '-' ? strcspn(option, "=") : 2;

    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
        if (strlen(hints[i].word) == length && strncmp(hints[i].word, option, length) == 0 &&
            applies(&hints[i], command))
            return &hints[i];
    return NULL;
}

const char *hints_text(const char *command, const char *option)
{
    const struct hint *h = hints_find(command, option);

    return h != NULL ? h->text : NULL;
}
