/* Owns the servers: one thread, one epoll loop, no memory per connection. They serve until they
 * are killed. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/lean.h"

enum { BATCH = 256, ACCEPT_BATCH = 64, BLOCK = 64 << 10, SAYINGS = 64 };

/* What a member of a room has said, in the server's block. */
struct saying {
    int fd;
    size_t start;
    size_t bytes;
};

struct server {
    int listener;
    int epoll_fd;
    void (*on_client)(struct server *s, int fd);
    void (*on_data)(struct server *s, int fd);
    void (*on_round)(struct server *s); /* NULL, or called after each batch of events */
    int *members;                       /* of a room */
    size_t member_count;
    struct saying said[SAYINGS];
    size_t said_count;
    size_t said_bytes;
    char block[BLOCK];
};

static void accept_batch(struct server *s)
{
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        s->on_client(s, fd);
    }
}

_Noreturn static void serve(struct server *s, unsigned port)
{
    s->epoll_fd = new_epoll();
    s->listener = listen_on(port);
    watch(s->epoll_fd, s->listener, EPOLLIN, (uint64_t)s->listener);
    for (;;) {
        struct epoll_event events[BATCH];
        int n = epoll_wait(s->epoll_fd, events, BATCH, -1);

        for (int i = 0; i < n; i++) {
            int fd = (int)events[i].data.u64;

            if (fd == s->listener)
                accept_batch(s);
            else
                s->on_data(s, fd);
        }
        if (s->on_round != NULL)
            s->on_round(s);
    }
}

static void watch_client(struct server *s, int fd)
{
    set_nodelay(fd);
    watch(s->epoll_fd, fd, EPOLLIN, (uint64_t)fd);
}

/* What a client does not take at once is beyond this program. */
static void send_all(int fd, const char *bytes, size_t n)
{
    if (send(fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n && errno != EPIPE && errno != ECONNRESET)
        die_of("a client is slow");
}

static void echo_data(struct server *s, int fd)
{
    ssize_t n = recv(fd, s->block, sizeof(s->block), 0);

    if (n > 0)
        send_all(fd, s->block, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        close(fd);
}

void lean_echo(int count, char **arguments)
{
    static struct server s = {.on_client = watch_client, .on_data = echo_data};

    (void)count;
    serve(&s, parse_port(arguments[0]));
}

static char upper_of(char c)
{
    return (char)(c - (c >= 'a' && c <= 'z' ? 'a' - 'A' : 0));
}

/* In blocks of one length, which compilers turn into vector instructions. */
void upper_ascii(char *bytes, unsigned long n)
{
    enum { BLOCK_BYTES = 64 };
    unsigned long i = 0;

    for (; i + BLOCK_BYTES <= n; i += BLOCK_BYTES)
        for (unsigned long j = 0; j < BLOCK_BYTES; j++)
            bytes[i + j] = upper_of(bytes[i + j]);
    for (; i < n; i++)
        bytes[i] = upper_of(bytes[i]);
}

/* Answers what the first read brings, ends its side, and closes when the other has ended: no
 * answer is lost by a reset. False when there is something to wait for. */
static bool answer_upper(struct server *s, int fd)
{
    ssize_t n;

    while ((n = recv(fd, s->block, sizeof(s->block), 0)) > 0) {
        upper_ascii(s->block, (size_t)n);
        send_all(fd, s->block, (size_t)n);
        shutdown(fd, SHUT_WR);
    }
    if (n < 0 && errno == EAGAIN)
        return false;
    close(fd);
    return true;
}

static void upper_data(struct server *s, int fd)
{
    answer_upper(s, fd);
}

/* Most have sent their line by the time they are accepted. */
static void upper_client(struct server *s, int fd)
{
    if (!answer_upper(s, fd))
        watch(s->epoll_fd, fd, EPOLLIN, (uint64_t)fd);
}

void lean_upper(int count, char **arguments)
{
    static struct server s = {.on_client = upper_client, .on_data = upper_data};

    (void)count;
    serve(&s, parse_port(arguments[0]));
}

/* Everything that was said since the last time leaves in one call for each member. */
static void tell_room(struct server *s)
{
    for (size_t i = 0; i < s->member_count && s->said_count > 0; i++) {
        struct iovec pieces[SAYINGS];
        struct msghdr message = {.msg_iov = pieces};

        for (size_t j = 0; j < s->said_count; j++)
            if (s->said[j].fd != s->members[i])
                pieces[message.msg_iovlen++] =
                    (struct iovec){s->block + s->said[j].start, s->said[j].bytes};
        if (message.msg_iovlen > 0 && sendmsg(s->members[i], &message, MSG_NOSIGNAL) < 0 &&
            errno != EPIPE && errno != ECONNRESET)
            die_of("a member is slow");
    }
    s->said_count = s->said_bytes = 0;
}

static void join_room(struct server *s, int fd)
{
    int *members = reallocarray(s->members, s->member_count + 1, sizeof(*members));

    if (members == NULL)
        die("no memory for a member");
    s->members = members;
    s->members[s->member_count++] = fd;
    watch_client(s, fd);
}

static void leave_room(struct server *s, int fd)
{
    for (size_t i = 0; i < s->member_count; i++)
        if (s->members[i] == fd)
            s->members[i] = s->members[--s->member_count];
    close(fd);
}

/* What one says goes to all others, as it is. */
static void hear_member(struct server *s, int fd)
{
    struct saying *said = &s->said[s->said_count];
    ssize_t n = recv(fd, s->block + s->said_bytes, sizeof(s->block) - s->said_bytes, 0);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            leave_room(s, fd);
        return;
    }
    *said = (struct saying){.fd = fd, .start = s->said_bytes, .bytes = (size_t)n};
    s->said_bytes += (size_t)n;
    s->said_count++;
    if (s->said_count == SAYINGS || s->said_bytes > sizeof(s->block) / 2)
        tell_room(s);
}

void lean_room(int count, char **arguments)
{
    static struct server s = {
        .on_client = join_room, .on_data = hear_member, .on_round = tell_room};

    (void)count;
    serve(&s, parse_port(arguments[0]));
}
