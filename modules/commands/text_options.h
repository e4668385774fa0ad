/* The options about text. */
#ifndef COMMANDS_TEXT_OPTIONS_H
#define COMMANDS_TEXT_OPTIONS_H

#include "base/options.h"
#include "text/filters.h"

/* The offsets are those of struct text_options. */
extern const struct option_spec text_wire_specs[];
extern const struct option_spec text_local_specs[];
extern const struct option_spec text_errors_specs[];

/* Checks the names of encodings. Returns 0, or -1 with a usage error. */
int text_options_check(const struct text_options *o, struct error *err);

/* Keeps the encodings loaded, wire and local: see transcode.h. Returns 0, or -1 with err filled;
 * transcode_let_go() for both in any case. */
int text_options_keep(const struct text_options *o, struct transcode_hold both[2],
                      struct error *err);

/* Adds the counts of another loop, and reports the number of conversion errors once. */
void text_options_add_counts(struct text_counts *to, const struct text_counts *from);
void text_options_report(const struct text_options *o, const struct text_counts *counts);

#endif
