/* Owns how much of a piece of memory was read. */
#include "core/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct memory {
    const char *bytes;
    size_t length;
};

static enum io memory_borrow(struct transport *t, struct iovec *iov, size_t max, size_t *count,
                             struct error *err)
{
    struct memory *m = t->state;

    (void)max;
    (void)err;
    iov[0] = (struct iovec){.iov_base = (char *)m->bytes, .iov_len = m->length};
    *count = 1;
    return m->length > 0 ? IO_OK : IO_END;
}

static bool memory_take(struct transport *t, size_t n)
{
    struct memory *m = t->state;

    m->bytes += n;
    m->length -= n;
    return true; /* the end of it */
}

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
    memory_take(t, *got);
    return IO_OK;
}

static void memory_close(struct transport *t, bool abort)
{
    (void)abort;
    free(t->state);
}

static const struct transport_ops memory_ops = {
    .read = memory_read,
    .borrow = memory_borrow,
    .take = memory_take,
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
