/* Owns the changing of one connection's text: a large read, the conversion, a write. */
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"
#include "tests/bench/lean.h"

enum { CARRY_MAX = 16 };

static int accept_only(const char *port)
{
    int listener = listen_on(parse_port(port)), fd = accept_one(listener);

    close(listener);
    return fd;
}

/* Converts what is whole in the first n bytes of in, and keeps the rest; returns its length. */
static size_t convert_block(iconv_t converter, char *in, size_t n)
{
    static char out[4 * COPY_CHUNK];
    char *from = in, *to = out;
    size_t left = n, room = sizeof(out);

    if (iconv(converter, &from, &left, &to, &room) == (size_t)-1 && errno != EINVAL)
        die_of("converting");
    if (left > CARRY_MAX)
        die("%zu bytes could not be converted", left);
    write_all(STDOUT_FILENO, out, sizeof(out) - room);
    memmove(in, from, left);
    return left;
}

void lean_convert(int count, char **arguments)
{
    static char block[CARRY_MAX + COPY_CHUNK];
    iconv_t converter = iconv_open("UTF-8", arguments[1]);
    int fd = accept_only(arguments[0]);
    size_t kept = 0;
    ssize_t n;

    (void)count;
    if (converter == (iconv_t)-1)
        die_of(arguments[1]);
    while ((n = recv(fd, block + kept, COPY_CHUNK, 0)) > 0)
        kept = convert_block(converter, block, kept + (size_t)n);
    if (n < 0)
        die_of("receiving");
    iconv_close(converter);
}

void lean_upper_stream(int count, char **arguments)
{
    static char block[SEND_CHUNK];
    int fd = accept_only(arguments[0]);
    ssize_t n;

    (void)count;
    while ((n = recv(fd, block, sizeof(block), 0)) > 0) {
        upper_ascii(block, (size_t)n);
        write_all(fd, block, (size_t)n);
    }
    if (n < 0)
        die_of("receiving");
}
