/* Owns the bytes of records. Knows nothing about what is in them. */
#include "net/tls_wire.h"

#include <errno.h>
#include <pthread.h>

#include "net/tls_reason.h"

enum {
    HELD_MAX = 256 << 10,        /* a peer that provokes replies and reads none */
    CLOSE_DISCARD_MAX = 1 << 20, /* a peer that keeps sending cannot delay a close for ever */
};

/* Never refuses. A failure is kept until data is to be sent: the peer may have sent data
 * before it was gone, which is still read. */
static int on_write(BIO *bio, const char *bytes, int length)
{
    struct tls_wire *w = tls_library()->BIO_get_data(bio);
    struct iovec piece = {(char *)bytes, (size_t)length};
    size_t n = (size_t)length, put = 0;

    if (error_is_set(&w->out_failure))
        return length;
    if (buf_length(&w->held) == 0 &&
        w->below.ops->write(&w->below, &piece, 1, &put, &w->out_failure) == IO_FAILED)
        return length;
    w->sent += n;
    if (put < n && (buf_length(&w->held) > HELD_MAX || buf_add(&w->held, bytes + put, n - put) < 0))
        error_cause(&w->out_failure, ENOBUFS);
    return length;
}

static int on_read(BIO *bio, char *to, int max)
{
    const struct tls_library *lib = tls_library();
    struct tls_wire *w = lib->BIO_get_data(bio);
    size_t got = 0;

    lib->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    switch (w->below.ops->read(&w->below, to, (size_t)max, &got, &w->in_failure)) {
    case IO_OK:
        if (!w->any_input && !tls_reason_is_tls(*to)) {
            tls_reason_not_tls(to, got, &w->in_failure);
            return -1;
        }
        w->any_input = true;
        return (int)got;
    case IO_AGAIN:
        lib->BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    case IO_END:
        w->in_ended = true;
        return 0;
    case IO_FAILED:
        break;
    }
    return -1;
}

static long on_control(BIO *bio, int command, long number, void *argument)
{
    const struct tls_wire *w = tls_library()->BIO_get_data(bio);

    (void)number;
    (void)argument;
    return command == BIO_CTRL_FLUSH || (command == BIO_CTRL_EOF && w->in_ended);
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
    const struct tls_library *lib = tls_library();

    method = lib->BIO_meth_new(BIO_TYPE_SOURCE_SINK, "tcptool transport");
    if (method == NULL)
        return;
    lib->BIO_meth_set_write(method, on_write);
    lib->BIO_meth_set_read(method, on_read);
    lib->BIO_meth_set_ctrl(method, on_control);
}

BIO *tls_wire_bio(struct tls_wire *w)
{
    const struct tls_library *lib = tls_library();
    BIO *bio;

    pthread_once(&method_once, make_method);
    bio = method != NULL ? lib->BIO_new(method) : NULL;
    if (bio == NULL)
        return NULL;
    lib->BIO_set_data(bio, w);
    lib->BIO_set_init(bio, 1);
    return bio;
}

bool tls_wire_holds_output(const struct tls_wire *w)
{
    return buf_length(&w->held) > 0 || w->below.holds_output;
}

enum io tls_wire_flush(struct tls_wire *w)
{
    while (buf_length(&w->held) > 0 && !error_is_set(&w->out_failure)) {
        struct iovec piece = {buf_head(&w->held), buf_length(&w->held)};
        size_t put = 0;

        if (w->below.ops->write(&w->below, &piece, 1, &put, &w->out_failure) == IO_AGAIN)
            return IO_AGAIN;
        buf_consume(&w->held, put);
    }
    if (w->below.holds_output && !error_is_set(&w->out_failure) &&
        w->below.ops->flush(&w->below, &w->out_failure) == IO_AGAIN)
        return IO_AGAIN;
    if (error_is_set(&w->out_failure))
        return IO_FAILED;
    buf_free(&w->held);
    return IO_OK;
}

enum io tls_wire_shut(struct tls_wire *w)
{
    enum io result = IO_OK;

    if (!w->shut && w->below.ops->shut != NULL)
        result = w->below.ops->shut(&w->below, &w->out_failure);
    w->shut = w->shut || result == IO_OK;
    return result;
}

size_t tls_wire_missing(const struct tls_wire *w)
{
    const struct transport *below = &w->below;
    size_t missing = below->ops->unacknowledged != NULL ? below->ops->unacknowledged(below) : 0;

    return missing + buf_length(&w->held);
}

static void discard_input(struct tls_wire *w)
{
    size_t got = 0;

    for (size_t all = 0; all < CLOSE_DISCARD_MAX; all += got)
        if (w->below.ops->read(&w->below, NULL, CLOSE_DISCARD_MAX, &got, NULL) != IO_OK)
            return;
}

void tls_wire_close(struct tls_wire *w, bool abort)
{
    if (!abort && error_is_set(&w->in_failure))
        discard_input(w);
    w->below.ops->close(&w->below, abort);
    buf_free(&w->held);
    error_clear(&w->in_failure);
    error_clear(&w->out_failure);
}
