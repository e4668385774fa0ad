/* Which filters each direction gets, by what the user has asked for: -e, --errors, --eol,
 * and where the text goes. */
#ifndef TEXT_FILTERS_H
#define TEXT_FILTERS_H

#include "text/filter.h"
#include "text/label.h"
#include "text/transcode.h"

/* Values of --errors and --eol; the policies are those of enum transcode_policy, one
 * higher. */
enum { TEXT_ERRORS_DEFAULT, TEXT_ERRORS_FIRST };
enum { TEXT_EOL_DEFAULT, TEXT_EOL_NONE, TEXT_EOL_LF, TEXT_EOL_CRLF };

struct text_options {
    const char *encoding;       /* NULL: bytes pass unchanged */
    const char *local_encoding; /* NULL: UTF-8 */
    int errors;
    int eol;
};

/* Conversion errors of each direction. */
struct text_counts {
    struct transcode_count incoming;
    struct transcode_count outgoing;
};

/* How incoming text is presented. */
struct text_format {
    bool printable;              /* safe for a terminal */
    bool end_with_newline;       /* so that a prompt starts a line */
    bool first_line;             /* nothing after the first line */
    const char *sought;          /* NULL, or: nothing, and enough has come with this text */
    struct label_screen *screen; /* NULL: no labels */
    const char *label;
    struct filter *observer; /* NULL, or sees the text before it is presented; taken over */
    bool coloured;           /* names and announcements of a room */
};

/* Return what --errors, or its default, means for each direction. */
enum transcode_policy filters_incoming_policy(const struct text_options *o);
enum transcode_policy filters_outgoing_policy(const struct text_options *o);

/* Returns true when text here is UTF-8. */
bool filters_local_is_utf8(const struct text_options *o);

/* Return true when bytes pass unchanged, so that no filter is needed. */
bool filters_incoming_are_none(const struct text_options *o, const struct text_format *f);
bool filters_outgoing_are_none(const struct text_options *o);
bool filters_between_are_none(const struct text_options *from, const struct text_options *to);

/* Return new filters, or NULL with err filled: from the wire to here, from here to the wire,
 * both with upper case between, and from one wire to another, where UTF-8 stands for the
 * encoding of a side that has none. counts outlives them. */
struct filter *filters_incoming(const struct text_options *o, const struct text_format *f,
                                struct text_counts *counts, struct error *err);
struct filter *filters_outgoing(const struct text_options *o, struct text_counts *counts,
                                struct error *err);
struct filter *filters_upper(const struct text_options *o, struct text_counts *counts,
                             struct error *err);
struct filter *filters_between(const struct text_options *from, const struct text_options *to,
                               struct text_counts *counts, struct error *err);

/* Appends to wire what whole outgoing text becomes; ends_message: with the line ending that
 * was asked for. Returns 0, or -1 with err filled (EXITCODE_DATA). */
int filters_encode(const struct text_options *o, const char *text, size_t length, bool ends_message,
                   struct text_counts *counts, struct buf *wire, struct error *err);

#endif
