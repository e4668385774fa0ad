/* Owns the reading of TCP_INFO, of whose struct <netinet/tcp.h> has only a part. */
#include "net/socket_counts.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    STATE_FIN_WAIT1 = 4,
    STATE_CLOSED = 7,
    STATE_CLOSE_WAIT = 8,
    STATE_LAST_ACK = 9,
    STATE_CLOSING = 11,
};

static int read_info(int fd, struct tcp_info *info)
{
    socklen_t length = sizeof(*info);

    *info = (struct tcp_info){0};
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length);
}

static uint64_t sent_bytes(const struct tcp_info *info)
{
    return info->tcpi_bytes_sent - info->tcpi_bytes_retrans;
}

/* The end of data counts as a byte where it is received, where it is acknowledged, and while it
 * is not sent. */
static bool end_is_acknowledged(const struct tcp_info *info)
{
    return info->tcpi_bytes_acked > sent_bytes(info);
}

static bool end_is_received(const struct tcp_info *info)
{
    switch (info->tcpi_state) {
    case STATE_CLOSE_WAIT:
    case STATE_LAST_ACK:
    case STATE_CLOSING:
        return true;
    default:
        return info->tcpi_state == STATE_CLOSED && end_is_acknowledged(info);
    }
}

static uint64_t unsent_bytes(const struct tcp_info *info)
{
    switch (info->tcpi_state) {
    case STATE_FIN_WAIT1:
    case STATE_LAST_ACK:
    case STATE_CLOSING:
        return info->tcpi_notsent_bytes - (info->tcpi_notsent_bytes > 0);
    default:
        return info->tcpi_notsent_bytes;
    }
}

size_t socket_counts_unread(int fd)
{
    int count = 0;

    return ioctl(fd, SIOCINQ, &count) < 0 || count < 0 ? 0 : (size_t)count;
}

int socket_counts_read(int fd, struct socket_counts *c)
{
    struct tcp_info info;
    size_t unread = socket_counts_unread(fd);

    if (read_info(fd, &info) < 0)
        return -1;
    c->in_bytes = info.tcpi_bytes_received - end_is_received(&info);
    c->in_bytes -= unread < c->in_bytes ? unread : c->in_bytes;
    c->moved = info.tcpi_bytes_received + info.tcpi_bytes_acked;
    c->out_bytes = sent_bytes(&info) + unsent_bytes(&info);
    return 0;
}

bool socket_counts_is_lost(int fd)
{
    struct tcp_info info;
    struct pollfd error = {.fd = fd};

    if (read_info(fd, &info) == 0)
        return info.tcpi_state == STATE_CLOSED && !end_is_acknowledged(&info);
    return poll(&error, 1, 0) > 0 && (error.revents & POLLERR);
}
