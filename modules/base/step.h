/*
 * Steps: the calls of the socket interface, each reported by the function that makes it, and
 * what TLS does between them. --explain prints them (net/explain.h). A report changes nothing,
 * errno included, and costs one comparison where nobody listens.
 */
#ifndef BASE_STEP_H
#define BASE_STEP_H

#include <stdbool.h>
#include <sys/uio.h>

#include "base/addr.h"

enum step_kind {
    STEP_LOOK_UP,  /* getaddrinfo(3): host, list; why, if it failed */
    STEP_SOCKET,   /* socket(2): fd, failure; address: what it is for */
    STEP_BIND,     /* bind(2): fd, address, failure */
    STEP_LISTEN,   /* listen(2): fd, address, failure; size: the backlog that was asked for */
    STEP_INHERIT,  /* an open socket from elsewhere: fd, address: of its peer, or where it listens
                    * (is_listening) */
    STEP_PAUSE,    /* fd: nothing is accepted for now; size: the connections that are served */
    STEP_ACCEPT,   /* accept4(2): fd, address: of the peer; listener */
    STEP_CONNECT,  /* connect(2): fd, address, failure (EINPROGRESS: the outcome follows),
                    * began_ns */
    STEP_RECV,     /* recv(2): fd, pieces, size: received; failure */
    STEP_DISCARD,  /* recv(2) of bytes that nobody sees: fd, size */
    STEP_SEND,     /* send(2): fd, pieces, count, size: sent; failure */
    STEP_FAILURE,  /* getsockopt(2), SO_ERROR: fd, failure */
    STEP_SENDFILE, /* sendfile(2): fd, size: sent */
    STEP_SPLICE_FROM, /* splice(2): fd, size: received */
    STEP_SPLICE_TO,   /* splice(2): fd, size: sent */
    STEP_LEND,        /* a program gets the socket: fd */
    STEP_TLS_MESSAGE, /* of a handshake: fd, size: its type (RFC 8446, section 4), is_sent */
    STEP_TLS_READ,    /* data that was decrypted: fd, pieces, size */
    STEP_TLS_WRITE,   /* data that is to be encrypted: fd, pieces, count, size */
    STEP_STAGE,       /* a step of the handshake is complete: fd, host: its name */
    STEP_SHUTTING,    /* shutdown(2) follows: fd */
    STEP_SHUTDOWN,    /* shutdown(2) of the sending side: fd, failure */
    STEP_CLOSE,       /* close(2), which follows: fd; is_abort: with a reset */
};

/* What a kind does not name is ignored. No pointer is kept. */
struct step {
    enum step_kind kind;
    int fd;
    int listener;
    int failure; /* an errno, or 0 */
    bool is_sent;
    bool is_abort;
    bool is_listening;
    int count; /* of pieces */
    const struct iovec *pieces;
    size_t size;
    const struct addr *address;
    const char *host; /* NULL: every local address */
    const struct addr_list *list;
    const struct error *why;
    int64_t began_ns;
};

/* From now on on_step is called with every step, in the thread that takes it; NULL: no longer. */
void step_listen(void (*on_step)(void *arg, const struct step *s), void *arg);

/* Returns true when somebody listens, so that what a report needs is to be found out. */
bool step_is_heard(void);

void step_report(const struct step *s);

/* Returns the time, or 0 where nobody listens. */
int64_t step_now_ns(void);

#endif
