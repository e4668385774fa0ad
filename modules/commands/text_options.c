/* Owns the order of the filters. Converts nothing itself. */
#include "commands/text_options.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "text/endline.h"
#include "text/line.h"
#include "text/newline.h"
#include "text/printable.h"
#include "text/upcase.h"

#define AT(field) .offset = offsetof(struct text_options, field)

static const char *const errors_words[] = {"", "strict", "replace", "escape", "ignore", NULL};
static const char *const eol_words[] = {"", "none", "lf", "crlf", NULL};

const struct option_spec text_specs[] = {
    {OPTION_WORD, "encoding", 'e', .value = "NAME", AT(encoding),
     .help = "the encoding on the wire; see iconv -l"},
    {OPTION_WORD, "local-encoding", 0, .value = "NAME", AT(local_encoding),
     .help = "the encoding here (utf-8)"},
    {OPTION_CHOICE, "errors", 0, .value = "strict|replace|escape|ignore", AT(errors),
     .choices = errors_words, .help = "what becomes of data that cannot be converted"},
    {OPTION_CHOICE, "eol", 0, .value = "none|lf|crlf", AT(eol), .choices = eol_words,
     .help = "what ends a message or a line on the wire"},
    {.kind = OPTION_END},
};

static const char utf8[] = "UTF-8";

static bool is_utf8(const char *name)
{
    return strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "utf8") == 0;
}

static const char *local_encoding(const struct text_options *o)
{
    return o->local_encoding != NULL ? o->local_encoding : utf8;
}

static enum transcode_policy policy(const struct text_options *o, enum transcode_policy otherwise)
{
    return o->errors == TEXT_ERRORS_DEFAULT
               ? otherwise
               : (enum transcode_policy)(o->errors - TEXT_ERRORS_FIRST);
}

enum transcode_policy text_policy_inward(const struct text_options *o)
{
    return policy(o, TRANSCODE_ESCAPE);
}

enum transcode_policy text_policy_outward(const struct text_options *o)
{
    return policy(o, TRANSCODE_STRICT);
}

int text_check(const struct text_options *o, struct error *err)
{
    if (o->encoding != NULL && strchr(o->encoding, '/') != NULL) {
        error_set(err, EXITCODE_USAGE,
                  "\"%s\" is not an encoding: -e takes a name that iconv -l lists, and no programs "
                  "are run here",
                  o->encoding);
        return -1;
    }
    if (o->encoding != NULL && transcode_check(o->encoding, err) < 0)
        return -1;
    return o->local_encoding != NULL ? transcode_check(o->local_encoding, err) : 0;
}

bool text_is_plain_inward(const struct text_options *o, const struct text_look *look)
{
    return o->encoding == NULL && !look->printable && !look->first_line &&
           !look->end_with_newline && look->screen == NULL && look->judge == NULL;
}

bool text_is_plain_outward(const struct text_options *o)
{
    return o->encoding == NULL && o->eol <= TEXT_EOL_NONE;
}

/* A row that is being made; a link that cannot be made empties it. */
struct row {
    struct filter *chain;
    const struct text_options *options;
    struct text_counts *counts;
    struct error *err;
};

static struct row row_begin(const struct text_options *o, struct text_counts *counts,
                            struct error *err)
{
    struct row r = {chain_new(), o, counts, err};

    if (r.chain == NULL)
        error_errno(err, ENOMEM, "converting text");
    return r;
}

static void row_add(struct row *r, struct filter *f)
{
    if (r->chain == NULL) {
        filter_free(f);
        return;
    }
    if (chain_add(r->chain, f) == 0)
        return;
    if (!error_is_set(r->err))
        error_errno(r->err, ENOMEM, "converting text");
    filter_free(r->chain);
    r->chain = NULL;
}

static void row_read(struct row *r, const char *from, const char *to)
{
    row_add(r, transcode_new(from, to, TRANSCODE_INWARD, text_policy_inward(r->options),
                             &r->counts->inward, r->err));
}

static void row_write(struct row *r, const char *from, const char *to)
{
    row_add(r, transcode_new(from, to, TRANSCODE_OUTWARD, text_policy_outward(r->options),
                             &r->counts->outward, r->err));
}

struct filter *text_inward(const struct text_options *o, const struct text_look *look,
                           struct text_counts *counts, struct error *err)
{
    struct row r = row_begin(o, counts, err);
    const char *local = local_encoding(o);
    bool by_character = look->printable || look->screen != NULL || look->judge != NULL;
    /* What looks at characters looks at UTF-8. */
    const char *shown = by_character ? utf8 : local;
    const char *wire = o->encoding != NULL ? o->encoding : local;

    if (o->encoding != NULL || (by_character && !is_utf8(local)))
        row_read(&r, wire, shown);
    if (look->judge != NULL)
        row_add(&r, look->judge);
    if (look->first_line)
        row_add(&r, line_first_new());
    if (look->screen != NULL)
        row_add(&r, newline_new(NEWLINE_LF));
    if (look->printable)
        row_add(&r, printable_new());
    if (look->paint != NULL)
        row_add(&r, look->paint);
    if (look->screen != NULL)
        row_add(&r, label_new(look->screen, look->label));
    if (look->end_with_newline)
        row_add(&r, endline_new());
    if (by_character && !is_utf8(local))
        row_read(&r, utf8, local);
    return r.chain;
}

static void row_add_eol(struct row *r)
{
    if (r->options->eol == TEXT_EOL_LF)
        row_add(r, newline_new(NEWLINE_LF));
    if (r->options->eol == TEXT_EOL_CRLF)
        row_add(r, newline_new(NEWLINE_CRLF));
}

struct filter *text_outward(const struct text_options *o, struct text_counts *counts,
                            struct error *err)
{
    struct row r = row_begin(o, counts, err);

    row_add_eol(&r);
    if (o->encoding != NULL)
        row_write(&r, local_encoding(o), o->encoding);
    return r.chain;
}

struct filter *text_upper(const struct text_options *o, struct text_counts *counts,
                          struct error *err)
{
    struct row r = row_begin(o, counts, err);

    if (o->encoding != NULL)
        row_read(&r, o->encoding, utf8);
    row_add(&r, upcase_new());
    row_add_eol(&r);
    if (o->encoding != NULL)
        row_write(&r, utf8, o->encoding);
    return r.chain;
}

static int encode(const struct text_options *o, const char *text, size_t length, bool ends_line,
                  struct text_counts *counts, struct buf *wire, struct error *err)
{
    struct filter *f = text_outward(o, counts, err);
    bool failed;

    if (f == NULL)
        return -1;
    failed = f->ops->feed(f, text, length, wire, err) == FILTER_FAILED ||
             (ends_line && f->ops->feed(f, "\n", 1, wire, err) == FILTER_FAILED) ||
             f->ops->finish(f, wire, err) == FILTER_FAILED;
    filter_free(f);
    return failed ? -1 : 0;
}

int text_encode_message(const struct text_options *o, const char *message, size_t length,
                        struct text_counts *counts, struct buf *wire, struct error *err)
{
    return encode(o, message, length, o->eol > TEXT_EOL_NONE, counts, wire, err);
}

int text_encode_input(const struct text_options *o, const struct buf *input,
                      struct text_counts *counts, struct buf *wire, struct error *err)
{
    return encode(o, buf_head(input), buf_length(input), false, counts, wire, err);
}

void text_add_counts(struct text_counts *to, const struct text_counts *from)
{
    to->inward.errors += from->inward.errors;
    to->outward.errors += from->outward.errors;
}

static void report(const char *what, uint64_t errors, enum transcode_policy followed)
{
    /* A strict conversion has said so when it failed. */
    if (errors > 0 && followed != TRANSCODE_STRICT)
        log_notice("%s: %llu place%s could not be converted (--errors %s)", what,
                   (unsigned long long)errors, errors == 1 ? "" : "s",
                   errors_words[followed + TEXT_ERRORS_FIRST]);
}

void text_report(const struct text_options *o, const struct text_counts *counts)
{
    report("received data", counts->inward.errors, text_policy_inward(o));
    report("sent data", counts->outward.errors, text_policy_outward(o));
}
