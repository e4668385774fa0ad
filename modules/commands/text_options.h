/* The options about text, and the rows of filters that they ask for. */
#ifndef COMMANDS_TEXT_OPTIONS_H
#define COMMANDS_TEXT_OPTIONS_H

#include "base/options.h"
#include "text/filter.h"
#include "text/label.h"
#include "text/transcode.h"

/* The words of --errors and --eol, in the order of the tables' choices; the
 * policies are those of enum transcode_policy, one higher. */
enum text_errors { TEXT_ERRORS_DEFAULT, TEXT_ERRORS_FIRST };
enum text_eol { TEXT_EOL_DEFAULT, TEXT_EOL_NONE, TEXT_EOL_LF, TEXT_EOL_CRLF };

struct text_options {
    const char *encoding;       /* NULL: bytes pass unchanged */
    const char *local_encoding; /* NULL: UTF-8 */
    int errors;
    int eol;
};

extern const struct option_spec text_specs[];

/* How one direction is to look. */
struct text_look {
    bool printable;              /* for a terminal */
    bool end_with_newline;       /* so that a prompt starts a line */
    bool first_line;             /* nothing after the first line */
    struct label_screen *screen; /* NULL: no labels */
    const char *label;
    struct filter *judge; /* NULL, or what looks at the text before it is shown; taken over */
    struct filter *paint; /* NULL, or what adds colours behind that; taken over */
};

/* The counters of a command's conversions. */
struct text_counts {
    struct transcode_count inward;
    struct transcode_count outward;
};

/* Checks the names of encodings. Returns 0, or -1 with a usage error. */
int text_check(const struct text_options *o, struct error *err);

/* What --errors, or its default, says for what is received and for what is sent. */
enum transcode_policy text_policy_inward(const struct text_options *o);
enum transcode_policy text_policy_outward(const struct text_options *o);

/* True when bytes pass unchanged, so that no filter is needed. */
bool text_is_plain_inward(const struct text_options *o, const struct text_look *look);
bool text_is_plain_outward(const struct text_options *o);

/* New filters, or NULL with err filled: from the wire to here, from here to the
 * wire, and both with upper case between. counts outlives them. */
struct filter *text_inward(const struct text_options *o, const struct text_look *look,
                           struct text_counts *counts, struct error *err);
struct filter *text_outward(const struct text_options *o, struct text_counts *counts,
                            struct error *err);
struct filter *text_upper(const struct text_options *o, struct text_counts *counts,
                          struct error *err);

/* Appends to wire what becomes of a whole message, with the line end that was
 * asked for. Returns 0, or -1 with err filled (EXITCODE_DATA). */
int text_encode_message(const struct text_options *o, const char *message, size_t length,
                        struct text_counts *counts, struct buf *wire, struct error *err);

/* The same for an input: no line end is added. */
int text_encode_input(const struct text_options *o, const struct buf *input,
                      struct text_counts *counts, struct buf *wire, struct error *err);

/* Adds what another has counted. */
void text_add_counts(struct text_counts *to, const struct text_counts *from);

/* Tells, once, how much could not be converted. */
void text_report(const struct text_options *o, const struct text_counts *counts);

#endif
