/* What the pumps of one loop share: scratch memory, lent for one callback, and a pipe. */
#ifndef CORE_WORKSPACE_H
#define CORE_WORKSPACE_H

#include "base/buf.h"
#include "core/loop.h"

struct workspace {
    struct loop *loop;
    char *scratch; /* for data that is read */
    size_t scratch_size;
    struct buf converted; /* for what filters produce */
    int pipe[2];          /* empty between two copies; {-1, -1} until it is needed */
    size_t pipe_size;
};

/* Prepares a workspace that owns nothing yet, and frees what it came to own. */
void workspace_init(struct workspace *w, struct loop *l);
void workspace_clear(struct workspace *w);

/* Returns size bytes of scratch memory, or NULL. */
char *workspace_scratch(struct workspace *w, size_t size);

/* Opens the pipe unless it is open. Returns 0, or -1 with errno set. workspace_close_pipe()
 * drops what it holds. */
int workspace_open_pipe(struct workspace *w);
void workspace_close_pipe(struct workspace *w);

#endif
