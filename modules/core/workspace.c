/* Owns the memory and the pipe that pumps borrow. */
#include "core/workspace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Unprivileged users may have pipes of this size (fs.pipe-max-size, pipe(7)). */
enum { PIPE_SIZE = 1 << 20 };

void workspace_init(struct workspace *w, struct loop *l)
{
    *w = (struct workspace){.loop = l, .pipe = {-1, -1}};
}

void workspace_clear(struct workspace *w)
{
    free(w->scratch);
    buf_free(&w->converted);
    workspace_close_pipe(w);
}

char *workspace_scratch(struct workspace *w, size_t size)
{
    if (w->scratch_size < size) {
        free(w->scratch);
        w->scratch = malloc(size);
        w->scratch_size = w->scratch != NULL ? size : 0;
    }
    return w->scratch;
}

int workspace_open_pipe(struct workspace *w)
{
    int size;

    if (w->pipe[0] >= 0)
        return 0;
    if (pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) < 0) {
        w->pipe[0] = w->pipe[1] = -1;
        return -1;
    }
    fcntl(w->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
    size = fcntl(w->pipe[1], F_GETPIPE_SZ);
    w->pipe_size = size > 0 ? (size_t)size : 4096;
    return 0;
}

void workspace_close_pipe(struct workspace *w)
{
    if (w->pipe[0] >= 0) {
        close(w->pipe[0]);
        close(w->pipe[1]);
    }
    w->pipe[0] = w->pipe[1] = -1;
}
