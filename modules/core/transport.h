/*
 * What a stream reads and writes through: a socket, a local file, bytes in
 * memory. (TLS would be one more: its records and the wants of its other
 * direction stay behind these calls.) No call blocks, and no inherited
 * descriptor is made non-blocking: where a call on one could block, readiness
 * is asked for first, and no more is written than a ready descriptor takes.
 */
#ifndef CORE_TRANSPORT_H
#define CORE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/addr.h"
#include "base/error.h"

enum io {
    IO_OK,     /* some bytes went through */
    IO_AGAIN,  /* not now; readiness will be told */
    IO_END,    /* reading: there is nothing more to come */
    IO_FAILED, /* err holds why */
};

/* What the kernel can copy from or to, without our seeing the bytes. */
enum transport_kind {
    TRANSPORT_OPAQUE, /* nothing: every byte goes through read and write */
    TRANSPORT_SOCKET,
    TRANSPORT_PIPE,
    TRANSPORT_FILE, /* a regular file: its own position, or one that is given */
    TRANSPORT_SINK, /* /dev/null */
};

struct transport;

struct transport_ops {
    enum io (*read)(struct transport *t, void *to, size_t max, size_t *got, struct error *err);
    enum io (*write)(struct transport *t, const struct iovec *from, int count, size_t *put,
                     struct error *err);
    /* Reads and forgets. */
    enum io (*discard)(struct transport *t, size_t max, size_t *got, struct error *err);
    /* Ends the outgoing direction; what was written before is still delivered. */
    int (*shut)(struct transport *t, struct error *err);
    void (*close)(struct transport *t);
};

struct transport {
    const struct transport_ops *ops;
    int fd; /* -1 for memory */
    enum transport_kind kind;
    bool always_ready; /* epoll has nothing to say about it */
    bool enlarged;     /* a pipe that was made to hold more than when we got it */
    bool may_block;    /* shared and not non-blocking: ask first */
    const char *name;  /* for messages; NULL: the peer's address */
    union {
        struct addr peer; /* sockets */
        off_t position;   /* files: where to read next, or -1 for the file's own position */
        struct {
            const char *bytes;
            size_t length;
        } memory;
    };
};

/* A connected, non-blocking socket; owns fd. */
void transport_init_socket(struct transport *t, int fd, const struct addr *peer);

/* The regular file at fd, read from its beginning whatever its position is. fd is
 * not closed, so that many can read one. */
void transport_init_file(struct transport *t, int fd, const char *name);

/* length bytes to be read; they and name are not copied. */
void transport_init_memory(struct transport *t, const char *bytes, size_t length, const char *name);

/*
 * A descriptor that was inherited or opened by name, of any type; owns fd.
 * Pipes and terminals are opened anew through /proc, so that they can be
 * non-blocking for us alone. Closing one of the standard descriptors leaves
 * /dev/null in its place.
 */
void transport_init_local(struct transport *t, int fd, bool for_writing, const char *name);

/* The transport's name, written into text (ADDR_TEXT_SIZE) when it is an address. */
const char *transport_name(const struct transport *t, char *text);

/* Fills err with what reading or writing t met: errno value number. A closed
 * local output gets EXITCODE_PIPE. errno is number afterwards. */
void transport_read_error(const struct transport *t, int number, struct error *err);
void transport_write_error(const struct transport *t, int number, struct error *err);

#endif
