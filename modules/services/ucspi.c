/* Owns the names of variables. Starts no program. */
#include "services/ucspi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that end in a * stand for all that begin so. OpenSSL has settings that begin with SSL_,
 * too. */
static const char *const withheld[] = {
    "PROTO",        "TCPLOCAL*",    "TCPREMOTE*",   "TCPCONNNUM",    "IPCLOCAL*",   "IPCREMOTE*",
    "IPCCONNNUM",   "VSOCKLOCAL*",  "VSOCKREMOTE*", "SSL_PROTOCOL",  "SSL_CIPHER*", "SSL_TLS_*",
    "SSL_CLIENT_*", "SSL_SERVER_*", "LISTEN_*",     "NOTIFY_SOCKET", "WATCHDOG_*",
};

static bool is_withheld(const char *variable)
{
    size_t length = strcspn(variable, "=");

    for (size_t i = 0; i < sizeof(withheld) / sizeof(withheld[0]); i++) {
        size_t n = strcspn(withheld[i], "*");

        if (strncmp(variable, withheld[i], n) == 0 && (withheld[i][n] == '*' || n == length))
            return true;
    }
    return false;
}

int ucspi_init(struct ucspi *u, char **environment, struct error *err)
{
    size_t count = 0;

    *u = (struct ucspi){0};
    while (environment[count] != NULL)
        count++;
    u->list = calloc(count + UCSPI_VALUES + 1, sizeof(*u->list));
    if (u->list == NULL) {
        error_errno(err, ENOMEM, "cannot prepare to run programs");
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_withheld(environment[i]))
            u->list[u->kept++] = environment[i];
    return 0;
}

/* Those of one client stand last. */
static void forget_client(struct ucspi *u)
{
    while (u->count > 0)
        free(u->list[u->kept + --u->count]);
    u->list[u->kept] = NULL;
    u->failed = false;
}

void ucspi_clear(struct ucspi *u)
{
    if (u->list != NULL)
        forget_client(u);
    free(u->list);
}

static void add(struct ucspi *u, const char *name, const char *value, size_t length)
{
    char *variable;

    if (asprintf(&variable, "%s=%.*s", name, (int)length, value) < 0) {
        u->failed = true;
        return;
    }
    u->list[u->kept + u->count++] = variable;
    u->list[u->kept + u->count] = NULL;
}

static void add_agreed(void *arg, const char *name, const char *value)
{
    add(arg, name, value, strlen(value));
}

static void add_number(struct ucspi *u, const char *name, unsigned long number)
{
    char text[24];

    add(u, name, text, (size_t)snprintf(text, sizeof(text), "%lu", number));
}

/* Takes "192.0.2.1:80", "[2001:db8::1]:80" or "vsock:3:80" apart. */
static void add_place(struct ucspi *u, const char *host_name, const char *port_name,
                      const char *place)
{
    const char *colon = place != NULL ? strrchr(place, ':') : NULL, *host = place;
    size_t length;

    if (colon == NULL)
        return;
    host += strncmp(host, "vsock:", 6) == 0 ? 6 : 0;
    length = (size_t)(colon - host);
    if (host[0] == '[')
        add(u, host_name, host + 1, length - 2);
    else
        add(u, host_name, host, length);
    add(u, port_name, colon + 1, strlen(colon + 1));
}

/* A process that is named in a PROXY header is not at the other end of the socket. */
static void add_process(struct ucspi *u, const struct stream *client)
{
    struct ucred process;
    socklen_t length = sizeof(process);

    if (stream_peer(client)->pid == 0 ||
        getsockopt(stream_descriptor(client), SOL_SOCKET, SO_PEERCRED, &process, &length) < 0)
        return;
    add_number(u, "IPCREMOTEPID", (unsigned long)process.pid);
    add_number(u, "IPCREMOTEEUID", process.uid);
}

char *const *ucspi_describe(struct ucspi *u, struct stream *client, struct error *err)
{
    forget_client(u);
    switch (stream_peer(client)->sa.sa_family) {
    case AF_UNIX:
        add(u, "PROTO", "IPC", 3);
        add_process(u, client);
        break;
    case AF_VSOCK:
        add(u, "PROTO", "VSOCK", 5);
        add_place(u, "VSOCKLOCALCID", "VSOCKLOCALPORT", stream_local_name(client));
        add_place(u, "VSOCKREMOTECID", "VSOCKREMOTEPORT", stream_name(client));
        break;
    default:
        add(u, "PROTO", "TCP", 3);
        add_place(u, "TCPLOCALIP", "TCPLOCALPORT", stream_local_name(client));
        add_place(u, "TCPREMOTEIP", "TCPREMOTEPORT", stream_name(client));
        break;
    }
    stream_describe(client, add_agreed, u);
    if (!u->failed)
        return u->list;
    error_errno(err, ENOMEM, "cannot serve %s", stream_name(client));
    return NULL;
}
