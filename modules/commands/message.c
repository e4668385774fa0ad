/* Owns the message of send until it is opened as a stream. */
#include "commands/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/prompt.h"
#include "core/local.h"
#include "core/memory.h"
#include "core/whole.h"

static int join(struct buf *text, int count, char **words)
{
    for (int i = 0; i < count; i++)
        if ((i > 0 && buf_add(text, " ", 1) < 0) || buf_add(text, words[i], strlen(words[i])) < 0)
            return -1;
    return 0;
}

static int encode(struct message *m, const struct buf *text, bool is_words, struct error *err)
{
    m->is_known = true;
    return filters_encode(m->text, buf_head(text), buf_length(text), is_words, m->counts, &m->bytes,
                          err);
}

int message_find(struct message *m, int count, char **words, bool prompts, struct error *err)
{
    struct buf text = {0};
    char *asked = NULL;
    int result = 0;

    if (count == 0 && prompts) {
        asked = prompt_ask("message", true);
        if (asked == NULL) {
            error_set(err, EXITCODE_USAGE, "missing message");
            return -1;
        }
        count = 1;
        words = &asked;
    }
    if (join(&text, count, words) < 0) {
        error_errno(err, ENOMEM, "cannot read the message");
        result = -1;
    } else if (count > 0) {
        result = encode(m, &text, true, err);
        if (result < 0 && err->status == EXITCODE_DATA)
            error_prefix(err, "message");
    }
    buf_free(&text);
    free(asked);
    return result;
}

static struct stream *open_input(const struct message *m, struct run *r, struct error *err)
{
    return m->file == NULL || strcmp(m->file, "-") == 0 ? local_open_input(r->loop, err)
                                                        : local_open_file(r->loop, m->file, err);
}

static int read_all(struct message *m, struct run *r, struct error *err)
{
    struct stream *input = open_input(m, r, err);
    struct buf whole = {0};
    int result = -1;

    if (input != NULL && whole_read(r, input, &whole, err) == 0)
        result = encode(m, &whole, false, err);
    buf_free(&whole);
    return result;
}

/* Returns how many bytes a regular file has from its position on; 0: not known. */
static uint64_t size_of(const struct stream *source)
{
    int fd = stream_descriptor(source);
    struct stat status;
    off_t position;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    position = lseek(fd, 0, SEEK_CUR);
    return position >= 0 && position < status.st_size ? (uint64_t)(status.st_size - position) : 0;
}

struct stream *message_open(struct message *m, struct run *r, bool whole, struct error *err)
{
    struct stream *source;

    if (!m->is_known && whole && read_all(m, r, err) < 0)
        return NULL;
    if (m->is_known) {
        m->size = buf_length(&m->bytes);
        return memory_open(r->loop, buf_head(&m->bytes), m->size, "the message", err);
    }
    source = open_input(m, r, err);
    if (source != NULL && filters_outgoing_are_none(m->text))
        m->size = size_of(source);
    return source;
}

void message_clear(struct message *m)
{
    buf_free(&m->bytes);
}
