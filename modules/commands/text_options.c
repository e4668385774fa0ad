/* Owns the options about text. Converts nothing. */
#include "commands/text_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "commands/hints.h"

#define AT(field) .offset = offsetof(struct text_options, field)

static const char *const errors_words[] = {"", "strict", "replace", "escape", "ignore", NULL};
static const char *const eol_words[] = {"", "none", "lf", "crlf", NULL};

const struct option_spec text_wire_specs[] = {
    {OPTION_WORD, "encoding", 'e', .value = "NAME", AT(encoding), .essential = true,
     .help = "the wire encoding; see iconv -l"},
    {OPTION_CHOICE, "eol", 0, .value = "none|lf|crlf", AT(eol), .choices = eol_words,
     .help = "the line ending of messages and lines sent"},
    {.kind = OPTION_END},
};

const struct option_spec text_local_specs[] = {
    {OPTION_WORD, "local-encoding", 0, .value = "NAME", AT(local_encoding),
     .help = "the local encoding (utf-8)"},
    {.kind = OPTION_END},
};

const struct option_spec text_errors_specs[] = {
    {OPTION_CHOICE, "errors", 0, .value = "strict|replace|escape|ignore", AT(errors),
     .choices = errors_words, .help = "how to handle conversion errors"},
    {.kind = OPTION_END},
};

/* Returns true when the word begins with the name of a program that could be run: nc and
 * socat users mean that by -e. */
static bool is_program(const char *word)
{
    const char *path = getenv("PATH"), *end;
    int length = (int)strcspn(word, " ");
    bool found = memchr(word, '/', (size_t)length) != NULL;

    for (; !found && length > 0 && path != NULL; path = *end == ':' ? end + 1 : NULL) {
        char *file;

        end = strchrnul(path, ':');
        if (asprintf(&file, "%.*s/%.*s", (int)(end - path), path, length, word) < 0)
            return false;
        found = access(file, X_OK) == 0;
        free(file);
    }
    return found;
}

static int check_wire(const char *encoding, struct error *err)
{
    if (transcode_check(encoding, err) == 0)
        return 0;
    if (err->status == EXITCODE_USAGE && is_program(encoding))
        error_set(err, EXITCODE_USAGE, "invalid encoding \"%s\": %s", encoding,
                  hints_text(HINTS_LINE, "-e"));
    return -1;
}

int text_options_check(const struct text_options *o, struct error *err)
{
    if (o->encoding != NULL && check_wire(o->encoding, err) < 0)
        return -1;
    return o->local_encoding != NULL ? transcode_check(o->local_encoding, err) : 0;
}

int text_options_keep(const struct text_options *o, struct transcode_hold both[2],
                      struct error *err)
{
    if (o->encoding != NULL && transcode_keep(&both[0], o->encoding, err) < 0)
        return -1;
    return o->local_encoding != NULL ? transcode_keep(&both[1], o->local_encoding, err) : 0;
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
