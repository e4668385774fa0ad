/* Owns the memory and the pipes that pumps borrow. */
#include "core/workspace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Unprivileged users may have pipes of this size (fs.pipe-max-size, pipe(7)). */
enum { PIPE_SIZE = 1 << 20 };

void workspace_init(struct workspace *w, struct loop *l)
{
    *w = (struct workspace){.loop = l};
}

static void close_pipe(const struct workspace_pipe *p)
{
    close(p->ends[0]);
    close(p->ends[1]);
}

void workspace_clear(struct workspace *w)
{
    free(w->scratch);
    buf_free(&w->converted);
    while (w->spare_count > 0)
        close_pipe(&w->spare[--w->spare_count]);
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

int workspace_take_pipe(struct workspace *w, struct workspace_pipe *p)
{
    int size;

    if (w->spare_count > 0) {
        *p = w->spare[--w->spare_count];
        return 0;
    }
    if (pipe2(p->ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    fcntl(p->ends[1], F_SETPIPE_SZ, PIPE_SIZE);
    size = fcntl(p->ends[1], F_GETPIPE_SZ);
    p->size_bytes = size > 0 ? (size_t)size : 4096;
    p->held_bytes = 0;
    return 0;
}

void workspace_give_pipe(struct workspace *w, struct workspace_pipe *p)
{
    if (p->held_bytes == 0 && w->spare_count < WORKSPACE_SPARE_PIPES)
        w->spare[w->spare_count++] = *p;
    else
        close_pipe(p);
}
