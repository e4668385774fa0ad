/* The descriptors that a program is started with, which may be anything, or closed. */
#ifndef CORE_STDIO_H
#define CORE_STDIO_H

#include <stdbool.h>

#include "core/stream.h"

/* What the program was started with. */
struct stdio {
    bool input_closed; /* <&- */
    bool pipe_kills;   /* SIGPIPE was not ignored */
};

/*
 * Call first. Occupies 0 to 2 where they were closed, so that nothing opened
 * later is taken for one: reading or writing there fails as on a closed one.
 * Ignores SIGPIPE (splice(2) and sendfile(2) would raise it) and SIGTTIN (a
 * background job's read fails instead of stopping the whole program).
 */
struct stdio stdio_init(void);

/* Open standard input, standard output (once more, for another loop) or a file as a
 * stream. Return 0, or -1 with err filled. The name is not copied. */
int stdio_open_input(struct stream *s, struct loop *l, struct error *err);
int stdio_open_output(struct stream *s, struct loop *l, struct error *err);
int stdio_open_output_again(struct stream *s, struct loop *l, struct error *err);
int stdio_open_file(struct stream *s, struct loop *l, const char *path, struct error *err);

/* Ends the process as a filter whose reader is gone: by SIGPIPE, silently.
 * Returns when SIGPIPE was ignored at the start. */
void stdio_die_of_pipe(const struct stdio *io);

#endif
