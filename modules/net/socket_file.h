/*
 * The file of a listening unix socket: binding to a path, taking over a path that a dead
 * server left behind, and removing the file at the end.
 */
#ifndef NET_SOCKET_FILE_H
#define NET_SOCKET_FILE_H

#include <sys/stat.h>

#include "base/addr.h"

struct socket_file_options {
    bool has_mode; /* else 0600, less the umask */
    mode_t mode;
    bool has_group;
    gid_t group;
};

/* A file that bind(2) has made; {0}: none. */
struct socket_file {
    bool exists;
    int directory; /* open, so that the file is found wherever the process has moved to */
    char name[sizeof(((struct sockaddr_un *)0)->sun_path)];
    dev_t device;
    ino_t inode;
};

/*
 * Binds the socket fd to the path of a (addr_is_file()), with the mode and the group that o
 * asks for and no more rights in between. A socket there that no process has is replaced. Of
 * several processes that do so at a time, one wins. Returns 0, or -1 with err filled, a cause,
 * and no file left.
 */
int socket_file_bind(struct socket_file *f, int fd, const struct addr *a,
                     const struct socket_file_options *o, struct error *err);

/* Removes the file, unless another one has its name by now. The socket has to be open still:
 * the inode cannot be another file's then. Allowed on {0} and a second time. */
void socket_file_remove(struct socket_file *f);

#endif
