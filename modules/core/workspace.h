/* What the pumps of one loop share: scratch memory, lent for one callback, and pipes. */
#ifndef CORE_WORKSPACE_H
#define CORE_WORKSPACE_H

#include "base/buf.h"
#include "core/loop.h"

/* A pipe through which bytes move inside the kernel. */
struct workspace_pipe {
    int ends[2];       /* as from pipe(2) */
    size_t size_bytes; /* how much it holds at most */
    size_t held_bytes;
};

enum { WORKSPACE_SPARE_PIPES = 4 };

struct workspace {
    struct loop *loop;
    char *scratch; /* for data that is read */
    size_t scratch_size;
    struct buf converted;                               /* for what filters produce */
    struct workspace_pipe spare[WORKSPACE_SPARE_PIPES]; /* empty */
    size_t spare_count;
};

/* Prepares a workspace that owns nothing yet, and frees what it came to own. */
void workspace_init(struct workspace *w, struct loop *l);
void workspace_clear(struct workspace *w);

/* Returns size bytes of scratch memory, or NULL. */
char *workspace_scratch(struct workspace *w, size_t size);

/* Takes an empty pipe. Returns 0, or -1 with errno set. workspace_give_pipe() gives it back;
 * one that still holds bytes is closed, and drops them. */
int workspace_take_pipe(struct workspace *w, struct workspace_pipe *p);
void workspace_give_pipe(struct workspace *w, struct workspace_pipe *p);

#endif
