/* Owns the numbers of steps, and tells what a call means by what is known of its socket. The words
 * are in explain_words.h. */
#include "net/explain.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/step.h"
#include "net/explain_data.h"
#include "net/explain_line.h"
#include "net/explain_private.h"
#include "net/explain_words.h"

static struct {
    pthread_mutex_t lock;
    const char *encoding;
    bool has_clients;
    struct explain_sockets sockets;
    unsigned steps; /* of what is not numbered by itself */
} explained = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct explain_socket *find(int fd)
{
    return explain_sockets_find(&explained.sockets, fd);
}

static void set_label(struct explain_socket *k, const struct addr *a)
{
    k->is_numbered = true;
    addr_format(a, k->label);
}

void explain_print(struct explain_socket *k, bool numbered, const char *call, const char *meaning)
{
    bool by_itself = k != NULL && k->is_numbered;
    struct buf lines = {0};
    struct explain_line line = {
        .label = by_itself ? k->label : "",
        .number = !numbered   ? 0
                  : by_itself ? ++k->steps
                              : ++explained.steps,
        .call = call,
        .meaning = meaning,
    };

    explain_line_add(&lines, &line);
    if (buf_length(&lines) > 0)
        event_print_line(buf_head(&lines), buf_length(&lines));
    buf_free(&lines);
}

void explain_say(struct explain_socket *k, const char *call, const char *format, ...)
{
    struct buf meaning = {0};
    va_list args;

    va_start(args, format);
    if (buf_vformat(&meaning, format, args) == 0 && buf_add(&meaning, "", 1) == 0)
        explain_print(k, true, call, buf_head(&meaning));
    va_end(args);
    buf_free(&meaning);
}

void explain_say_data(struct explain_socket *k, const char *call, const struct step *s)
{
    struct buf meaning = {0};

    explain_data_add(&meaning, s->pieces, s->count, s->size, explained.encoding);
    if (buf_add(&meaning, "", 1) == 0)
        explain_print(k, true, call, buf_head(&meaning));
    buf_free(&meaning);
}

static void on_look_up(const struct step *s)
{
    char call[EXPLAIN_CALL_SIZE] = EXPLAIN_CALL_LOOK_UP_ANY, text[ADDR_TEXT_SIZE];
    struct buf all = {0};
    int family = 0;

    if (s->host != NULL)
        snprintf(call, sizeof(call), EXPLAIN_CALL_LOOK_UP, s->host);
    if (s->list->count == 0) {
        explain_say(NULL, call, EXPLAIN_FAILED, s->why->text);
        return;
    }
    for (size_t i = 0; i < s->list->count; i++) {
        const struct addr *a = &s->list->items[i];

        family = i == 0 || family == a->sa.sa_family ? a->sa.sa_family : -1;
        if (i > 0)
            buf_add(&all, ", ", 2);
        if (getnameinfo(&a->sa, a->length, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
            buf_add(&all, text, strlen(text));
    }
    buf_add(&all, "", 1);
    family = s->list->count > 1 && family < 0 ? s->list->items[0].sa.sa_family : 0;
    if (s->host == NULL)
        explain_say(NULL, call, EXPLAIN_ANY_ADDRESS, buf_head(&all));
    else if (s->list->count == 1 && strcmp(s->host, buf_head(&all)) == 0)
        explain_say(NULL, call, EXPLAIN_IS_ADDRESS);
    else if (s->list->count == 1)
        explain_say(NULL, call, EXPLAIN_ONE_ADDRESS, buf_head(&all));
    else if (family == AF_INET6)
        explain_say(NULL, call, EXPLAIN_ADDRESSES_V6, s->list->count, buf_head(&all));
    else if (family == AF_INET)
        explain_say(NULL, call, EXPLAIN_ADDRESSES_V4, s->list->count, buf_head(&all));
    else
        explain_say(NULL, call, EXPLAIN_ADDRESSES, s->list->count, buf_head(&all));
    buf_free(&all);
}

static void on_socket(const struct step *s)
{
    struct explain_socket *k =
        s->failure == 0 ? explain_sockets_add(&explained.sockets, s->fd, s->address) : NULL;

    if (k != NULL && explained.has_clients)
        set_label(k, s->address);
    if (s->failure != 0)
        explain_say(k, EXPLAIN_CALL_SOCKET, EXPLAIN_FAILED, strerror(s->failure));
    else if (s->address->sa.sa_family == AF_INET)
        explain_say(k, EXPLAIN_CALL_SOCKET, EXPLAIN_SOCKET_V4);
    else if (s->address->sa.sa_family == AF_INET6)
        explain_say(k, EXPLAIN_CALL_SOCKET, EXPLAIN_SOCKET_V6);
    else if (s->address->sa.sa_family == AF_UNIX)
        explain_say(k, EXPLAIN_CALL_SOCKET, EXPLAIN_SOCKET_UNIX);
    else
        explain_say(k, EXPLAIN_CALL_SOCKET, EXPLAIN_SOCKET_VSOCK);
}

static void on_bind(const struct step *s)
{
    struct explain_socket *k = find(s->fd);
    char call[EXPLAIN_CALL_SIZE], text[ADDR_TEXT_SIZE];

    snprintf(call, sizeof(call), EXPLAIN_CALL_BIND, addr_format(s->address, text));
    if (k != NULL)
        k->has_local_port = addr_port(s->address) != 0;
    if (s->failure != 0)
        explain_say(k, call, EXPLAIN_FAILED, strerror(s->failure));
    else if (k != NULL && !k->is_tcp)
        explain_say(k, call, EXPLAIN_BOUND_UNIX);
    else if (addr_port(s->address) == 0)
        explain_say(k, call, EXPLAIN_BOUND_ANY_PORT);
    else
        explain_say(k, call, EXPLAIN_BOUND);
}

/* Of a listening socket, Linux puts the lengths of its backlog, now and at most, where it puts
 * others of a connection; tcp_get_info(). */
static bool measure_backlog(int fd, unsigned *waiting, unsigned *most)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
        return false;
    *waiting = info.tcpi_unacked;
    *most = info.tcpi_sacked;
    return true;
}

static void on_listen(const struct step *s)
{
    struct explain_socket *k = find(s->fd);
    char call[EXPLAIN_CALL_SIZE], text[ADDR_TEXT_SIZE];
    unsigned waiting, most;

    snprintf(call, sizeof(call), EXPLAIN_CALL_LISTEN, s->size);
    if (k != NULL)
        k->is_listening = true;
    if (s->failure != 0)
        explain_say(k, call, EXPLAIN_FAILED, strerror(s->failure));
    else if (!measure_backlog(s->fd, &waiting, &most))
        explain_say(k, call, EXPLAIN_LISTENING_UNKNOWN, addr_format(s->address, text));
    else if (most < s->size)
        explain_say(k, call, EXPLAIN_LISTENING_CUT, addr_format(s->address, text), most);
    else if (most == 1)
        explain_say(k, call, EXPLAIN_LISTENING_1, addr_format(s->address, text), most);
    else
        explain_say(k, call, EXPLAIN_LISTENING_N, addr_format(s->address, text), most);
}

static void on_pause(const struct step *s)
{
    if (s->size == 1)
        explain_say(find(s->fd), EXPLAIN_CALL_PAUSE, EXPLAIN_PAUSED_1, s->size);
    else
        explain_say(find(s->fd), EXPLAIN_CALL_PAUSE, EXPLAIN_PAUSED_N, s->size);
}

static void on_accept(const struct step *s)
{
    struct explain_socket *k = explain_sockets_add(&explained.sockets, s->fd, s->address);
    unsigned waiting = 0, most = 0;

    if (k == NULL)
        return;
    explained.has_clients = true;
    k->is_connected = true;
    set_label(k, s->address);
    /* One more than the backlog fits into it, and this one was among them. */
    if (k->is_tcp && measure_backlog(s->listener, &waiting, &most) && waiting >= most)
        explain_say(k, EXPLAIN_CALL_ACCEPT, EXPLAIN_ACCEPTED_FULL);
    else
        explain_say(k, EXPLAIN_CALL_ACCEPT, EXPLAIN_ACCEPTED);
}

static void on_inherit(const struct step *s)
{
    struct explain_socket *k = explain_sockets_add(&explained.sockets, s->fd, s->address);
    char text[ADDR_TEXT_SIZE];

    if (k == NULL)
        return;
    k->is_listening = s->is_listening;
    k->is_connected = !s->is_listening;
    if (s->is_listening)
        explain_say(k, EXPLAIN_CALL_INHERITED, EXPLAIN_INHERITED_LISTENER,
                    addr_format(s->address, text));
    else
        explain_say(k, EXPLAIN_CALL_INHERITED, EXPLAIN_INHERITED);
}

static void say_connected(struct explain_socket *k, const struct step *s, const char *call)
{
    struct addr local = {.length = sizeof(local.un)};
    char ms[32];

    k->is_connected = true;
    snprintf(ms, sizeof(ms), "%.2f", (double)(step_now_ns() - k->began_ns) / 1e6);
    if (!k->is_tcp || getsockname(s->fd, &local.sa, &local.length) < 0)
        explain_say(k, call, EXPLAIN_CONNECTED_LOCAL, ms);
    else if (k->has_local_port)
        explain_say(k, call, EXPLAIN_CONNECTED_FROM, ms, addr_port(&local));
    else
        explain_say(k, call, EXPLAIN_CONNECTED, ms, addr_port(&local));
}

static void on_connect(const struct step *s)
{
    struct explain_socket *k = find(s->fd);
    char call[EXPLAIN_CALL_SIZE], text[ADDR_TEXT_SIZE];

    if (k == NULL || k->is_connected)
        return;
    if (k->began_ns == 0)
        k->began_ns = s->began_ns;
    snprintf(call, sizeof(call), EXPLAIN_CALL_CONNECT, addr_format(s->address, text));
    switch (s->failure) {
    case 0:
        say_connected(k, s, call);
        break;
    case EINPROGRESS:
        explain_say(k, call, EXPLAIN_CONNECTING);
        break;
    case ECONNREFUSED:
        explain_say(k, call, EXPLAIN_CONNECT_REFUSED);
        break;
    case ETIMEDOUT:
        explain_say(k, call, EXPLAIN_CONNECT_TIMED_OUT);
        break;
    case ENETUNREACH:
    case EHOSTUNREACH:
        explain_say(k, call, EXPLAIN_CONNECT_UNREACHABLE, strerror(s->failure));
        break;
    default:
        explain_say(k, call, EXPLAIN_FAILED, strerror(s->failure));
    }
}

static void explain(const struct step *s)
{
    struct explain_socket *k;

    switch (s->kind) {
    case STEP_LOOK_UP:
        on_look_up(s);
        break;
    case STEP_SOCKET:
        on_socket(s);
        break;
    case STEP_BIND:
        on_bind(s);
        break;
    case STEP_LISTEN:
        on_listen(s);
        break;
    case STEP_PAUSE:
        on_pause(s);
        break;
    case STEP_ACCEPT:
        on_accept(s);
        break;
    case STEP_INHERIT:
        on_inherit(s);
        break;
    case STEP_CONNECT:
        on_connect(s);
        break;
    default:
        k = find(s->fd);
        if (k != NULL)
            explain_connection_step(k, s);
        if (s->kind == STEP_CLOSE)
            explain_sockets_remove(&explained.sockets, s->fd);
    }
}

static void on_step(void *arg, const struct step *s)
{
    (void)arg;
    pthread_mutex_lock(&explained.lock);
    explain(s);
    pthread_mutex_unlock(&explained.lock);
}

void explain_start(const char *encoding)
{
    explained.encoding = encoding != NULL ? encoding : "UTF-8";
    step_listen(on_step, NULL);
}
