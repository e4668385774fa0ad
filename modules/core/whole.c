/* Owns the limit on what is kept in memory. */
#include "core/whole.h"

#include <errno.h>

enum { PIECE = 64 << 10, ROUNDS = 16 };

struct whole {
    struct run *run;
    struct stream *input;
    struct buf *bytes;
    struct error *err;
    bool done;
};

static void finish(struct whole *w)
{
    w->done = true;
    stream_set_reader(w->input, NULL, NULL);
    loop_stop(w->run->loop);
}

static enum io read_piece(struct whole *w)
{
    char *to = buf_reserve(w->bytes, PIECE);
    size_t got = 0;
    enum io result;

    if (to == NULL) {
        error_errno(w->err, ENOMEM, "error reading %s", stream_name(w->input));
        return IO_FAILED;
    }
    result = stream_read(w->input, to, PIECE, &got);
    buf_added(w->bytes, got);
    if (result == IO_FAILED)
        error_copy(w->err, stream_failure(w->input));
    if (buf_length(w->bytes) <= WHOLE_MAX)
        return result;
    error_set(w->err, EXITCODE_FAILED, "error reading %s: more than %d MiB", stream_name(w->input),
              WHOLE_MAX >> 20);
    return IO_FAILED;
}

static void on_readable(void *arg)
{
    struct whole *w = arg;
    enum io result = IO_OK;

    for (int i = 0; i < ROUNDS && result == IO_OK; i++)
        result = read_piece(w);
    if (result == IO_END || result == IO_FAILED)
        finish(w);
}

int whole_read(struct run *r, struct stream *input, struct buf *to, struct error *err)
{
    struct error why = {0};
    struct whole w = {.run = r, .input = input, .bytes = to, .err = &why};

    stream_set_reader(input, on_readable, &w);
    run_loop(r);
    stream_close(input, STREAM_AT_ONCE);
    if (w.done && !error_is_set(&why) && !run_is_over(r))
        return 0;
    error_move(err, &why);
    return -1;
}
