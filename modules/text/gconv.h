/*
 * A conversion descriptor of iconv(3), with what the filters need to know of its
 * encoding. Works in every locale, LC_ALL=C too.
 */
#ifndef TEXT_GCONV_H
#define TEXT_GCONV_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct gconv {
    iconv_t cd;
    size_t block;  /* how much iconv is given at a time */
    bool is_ascii; /* ASCII bytes are themselves on both sides, and never change a state */
};

/* The names that iconv is asked for as UTF-8. */
bool gconv_is_utf8(const char *name);

/* True for an encoding of which the C library's converter reads valid text wrongly after an
 * error, depending on how the input is cut (ISO-2022-CN-EXT in glibc 2.36). */
bool gconv_loses_its_place(const char *name);

/* Opens a conversion. Returns 0, or -1 with errno set (EINVAL: not known).
 * gconv_close() ends it. */
int gconv_open(struct gconv *g, const char *to, const char *from);

void gconv_close(struct gconv *g);

/*
 * Converts from *in on and appends to out, and moves *in and *n past what was
 * converted. Returns 0 when that is all; else
 *   EINVAL  what is left is the beginning of a sequence;
 *   EILSEQ  what is left begins with what cannot be read or cannot be written;
 *   ENOMEM  there is no memory.
 */
int gconv_convert(struct gconv *g, const char **in, size_t *n, struct buf *out);

/* Appends a character that the conversion holds back (to see whether the next
 * combines with it) and the sequence that returns to the initial state, and
 * begins anew. Returns 0 or ENOMEM. */
int gconv_end(struct gconv *g, struct buf *out);

/* How many bytes of the encoding belong together where a sequence is invalid: 2
 * in UTF-16 and UCS-2, 4 in UTF-32 and UCS-4, else 1. 0, with errno set, when it cannot be
 * opened. */
size_t gconv_unit(const char *name);

/* For a conversion that reads name: true when there is a byte that is a letter
 * but is held back in case the next combines with it (windows-1255, -1258, TCVN). */
bool gconv_holds_back(const char *name);

#endif
