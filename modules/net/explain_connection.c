/* Owns the explanation of what moves on one connection, and of its end. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/explain_private.h"
#include "net/explain_words.h"
#include "net/socket.h"

#define CALL_COUNT(call, kind, n)                                          \
    ((n) == 1 ? snprintf(call, sizeof(call), EXPLAIN_CALL_##kind##_1, (n)) \
              : snprintf(call, sizeof(call), EXPLAIN_CALL_##kind##_N, (n)))

static void say_failure(struct explain_socket *k, const char *call, int failure, bool reading)
{
    bool is_reset = failure == ECONNRESET || failure == EPIPE || failure == ENOTCONN;

    k->was_reset = k->was_reset || is_reset;
    if (!is_reset)
        explain_say(k, call, EXPLAIN_FAILED, strerror(failure));
    else if (!reading)
        explain_say(k, call, EXPLAIN_SEND_RESET);
    else if (k->sent_data)
        explain_say(k, call, EXPLAIN_RECV_RESET_SENT);
    else
        explain_say(k, call, EXPLAIN_RECV_RESET);
}

/* RFC 8446, section 5.1: the first record comes before TLS is known of. */
static bool begins_record(const struct step *s)
{
    const char *bytes = s->pieces->iov_base;

    return s->size >= 3 && bytes[0] >= 20 && bytes[0] <= 23 && bytes[1] == 3;
}

static void say_end(struct explain_socket *k, const char *call)
{
    if (k->is_tcp)
        explain_say(k, call, k->sent_fin ? EXPLAIN_END_BOTH : EXPLAIN_END);
    else
        explain_say(k, call, k->sent_fin ? EXPLAIN_END_BOTH_LOCAL : EXPLAIN_END_LOCAL);
}

static void on_recv(struct explain_socket *k, const struct step *s)
{
    char call[EXPLAIN_CALL_SIZE];

    k->moved = true;
    CALL_COUNT(call, RECV, s->size);
    if (s->failure != 0) {
        say_failure(k, EXPLAIN_CALL_RECV, s->failure, true);
    } else if (s->size == 0) {
        k->peer_fin = true;
        k->peer_fin_first = k->peer_fin_first || !k->sent_fin;
        say_end(k, call);
    } else if (s->kind == STEP_DISCARD) {
        explain_say(k, call, EXPLAIN_DISCARDED);
    } else if (k->got_tls || begins_record(s)) {
        explain_say(k, call, EXPLAIN_RECORDS);
    } else {
        explain_say_data(k, call, s);
    }
}

static void on_send(struct explain_socket *k, const struct step *s)
{
    char call[EXPLAIN_CALL_SIZE];

    CALL_COUNT(call, SEND, s->size);
    k->sent_data = k->moved = true;
    if (s->failure == EAGAIN)
        explain_say(k, EXPLAIN_CALL_SEND, EXPLAIN_SEND_BLOCKED);
    else if (s->failure != 0)
        say_failure(k, EXPLAIN_CALL_SEND, s->failure, false);
    else if (k->has_tls)
        explain_say(k, call, EXPLAIN_RECORDS);
    else
        explain_say_data(k, call, s);
}

static void on_kernel_copy(struct explain_socket *k, const struct step *s)
{
    char call[EXPLAIN_CALL_SIZE];

    if (s->failure != 0) {
        say_failure(k, s->kind == STEP_SENDFILE ? EXPLAIN_CALL_SENDFILE : EXPLAIN_CALL_SPLICE,
                    s->failure, s->kind == STEP_SPLICE_FROM);
        return;
    }
    k->sent_data = k->sent_data || s->kind != STEP_SPLICE_FROM;
    if (s->kind == STEP_SENDFILE) {
        CALL_COUNT(call, SENDFILE, s->size);
        explain_say(k, call, EXPLAIN_SENDFILE);
        return;
    }
    CALL_COUNT(call, SPLICE, s->size);
    if (s->kind == STEP_SPLICE_FROM)
        explain_say(k, call, EXPLAIN_SPLICE_FROM);
    else
        explain_say(k, call, EXPLAIN_SPLICE_TO);
}

static void on_tls_data(struct explain_socket *k, const struct step *s)
{
    char call[EXPLAIN_CALL_SIZE];

    if (s->kind == STEP_TLS_READ)
        CALL_COUNT(call, TLS_READ, s->size);
    else
        CALL_COUNT(call, TLS_WRITE, s->size);
    explain_say_data(k, call, s);
}

/* RFC 8446, section 4, and RFC 5246, section 7.4. */
static void on_tls_message(struct explain_socket *k, const struct step *s)
{
    static const struct {
        size_t type;
        const char *name;
        const char *meaning;
    } messages[] = {
        {1, "ClientHello", EXPLAIN_TLS_CLIENT_HELLO},
        {2, "ServerHello", EXPLAIN_TLS_SERVER_HELLO},
        {4, "NewSessionTicket", EXPLAIN_TLS_TICKET},
        {8, "EncryptedExtensions", EXPLAIN_TLS_EXTENSIONS},
        {11, "Certificate", EXPLAIN_TLS_CERTIFICATE},
        {12, "ServerKeyExchange", EXPLAIN_TLS_KEY_EXCHANGE},
        {13, "CertificateRequest", EXPLAIN_TLS_CERT_REQUEST},
        {14, "ServerHelloDone", EXPLAIN_TLS_HELLO_DONE},
        {15, "CertificateVerify", EXPLAIN_TLS_CERT_VERIFY},
        {16, "ClientKeyExchange", EXPLAIN_TLS_KEY_EXCHANGE},
        {20, "Finished", EXPLAIN_TLS_FINISHED},
        {24, "KeyUpdate", EXPLAIN_TLS_KEY_UPDATE},
    };
    const char *name = "handshake", *meaning = EXPLAIN_TLS_OTHER;
    char call[EXPLAIN_CALL_SIZE];

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        if (messages[i].type == s->size) {
            name = messages[i].name;
            meaning = messages[i].meaning;
        }
    k->has_tls = true;
    k->got_tls = k->got_tls || !s->is_sent;
    if (s->is_sent)
        snprintf(call, sizeof(call), EXPLAIN_CALL_TLS_SENT, name);
    else
        snprintf(call, sizeof(call), EXPLAIN_CALL_TLS_RECEIVED, name);
    explain_print(k, true, call, meaning);
}

/* Not of one that only looks: rules, and limits. */
static void on_stage(struct explain_socket *k, const struct step *s)
{
    char call[EXPLAIN_CALL_SIZE];

    if (!k->moved)
        return;
    k->moved = false;
    snprintf(call, sizeof(call), EXPLAIN_CALL_STAGE, s->host);
    explain_say(k, call, EXPLAIN_STAGE);
}

/* The end. */

static bool measure(const struct explain_socket *k, int fd, struct socket_measures *m)
{
    return k->is_tcp && k->is_connected && socket_measure(fd, m) == 0;
}

/* The FIN of the peer may have come without being read. */
static void note_state(struct explain_socket *k, int state)
{
    bool is_passive = state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK;

    k->peer_fin = k->peer_fin || is_passive || state == TCP_CLOSING || state == TCP_TIME_WAIT ||
                  (state == TCP_CLOSE && k->sent_fin);
    k->peer_fin_first = k->peer_fin_first || is_passive;
}

/* The peer's FIN may have come without being read. */
static void on_shutting(struct explain_socket *k, const struct step *s)
{
    struct socket_measures m;

    if (measure(k, s->fd, &m))
        k->peer_fin_first = k->peer_fin_first || m.state == TCP_CLOSE_WAIT;
}

static void on_shutdown(struct explain_socket *k, const struct step *s)
{
    k->sent_fin = k->sent_fin || s->failure == 0;
    if (s->failure != 0)
        say_failure(k, EXPLAIN_CALL_SHUTDOWN, s->failure, false);
    else if (k->is_tcp)
        explain_say(k, EXPLAIN_CALL_SHUTDOWN, k->peer_fin ? EXPLAIN_SHUT_BOTH : EXPLAIN_SHUT);
    else
        explain_say(k, EXPLAIN_CALL_SHUTDOWN,
                    k->peer_fin ? EXPLAIN_SHUT_BOTH_LOCAL : EXPLAIN_SHUT_LOCAL);
}

static void say_close(struct explain_socket *k, const struct step *s, bool is_ended)
{
    int unread = 0;

    if (k->is_listening)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_LISTENER);
    else if (!k->is_connected)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_UNUSED);
    else if (k->was_reset)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_RESET);
    else if (!k->is_tcp)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_LOCAL);
    else if (k->is_lent)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_LENT);
    else if (s->is_abort && !is_ended)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_ABORT);
    else if (!is_ended && ioctl(s->fd, FIONREAD, &unread) == 0 && unread > 0)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_UNREAD);
    else if (!k->peer_fin)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_HALF);
    else if (!k->sent_fin)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_OURS);
    else if (k->peer_fin_first)
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_BOTH_PEERS);
    else
        explain_say(k, EXPLAIN_CALL_CLOSE, EXPLAIN_CLOSE_BOTH_OURS);
}

static void on_close(struct explain_socket *k, const struct step *s)
{
    struct socket_measures m;
    bool measured = measure(k, s->fd, &m);
    char text[128], ms[32];

    if (measured)
        note_state(k, m.state);
    say_close(k, s, measured && (m.state == TCP_CLOSE || m.state == TCP_TIME_WAIT));
    if (!measured)
        return;
    snprintf(ms, sizeof(ms), "%.2f", m.round_trip_us / 1000.0);
    snprintf(text, sizeof(text), EXPLAIN_TCP_INFO, ms, m.retransmitted, m.congestion_window);
    explain_print(k, false, EXPLAIN_CALL_TCP_INFO, text);
}

void explain_connection_step(struct explain_socket *k, const struct step *s)
{
    switch (s->kind) {
    case STEP_RECV:
    case STEP_DISCARD:
        on_recv(k, s);
        break;
    case STEP_SEND:
        on_send(k, s);
        break;
    case STEP_FAILURE:
        say_failure(k, EXPLAIN_CALL_FAILURE, s->failure, true);
        break;
    case STEP_SENDFILE:
    case STEP_SPLICE_FROM:
    case STEP_SPLICE_TO:
        on_kernel_copy(k, s);
        break;
    case STEP_LEND:
        k->is_lent = true;
        explain_say(k, EXPLAIN_CALL_LEND, EXPLAIN_LENT);
        break;
    case STEP_TLS_MESSAGE:
        on_tls_message(k, s);
        break;
    case STEP_TLS_READ:
    case STEP_TLS_WRITE:
        on_tls_data(k, s);
        break;
    case STEP_STAGE:
        on_stage(k, s);
        break;
    case STEP_SHUTTING:
        on_shutting(k, s);
        break;
    case STEP_SHUTDOWN:
        on_shutdown(k, s);
        break;
    case STEP_CLOSE:
        on_close(k, s);
        break;
    default:
        break;
    }
}
