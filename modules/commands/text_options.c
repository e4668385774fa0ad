/* Owns the options about text. Converts nothing. */
#include "commands/text_options.h"

#include "base/event.h"

#define AT(field) .offset = offsetof(struct text_options, field)

static const char *const errors_words[] = {"", "strict", "replace", "escape", "ignore", NULL};
static const char *const eol_words[] = {"", "none", "lf", "crlf", NULL};

const struct option_spec text_specs[] = {
    {OPTION_WORD, "encoding", 'e', .value = "NAME", AT(encoding), .essential = true,
     .help = "the wire encoding; see iconv -l"},
    {OPTION_WORD, "local-encoding", 0, .value = "NAME", AT(local_encoding),
     .help = "the local encoding (utf-8)"},
    {OPTION_CHOICE, "errors", 0, .value = "strict|replace|escape|ignore", AT(errors),
     .choices = errors_words, .help = "how to handle conversion errors"},
    {OPTION_CHOICE, "eol", 0, .value = "none|lf|crlf", AT(eol), .choices = eol_words,
     .help = "the line ending of messages and lines sent"},
    {.kind = OPTION_END},
};

int text_options_check(const struct text_options *o, struct error *err)
{
    if (o->encoding != NULL && transcode_check(o->encoding, err) < 0)
        return -1;
    return o->local_encoding != NULL ? transcode_check(o->local_encoding, err) : 0;
}

void text_options_add_counts(struct text_counts *to, const struct text_counts *from)
{
    to->incoming.errors += from->incoming.errors;
    to->outgoing.errors += from->outgoing.errors;
}

/* A strict conversion has reported its error when it failed. */
void text_options_report(const struct text_options *o, const struct text_counts *counts)
{
    unsigned long long in = counts->incoming.errors, out = counts->outgoing.errors;

    if (in > 0 && filters_incoming_policy(o) != TRANSCODE_STRICT)
        event_notice(in == 1 ? "received data: %llu conversion error"
                             : "received data: %llu conversion errors",
                     in);
    if (out > 0 && filters_outgoing_policy(o) != TRANSCODE_STRICT)
        event_notice(out == 1 ? "sent data: %llu conversion error"
                              : "sent data: %llu conversion errors",
                     out);
}
