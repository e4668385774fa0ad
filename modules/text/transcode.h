/*
 * Text from one encoding into another, by the C library's iconv, with what
 * cannot be converted handled as the user asked for. One filter is one direction
 * of one connection: it keeps half a character, a shift state and the byte order
 * until the next feed.
 */
#ifndef TEXT_TRANSCODE_H
#define TEXT_TRANSCODE_H

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>

#include "text/filter.h"

/* No name of an encoding is longer, with its end. */
#define TRANSCODE_NAME_MAX 64

/* How to handle conversion errors: bytes that are invalid in the encoding read, and characters
 * that the encoding written lacks. */
enum transcode_policy {
    TRANSCODE_STRICT,  /* the filter fails, with EXITCODE_DATA */
    TRANSCODE_REPLACE, /* inward: bytes become U+FFFD, a character "?"; outward: both "?" */
    TRANSCODE_ESCAPE,  /* bytes become \xNN each, a character \u{N} */
    TRANSCODE_IGNORE,  /* both are discarded */
};

enum transcode_direction {
    TRANSCODE_INWARD,  /* from the wire to the local encoding */
    TRANSCODE_OUTWARD, /* from the local encoding to the wire */
};

/* Counts the conversion errors of all filters that share it. Not for two threads at a time. */
struct transcode_count {
    uint64_t errors;
};

/* Is this a name of an encoding that iconv knows? Returns 0, or -1 and fills err
 * (EXITCODE_USAGE). An empty name, and any with a suffix such as //TRANSLIT, is
 * none. */
int transcode_check(const char *name, struct error *err);

/* {0}: nothing is held. */
struct transcode_hold {
    bool is_held;
    iconv_t reading, writing;
};

/* Keeps the modules of an encoding in memory until transcode_let_go(): where the C library cannot
 * open files any more, filters can be made all the same. The encoding has passed
 * transcode_check(). Returns 0, or -1 with err filled. */
int transcode_keep(struct transcode_hold *h, const char *name, struct error *err);
void transcode_let_go(struct transcode_hold *h);

/*
 * A new filter from one encoding to another, or NULL and fills err: a name is
 * unknown (EXITCODE_USAGE), or there is no memory. count outlives the filter and
 * may be NULL.
 *
 * A character comes out as soon as its last byte was fed, but in encodings where
 * what follows may combine with it. An invalid sequence is one error: in UTF-8 a
 * maximal subpart, in UTF-16 and UTF-32 a code unit, elsewhere a byte, and at the
 * end of the data all that is left (so do Python's decoders). finish ends with
 * the sequence that returns to the initial state. From UTF-8 to UTF-8 it checks.
 */
struct filter *transcode_new(const char *from, const char *to, enum transcode_direction direction,
                             enum transcode_policy policy, struct transcode_count *count,
                             struct error *err);

#endif
