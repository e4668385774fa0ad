/* Owns one TLS connection: its data. Leaves trust to tls_context.c, records to tls_wire.c. */
#include "net/tls_transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/step.h"
#include "net/tls_certificate.h"
#include "net/tls_reason.h"
#include "net/tls_wire.h"

enum { RECORD = SSL3_RT_MAX_PLAIN_LENGTH };

struct tls_transport {
    struct tls_wire wire;
    SSL *ssl;
    struct tls_peer peer;
    uint64_t data_sent; /* wire.sent, when it last ended with data */
    bool established;   /* the handshake is complete */
    bool ended;         /* the peer has sent close_notify */
    bool notified;      /* close_notify was sent */
    bool settled;       /* the wire failed when nothing was left that could be lost */
};

/* Reading. */

static enum io fail_in(struct tls_transport *tls, struct error *err)
{
    error_copy(err, &tls->wire.in_failure);
    return IO_FAILED;
}

/* A call to read has returned nothing. */
static enum io find_reason(struct tls_transport *tls, struct error *err)
{
    int how = tls_library()->SSL_get_error(tls->ssl, -1);

    if (error_is_set(&tls->wire.in_failure)) {
        tls_library()->ERR_clear_error();
        return fail_in(tls, err);
    }
    if (how == SSL_ERROR_WANT_READ)
        return IO_AGAIN;
    if (tls->wire.in_ended && tls->established) {
        error_set(err, EXITCODE_FAILED,
                  "the connection ended without a TLS close_notify: data may be missing");
        if (err != NULL)
            err->number = ECONNRESET;
        return IO_END;
    }
    if (how == SSL_ERROR_ZERO_RETURN && tls->established) {
        tls->ended = true;
        return IO_END;
    }
    if (error_is_set(&tls->peer.reason))
        error_move(&tls->wire.in_failure, &tls->peer.reason);
    else if (tls->wire.in_ended || how == SSL_ERROR_ZERO_RETURN)
        error_set(&tls->wire.in_failure, EXITCODE_FAILED, "the peer closed the connection");
    else
        tls_reason_take(&tls->wire.in_failure);
    tls_library()->ERR_clear_error();
    return fail_in(tls, err);
}

static enum io shake_hands(struct tls_transport *tls, struct error *err)
{
    if (error_is_set(&tls->wire.in_failure))
        return fail_in(tls, err);
    if (tls->established)
        return IO_OK;
    if (tls_library()->SSL_do_handshake(tls->ssl) != 1) {
        enum io result = find_reason(tls, err);

        if (result != IO_AGAIN || !error_is_set(&tls->wire.out_failure))
            return result;
        error_copy(&tls->wire.in_failure, &tls->wire.out_failure);
        return fail_in(tls, err);
    }
    tls->established = true;
    return tls_context_check(tls->peer.context, tls->ssl, &tls->wire.in_failure) == 0
               ? IO_OK
               : fail_in(tls, err);
}

/* OpenSSL may hold more when it says so; what it holds may be part of a record, which the
 * next read finds out. */
static enum io note_input(struct transport *t, enum io result, size_t got)
{
    const struct tls_transport *tls = t->state;

    bool has_read_ahead = tls_library()->SSL_has_pending(tls->ssl) == 1 || tls->wire.below.pending;

    t->pending = got > 0 ? result != IO_OK || has_read_ahead : result == IO_OK && has_read_ahead;
    t->holds_output = tls_wire_holds_output(&tls->wire);
    return got > 0 ? IO_OK : result;
}

static enum io read_tls(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    const struct tls_library *lib = tls_library();
    struct tls_transport *tls = t->state;
    enum io result = shake_hands(tls, err);
    char unwanted[RECORD];

    while (result == IO_OK && *got < max) {
        size_t n, room = max - *got;
        char *into = (char *)to + *got;

        if (to == NULL) {
            into = unwanted;
            room = room < RECORD ? room : RECORD;
        }
        if (!lib->SSL_read_ex(tls->ssl, into, room, &n)) {
            result = find_reason(tls, *got > 0 ? NULL : err);
            break;
        }
        step_report(&(struct step){.kind = STEP_TLS_READ,
                                   .fd = t->fd,
                                   .count = 1,
                                   .pieces = &(struct iovec){into, n},
                                   .size = n});
        *got += n;
        if (!lib->SSL_has_pending(tls->ssl))
            break;
    }
    return note_input(t, result, *got);
}

static enum io peek(struct transport *t, void *to, size_t max, size_t *got, struct error *err)
{
    struct tls_transport *tls = t->state;
    enum io result = shake_hands(tls, err);

    if (result == IO_OK && max > 0 && !tls_library()->SSL_peek_ex(tls->ssl, to, max, got))
        result = find_reason(tls, err);
    return note_input(t, result, *got);
}

/* Writing. */

/* Returns true when a failure of the wire is none of the connection: the peer has ended its
 * data in order, has all of ours, and is gone. What it has missed was close_notify, or a
 * ticket. (Another TLS connection below misses more bytes than were sent here, so that this is
 * never true by mistake.) */
static bool settle(struct tls_transport *tls, const struct error *why)
{
    const struct tls_wire *w = &tls->wire;

    tls->settled = tls->ended && why->number == ECONNRESET &&
                   tls_wire_missing(w) <= w->sent - tls->data_sent + w->shut;
    return tls->settled;
}

/* A peer that rejects us says why, in an alert, before it closes. */
static enum io fail_out(struct tls_transport *tls, struct error *err)
{
    char first;
    size_t got;

    if (!error_is_set(&tls->wire.in_failure) && tls->established && !tls->ended &&
        !tls->wire.in_ended && !tls_library()->SSL_peek_ex(tls->ssl, &first, 1, &got))
        find_reason(tls, NULL);
    error_copy(err, error_is_set(&tls->wire.in_failure) ? &tls->wire.in_failure
                                                        : &tls->wire.out_failure);
    return IO_FAILED;
}

static enum io flush(struct transport *t, struct error *err)
{
    struct tls_transport *tls = t->state;
    enum io result = tls_wire_flush(&tls->wire);

    t->holds_output = result == IO_AGAIN;
    if (result != IO_FAILED)
        return result;
    return settle(tls, &tls->wire.out_failure) ? IO_OK : fail_out(tls, err);
}

/* Sets *piece to what fills the next record: a part of iov, at offset skip, where it is in one
 * piece, or a copy in room. */
static void next_record(const struct iovec *iov, int count, size_t skip, char room[RECORD],
                        struct iovec *piece)
{
    size_t copied = 0;

    for (; count > 0 && skip >= iov->iov_len; iov++, count--)
        skip -= iov->iov_len;
    piece->iov_base = (char *)iov->iov_base + skip;
    piece->iov_len = iov->iov_len - skip;
    if (piece->iov_len >= RECORD || count == 1) {
        piece->iov_len = piece->iov_len < RECORD ? piece->iov_len : RECORD;
        return;
    }
    for (; count > 0 && copied < RECORD; iov++, count--, skip = 0) {
        size_t n = iov->iov_len - skip < RECORD - copied ? iov->iov_len - skip : RECORD - copied;

        memcpy(room + copied, (char *)iov->iov_base + skip, n);
        copied += n;
    }
    *piece = (struct iovec){room, copied};
}

static size_t length_of(const struct iovec *iov, int count)
{
    size_t length = 0;

    while (count-- > 0)
        length += iov[count].iov_len;
    return length;
}

static enum io write_tls(struct transport *t, const struct iovec *iov, int count, size_t *put,
                         struct error *err)
{
    struct tls_transport *tls = t->state;
    size_t all = length_of(iov, count);
    char room[RECORD];
    enum io result = flush(t, err);

    while (result == IO_OK && *put < all && !t->holds_output) {
        struct iovec piece;
        size_t n;

        next_record(iov, count, *put, room, &piece);
        step_report(&(struct step){.kind = STEP_TLS_WRITE,
                                   .fd = t->fd,
                                   .count = 1,
                                   .pieces = &piece,
                                   .size = piece.iov_len});
        if (!tls_library()->SSL_write_ex(tls->ssl, piece.iov_base, piece.iov_len, &n))
            tls_reason_take(&tls->wire.out_failure);
        if (error_is_set(&tls->wire.out_failure))
            return fail_out(tls, err);
        tls->data_sent = tls->wire.sent;
        *put += n;
        t->holds_output = tls_wire_holds_output(&tls->wire);
    }
    return result;
}

static enum io shut(struct transport *t, struct error *err)
{
    struct tls_transport *tls = t->state;
    enum io result;

    if (!tls->notified && tls->established && !error_is_set(&tls->wire.in_failure)) {
        tls_library()->SSL_shutdown(tls->ssl);
        tls_library()->ERR_clear_error();
    }
    tls->notified = true;
    result = flush(t, err);
    if (result != IO_OK || tls->settled)
        return result;
    result = tls_wire_shut(&tls->wire);
    t->holds_output = result == IO_AGAIN;
    if (result != IO_FAILED)
        return result;
    return settle(tls, &tls->wire.out_failure) ? IO_OK : fail_out(tls, err);
}

static size_t unacknowledged(const struct transport *t)
{
    const struct tls_transport *tls = t->state;

    return tls->settled ? 0 : tls_wire_missing(&tls->wire);
}

static bool failure(struct transport *t, struct error *err)
{
    struct tls_transport *tls = t->state;
    struct error why = {0};

    if (tls->settled || tls->wire.below.ops->failure == NULL ||
        !tls->wire.below.ops->failure(&tls->wire.below, &why))
        return false;
    if (settle(tls, &why)) {
        error_clear(&why);
        return false;
    }
    error_move(err, &why);
    return true;
}

/* A name that the client has made up, but one that any program can bear. */
static bool is_host_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

    return name != NULL && name[0] != '\0' && name[strspn(name, letters)] == '\0';
}

/* As the servers of ucspi-ssl and mod_ssl name it. */
static void describe(const struct transport *t,
                     void (*tell)(void *arg, const char *name, const char *value), void *arg)
{
    const struct tls_transport *tls = t->state;
    const struct tls_library *lib = tls_library();
    const char *wanted = lib->SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
    X509 *x = tls_context_verifies_names(tls->peer.context)
                  ? lib->SSL_get1_peer_certificate(tls->ssl)
                  : NULL;
    char *subject = x != NULL ? tls_certificate_subject(x) : NULL;

    tell(arg, "SSL_PROTOCOL", lib->SSL_get_version(tls->ssl));
    tell(arg, "SSL_CIPHER", lib->SSL_CIPHER_get_name(lib->SSL_get_current_cipher(tls->ssl)));
    if (is_host_name(wanted))
        tell(arg, "SSL_TLS_SNI_SERVERNAME", wanted);
    if (subject != NULL)
        tell(arg, "SSL_CLIENT_S_DN", subject);
    free(subject);
    lib->X509_free(x);
}

static void close_tls(struct transport *t, bool abort)
{
    struct tls_transport *tls = t->state;

    /* The alert that says why a handshake has failed must not be destroyed by a reset. But to
     * a peer that does not speak TLS only a reset says that its data has gone nowhere. */
    if (error_is_set(&tls->wire.in_failure) && !tls->established)
        abort = !tls->wire.any_input;
    if (!abort)
        shut(t, NULL);
    tls_library()->SSL_free(tls->ssl);
    tls_wire_close(&tls->wire, abort);
    error_clear(&tls->peer.reason);
    free(tls);
}

static const struct transport_ops tls_ops = {
    .read = read_tls,
    .peek = peek,
    .write = write_tls,
    .flush = flush,
    .shut = shut,
    .close = close_tls,
    .unacknowledged = unacknowledged,
    .failure = failure,
    .describe = describe,
};

static void on_message(int is_sent, int version, int type, const void *bytes, size_t length,
                       SSL *ssl, void *wire)
{
    const struct tls_wire *w = wire;

    (void)version;
    (void)ssl;
    if (type == SSL3_RT_HANDSHAKE && length > 0)
        step_report(&(struct step){.kind = STEP_TLS_MESSAGE,
                                   .fd = w->below.fd,
                                   .size = *(const unsigned char *)bytes,
                                   .is_sent = is_sent});
}

struct tls_transport *tls_transport_open(struct stream *s, struct tls_context *c, const char *host,
                                         struct error *err)
{
    struct tls_transport *tls = calloc(1, sizeof(*tls));
    struct transport over = {.ops = &tls_ops, .fd = stream_descriptor(s), .state = tls};
    BIO *bio = NULL;

    if (tls == NULL) {
        error_cause(err, ENOMEM);
        return NULL;
    }
    tls->ssl = tls_context_open(c, host, &tls->peer, err);
    if (tls->ssl != NULL && (bio = tls_wire_bio(&tls->wire)) == NULL) {
        tls_library()->SSL_free(tls->ssl);
        error_cause(err, ENOMEM);
    }
    if (bio == NULL) {
        free(tls);
        return NULL;
    }
    tls_library()->SSL_set_bio(tls->ssl, bio, bio);
    if (step_is_heard()) {
        tls_library()->SSL_set_msg_callback(tls->ssl, on_message);
        tls_library()->SSL_ctrl(tls->ssl, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, &tls->wire);
    }
    stream_wrap(s, &over, &tls->wire.below);
    return tls;
}

const struct error *tls_transport_failure(const struct tls_transport *tls)
{
    return error_is_set(&tls->wire.in_failure)    ? &tls->wire.in_failure
           : error_is_set(&tls->wire.out_failure) ? &tls->wire.out_failure
                                                  : NULL;
}

const SSL *tls_transport_connection(const struct tls_transport *tls)
{
    return tls->ssl;
}
