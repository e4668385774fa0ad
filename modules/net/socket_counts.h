/* What the kernel knows of a connection that another process reads and writes. Nothing here
 * takes a pending error away from that process. */
#ifndef NET_SOCKET_COUNTS_H
#define NET_SOCKET_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_counts {
    uint64_t in_bytes;  /* that were read */
    uint64_t out_bytes; /* that were written */
    uint64_t moved;     /* grows when the peer sends or acknowledges data */
};

/* Counts the data of a TCP connection (TCP_INFO, tcp(7)). Returns 0, or -1 with errno set:
 * the kernel counts nothing on other sockets. */
int socket_counts_read(int fd, struct socket_counts *c);

/* Returns true when the peer has reset the connection, or the kernel has given it up; false
 * while it lasts, and after both sides have closed it in order. */
bool socket_counts_is_lost(int fd);

/* Returns how many bytes have arrived and were not read. */
size_t socket_counts_unread(int fd);

#endif
