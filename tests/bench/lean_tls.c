/* Owns the leanest programs that do the work of one row with OpenSSL. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/lean.h"
#include "tests/bench/tls.h"

enum { BATCH = 256, FDS_MAX = 4096 };

void lean_tls_receive(int count, char **arguments)
{
    static char block[COPY_CHUNK];
    int listener = listen_on(parse_port(arguments[0])), fd = accept_one(listener);
    SSL *ssl = open_tls(new_tls(arguments[1]), fd, true);
    size_t got = 0, n;

    (void)count;
    while (SSL_read_ex(ssl, block + got, sizeof(block) - got, &n)) {
        got += n;
        if (got < sizeof(block) && SSL_has_pending(ssl))
            continue;
        write_all(STDOUT_FILENO, block, got);
        got = 0;
    }
    write_all(STDOUT_FILENO, block, got);
    SSL_shutdown(ssl);
    close(fd);
}

void lean_tls_send(int count, char **arguments)
{
    static char block[COPY_CHUNK];
    int fd = connect_to(parse_port(arguments[0]));
    SSL *ssl = open_tls(new_tls(NULL), fd, false);
    ssize_t n;

    (void)count;
    SSL_clear_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
    while ((n = read(STDIN_FILENO, block, sizeof(block))) > 0)
        if (SSL_write(ssl, block, (int)n) <= 0)
            die_of_tls("sending");
    if (n < 0)
        die_of("reading");
    SSL_shutdown(ssl);
    shutdown(fd, SHUT_WR);
    while (SSL_read(ssl, block, sizeof(block)) > 0)
        continue;
}

static void echo(SSL *clients[], int fd)
{
    char block[SSL3_RT_MAX_PLAIN_LENGTH];
    SSL *ssl = clients[fd];
    int n;

    do {
        n = SSL_read(ssl, block, sizeof(block));
        if (n > 0 && SSL_write(ssl, block, n) != n)
            die_of_tls("a client is slow");
    } while (n > 0 && SSL_has_pending(ssl));
    if (n > 0 || SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ)
        return;
    SSL_shutdown(ssl);
    SSL_free(ssl);
    clients[fd] = NULL;
    close(fd);
}

void lean_tls_echo(int count, char **arguments)
{
    static SSL *clients[FDS_MAX];
    SSL_CTX *ctx = new_tls(arguments[1]);
    int listener = listen_on(parse_port(arguments[0])), epoll_fd = new_epoll();

    (void)count;
    watch(epoll_fd, listener, EPOLLIN, (uint64_t)listener);
    for (;;) {
        struct epoll_event events[BATCH];
        int n = epoll_wait(epoll_fd, events, BATCH, -1), fd;

        for (int i = 0; i < n; i++) {
            if ((int)events[i].data.u64 != listener) {
                echo(clients, (int)events[i].data.u64);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0 && fd < FDS_MAX) {
                clients[fd] = open_tls(ctx, fd, true);
                set_nodelay(fd);
                watch(epoll_fd, fd, EPOLLIN, (uint64_t)fd);
            }
        }
    }
}
