/*
 * Local inputs and outputs as streams: what the program was started with, and files opened
 * by name. No inherited descriptor is made non-blocking, since O_NONBLOCK belongs to the
 * open file description, which the starting shell shares; open(2). Pipes and terminals are
 * opened again through /proc; where that cannot be, readiness is asked for first.
 */
#ifndef CORE_LOCAL_H
#define CORE_LOCAL_H

#include <signal.h>

#include "core/stream.h"

/* What the program was started with. */
struct local_startup {
    bool input_closed;     /* <&- */
    bool output_closed[2]; /* >&-, 2>&- */
    sigset_t blocked;
    struct sigaction on_pipe;
    struct sigaction on_background_read;
    struct sigaction on_child_end;
};

/*
 * Call first. Occupies 0 to 2 where they were closed, so that nothing opened later is taken
 * for one: reading or writing there fails as on a closed one. Ignores SIGPIPE (splice(2)
 * and sendfile(2) would raise it) and SIGTTIN (the read of a background job fails instead
 * of stopping the whole program). Gives SIGCHLD its default effect, since with
 * an inherited SIG_IGN nothing is known of how a child ended (wait(2)), and blocks it, so that
 * no thread takes it from where it is waited for.
 * Process 1 of a PID namespace ends by SIGHUP, SIGINT, SIGQUIT and SIGTERM, with status 128+N, and
 * leaves no zombie of another process; it ignores SIGCHLD until local_expect_children().
 */
struct local_startup local_start(void);

/* From now on it is to be known how the children of this process have ended. */
void local_expect_children(void);

/* Gives signals back the effect and the mask that they had at the start: for a program that
 * is to be executed, and to die of a signal. */
void local_restore_signals(const struct local_startup *s);

/* Closes the standard descriptors that were closed at the start: for a program that is to be
 * executed in the place of this one. */
void local_restore_descriptors(const struct local_startup *s);

/* Open standard input, standard output, and a file to be read; a FIFO is not waited for.
 * Shared output is written by several loops, all but the first of which open it again. path
 * is not copied. Return NULL with err filled on failure. Closing a standard descriptor
 * leaves one in its place that can neither be read nor written. */
struct stream *local_open_input(struct loop *l, struct error *err);
struct stream *local_open_output(struct loop *l, struct error *err);
struct stream *local_open_output_shared(struct loop *l, bool again, struct error *err);
struct stream *local_open_file(struct loop *l, const char *path, struct error *err);

/* Open a file to append to, which is made when it is not there, and standard error, which stays
 * open when the stream is closed. path is not copied. Return NULL with err filled on failure. */
struct stream *local_append_file(struct loop *l, const char *path, struct error *err);
struct stream *local_open_error_output(struct loop *l, struct error *err);

/* Takes over one end of a pipe whose other end another process has, and makes it
 * non-blocking. */
struct stream *local_open_pipe(struct loop *l, int fd, bool for_writing, const char *name,
                               struct error *err);

/* Reads the regular file fd from its beginning, whatever its position is. fd is not closed,
 * so that many streams can read it. */
struct stream *local_share_file(struct loop *l, int fd, const char *name, struct error *err);

/* Prepares a transport that writes to standard error. */
void local_init_error_output(struct transport *t);

#endif
