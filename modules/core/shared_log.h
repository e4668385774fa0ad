/*
 * One log of lines for all of its readers: what each still has to get is a
 * position in it (log_reader.h), so it is everybody's queue, the history, and the
 * bound on memory in one. Nothing in it grows with the number of readers. The oldest
 * lines go when there is no room for a new one; a reader that was still there is
 * overrun. What a line is does not matter here: in a room it is a line of text, in a
 * broadcast a piece of the data.
 */
#ifndef CORE_SHARED_LOG_H
#define CORE_SHARED_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct shared_log;

/* The author that no line has, and the last that there can be. */
#define SHARED_LOG_NOBODY 0
#define SHARED_LOG_AUTHOR_MAX (UINT32_MAX >> 1)

/* How far a reader that has taken none of a full log is behind. */
#define SHARED_LOG_WHOLE 1024

/* A place in the log. It stays valid, whatever is appended, until it is overrun. */
struct shared_log_position {
    uint64_t line; /* lines are numbered from 0 and never again */
    size_t offset; /* bytes of it that were taken; less than it has */
};

/* Lines that a reader does not get. */
struct shared_log_skip {
    uint32_t author;       /* those by this author; SHARED_LOG_NOBODY: none */
    uint64_t notes_before; /* notes before this line; 0: none */
};

/* A new empty log, or NULL without memory. All memory that it will ever hold,
 * text and index, is at most capacity_bytes (512 and up; what is above 2 GiB is
 * not used), and it is taken as it is needed. */
struct shared_log *shared_log_new(size_t capacity_bytes);

/* Frees it; NULL is fine. */
void shared_log_free(struct shared_log *l);

/* Appends n bytes, a whole line with whatever ends it, and gives up the oldest
 * lines for it. is_note: the line is no part of the history. Returns 0, or -1 when it is empty, or
 * larger than the whole log, or when there is no memory; nothing has changed then. */
int shared_log_append(struct shared_log *l, const void *line, size_t n, uint32_t author,
                      bool is_note);

/* Returns true when the log is smaller than it may be, since memory could not be had. */
bool shared_log_is_short(const struct shared_log *l);

/* Where the next line will be. */
struct shared_log_position shared_log_head(const struct shared_log *l);

/* The position of the oldest line there is. */
struct shared_log_position shared_log_oldest(const struct shared_log *l);

/* The position of that many lines before the head, notes not counted, or of the oldest line
 * there is that is no note, or the head. Takes time for the notes as well. */
struct shared_log_position shared_log_back(const struct shared_log *l, uint64_t lines);

/* True when something that follows the position was given up. Nothing but this
 * and shared_log_behind() may be asked of an overrun position. */
bool shared_log_is_overrun(const struct shared_log *l, struct shared_log_position p);

/* How much of what the log can hold follows the position, in parts of
 * SHARED_LOG_WHOLE and rounded up: 0 at the head, SHARED_LOG_WHOLE where it is
 * overrun. Takes the same time wherever it is. */
unsigned shared_log_behind(const struct shared_log *l, struct shared_log_position p);

/* How much of a line that was begun is left; 0 at the beginning of a line. */
size_t shared_log_rest(const struct shared_log *l, struct shared_log_position p);

/*
 * Lists up to max pieces of what follows the position, before the line until
 * (UINT64_MAX: to the head) and without the lines of skip, and returns how many
 * that are. It may be less than all there is, but 0 only when there is nothing.
 * They are valid until something is appended. As a rule all is one piece; two
 * where the ring begins anew, more only where lines are skipped.
 */
size_t shared_log_peek(const struct shared_log *l, struct shared_log_position p, uint64_t until,
                       struct shared_log_skip skip, struct iovec *iov, size_t max);

/* The position n bytes further on, where the lines of skip do not count; n is at
 * most what shared_log_peek() listed. It is not in front of a line of skip. */
struct shared_log_position shared_log_take(const struct shared_log *l, struct shared_log_position p,
                                           size_t n, struct shared_log_skip skip);

#endif
