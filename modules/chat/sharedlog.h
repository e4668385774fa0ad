/*
 * One log of lines for all members of a room: what each still has to get is a
 * position in it, so it is everybody's queue, the history, and the bound on
 * memory in one. Nothing in it grows with the number of readers. The oldest
 * lines go when there is no room for a new one; a reader that was still there is
 * overrun.
 */
#ifndef CHAT_SHAREDLOG_H
#define CHAT_SHAREDLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct sharedlog;

/* The author that no line has: with it nothing is skipped. */
#define SHAREDLOG_NOBODY 0

/* How far a reader that has taken none of a full log is behind. */
#define SHAREDLOG_WHOLE 1024

/* A place in the log. It stays valid, whatever is appended, until it is overrun. */
struct sharedlog_position {
    uint64_t line; /* lines are numbered from 0 and never again */
    size_t offset; /* bytes of it that were taken; less than it has */
};

/* A new empty log, or NULL without memory. All memory that it will ever hold,
 * text and index, is at most capacity_bytes (512 and up; what is above 2 GiB is
 * not used), and it is taken as it is needed. */
struct sharedlog *sharedlog_new(size_t capacity_bytes);

/* Frees it; NULL is fine. */
void sharedlog_free(struct sharedlog *l);

/* Appends n bytes, a whole line with whatever ends it, and gives up the oldest
 * lines for it. Returns 0, or -1 when it is empty, or larger than the whole log,
 * or when there is no memory; nothing has changed then. */
int sharedlog_append(struct sharedlog *l, const void *line, size_t n, uint32_t author);

/* Where the next line will be. */
struct sharedlog_position sharedlog_head(const struct sharedlog *l);

/* The position that many lines before the head, or the oldest line there is. */
struct sharedlog_position sharedlog_back(const struct sharedlog *l, uint64_t lines);

/* True when something that follows the position was given up. Nothing but this
 * and sharedlog_behind() may be asked of an overrun position. */
bool sharedlog_is_overrun(const struct sharedlog *l, struct sharedlog_position p);

/* How much of what the log can hold follows the position, in parts of
 * SHAREDLOG_WHOLE and rounded up: 0 at the head, SHAREDLOG_WHOLE where it is
 * overrun. Takes the same time wherever it is. */
unsigned sharedlog_behind(const struct sharedlog *l, struct sharedlog_position p);

/* How much of a line that was begun is left; 0 at the beginning of a line. */
size_t sharedlog_rest(const struct sharedlog *l, struct sharedlog_position p);

/*
 * Lists up to max pieces of what follows the position, before the line until
 * (UINT64_MAX: to the head) and without the lines by skip, and returns how many
 * that are. It may be less than all there is, but 0 only when there is nothing.
 * They are valid until something is appended. As a rule all is one piece; two
 * where the ring begins anew, more only where lines are skipped.
 */
size_t sharedlog_peek(const struct sharedlog *l, struct sharedlog_position p, uint64_t until,
                      uint32_t skip, struct iovec *iov, size_t max);

/* The position n bytes further on, where the lines by skip do not count; n is at
 * most what sharedlog_peek() listed. It is not in front of a line by skip. */
struct sharedlog_position sharedlog_take(const struct sharedlog *l, struct sharedlog_position p,
                                         size_t n, uint32_t skip);

#endif
