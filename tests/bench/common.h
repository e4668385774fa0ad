/*
 * What the load generator and the leanest programs share: modes chosen by the
 * first argument, failing with a sentence, sockets on loopback, time. These
 * programs measure; where anything is not as it should be, they stop.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stddef.h>
#include <stdint.h>

/* SEND_CHUNK: more than this in one call to a socket was measured to be slower. */
enum { KERNEL_CHUNK = 1 << 20, COPY_CHUNK = 128 << 10, SEND_CHUNK = 40 << 10 };

/* One thing that a program can do. */
struct mode {
    const char *name;
    const char *arguments; /* for the message when they are too few */
    int needed;            /* how many arguments it cannot do without */
    void (*run)(int count, char **arguments);
};

/* Runs the mode that argv[1] names with the arguments after it. */
int run_mode(const struct mode *modes, size_t count, int argc, char **argv);

/* Say why on standard error and end with 1; die_of() adds what errno means. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die_of(const char *what);

/* A whole number, perhaps with K, M or G; seconds, perhaps a fraction. */
uint64_t parse_number(const char *word);
double parse_seconds(const char *word);
unsigned parse_port(const char *word);

/* Monotonic seconds. */
double now_s(void);

/* As many descriptors as the system lets this process have. */
void raise_descriptor_limit(void);

/* Non-blocking listener on 127.0.0.1; port 0: the system chooses. */
int listen_on(unsigned port);
unsigned port_of(int fd);

/* A blocking connection to 127.0.0.1. */
int connect_to(unsigned port);

/* One that has perhaps only begun, from the from-th address of 127.0.0.0/24: ports
 * of one address, of which closed connections keep theirs for a minute, would be
 * used up within a second or two. */
int begin_connect(unsigned port, unsigned from);

/* The next connection, blocking; waits for it. */
int accept_one(int listener);

void set_nonblocking(int fd);
void set_blocking(int fd);
void set_nodelay(int fd);

void write_all(int fd, const char *bytes, size_t n);

/* Reads until the peer ends. */
void read_to_end(int fd);

/* An epoll that knows fd, which is reported as data. */
int new_epoll(void);
void watch(int epoll_fd, int fd, uint32_t events, uint64_t data);

#endif
