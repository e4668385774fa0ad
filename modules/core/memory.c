/* Owns how much of a piece of memory was read. */
#include "core/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct memory {
    const char *bytes;
    size_t length;
};

static enum io memory_read(struct transport *t, void *to, size_t max, size_t *got,
                           struct error *err)
{
    struct memory *m = t->state;

    (void)err;
    if (m->length == 0)
        return IO_END;
    *got = m->length < max ? m->length : max;
    if (to != NULL)
        memcpy(to, m->bytes, *got);
    m->bytes += *got;
    m->length -= *got;
    return IO_OK;
}

static size_t memory_borrow(struct transport *t, struct iovec *iov, size_t max)
{
    struct memory *m = t->state;

    if (max == 0 || m->length == 0)
        return 0;
    iov[0] = (struct iovec){.iov_base = (char *)m->bytes, .iov_len = m->length};
    return 1;
}

static void memory_close(struct transport *t, bool abort)
{
    (void)abort;
    free(t->state);
}

static const struct transport_ops memory_ops = {
    .read = memory_read,
    .borrow = memory_borrow,
    .close = memory_close,
};

struct stream *memory_open(struct loop *l, const char *bytes, size_t length, const char *name,
                           struct error *err)
{
    struct memory *m = malloc(sizeof(*m));
    struct transport t = {.ops = &memory_ops, .fd = -1, .always_ready = true, .state = m};

    if (m == NULL) {
        error_errno(err, ENOMEM, "cannot read %s", name);
        return NULL;
    }
    *m = (struct memory){bytes, length};
    return stream_new(l, &t, name, NULL, err);
}
