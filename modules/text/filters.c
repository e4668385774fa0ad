/* Owns the order of the filters. Converts nothing itself. */
#include "text/filters.h"

#include <errno.h>

#include "text/colour.h"
#include "text/gconv.h"
#include "text/line.h"
#include "text/newline.h"
#include "text/printable.h"
#include "text/search.h"
#include "text/upcase.h"

static const char utf8[] = "UTF-8";

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

enum transcode_policy filters_incoming_policy(const struct text_options *o)
{
    return policy(o, TRANSCODE_ESCAPE);
}

enum transcode_policy filters_outgoing_policy(const struct text_options *o)
{
    return policy(o, TRANSCODE_STRICT);
}

bool filters_local_is_utf8(const struct text_options *o)
{
    return gconv_is_utf8(local_encoding(o));
}

bool filters_incoming_are_none(const struct text_options *o, const struct text_format *f)
{
    return o->encoding == NULL && !f->printable && !f->first_line && !f->end_with_newline &&
           f->sought == NULL && f->screen == NULL && f->observer == NULL && !f->coloured;
}

bool filters_outgoing_are_none(const struct text_options *o)
{
    return o->encoding == NULL && o->eol <= TEXT_EOL_NONE;
}

bool filters_between_are_none(const struct text_options *from, const struct text_options *to)
{
    return from->encoding == NULL && filters_outgoing_are_none(to);
}

/* A chain that is being made; NULL after a filter that could not be made. */
struct draft {
    struct filter *chain;
    const struct text_options *options;
    struct text_counts *counts;
    struct error *err;
};

static struct draft begin(const struct text_options *o, struct text_counts *counts,
                          struct error *err)
{
    struct draft d = {filter_chain_new(), o, counts, err};

    if (d.chain == NULL)
        error_errno(err, ENOMEM, "cannot convert text");
    return d;
}

static void add(struct draft *d, struct filter *f)
{
    if (d->chain == NULL) {
        filter_free(f);
        return;
    }
    if (filter_chain_add(d->chain, f) == 0)
        return;
    if (d->err != NULL && !error_is_set(d->err))
        error_errno(d->err, ENOMEM, "cannot convert text");
    filter_free(d->chain);
    d->chain = NULL;
}

static void add_decoding(struct draft *d, const char *from, const char *to)
{
    add(d, transcode_new(from, to, TRANSCODE_INWARD, filters_incoming_policy(d->options),
                         &d->counts->incoming, d->err));
}

static void add_encoding(struct draft *d, const char *from, const char *to)
{
    add(d, transcode_new(from, to, TRANSCODE_OUTWARD, filters_outgoing_policy(d->options),
                         &d->counts->outgoing, d->err));
}

static void add_newline(struct draft *d)
{
    if (d->options->eol == TEXT_EOL_LF)
        add(d, newline_new(NEWLINE_LF));
    if (d->options->eol == TEXT_EOL_CRLF)
        add(d, newline_new(NEWLINE_CRLF));
}

struct filter *filters_incoming(const struct text_options *o, const struct text_format *f,
                                struct text_counts *counts, struct error *err)
{
    struct draft d = begin(o, counts, err);
    const char *local = local_encoding(o);
    bool by_character = f->printable || f->screen != NULL || f->observer != NULL || f->coloured;
    /* Filters that look at characters look at UTF-8. */
    const char *shown = by_character ? utf8 : local;
    bool converts_back = by_character && !gconv_is_utf8(local);

    if (o->encoding != NULL || converts_back)
        add_decoding(&d, o->encoding != NULL ? o->encoding : local, shown);
    if (f->observer != NULL)
        add(&d, f->observer);
    if (f->first_line)
        add(&d, line_first_new());
    if (f->sought != NULL)
        add(&d, search_new(f->sought));
    if (f->screen != NULL)
        add(&d, newline_new(NEWLINE_LF));
    if (f->printable)
        add(&d, printable_new());
    if (f->coloured)
        add(&d, colour_new());
    if (f->screen != NULL)
        add(&d, label_new(f->screen, f->label));
    if (f->end_with_newline)
        add(&d, newline_at_end_new());
    if (converts_back)
        add_decoding(&d, utf8, local);
    return d.chain;
}

struct filter *filters_outgoing(const struct text_options *o, struct text_counts *counts,
                                struct error *err)
{
    struct draft d = begin(o, counts, err);

    add_newline(&d);
    if (o->encoding != NULL)
        add_encoding(&d, local_encoding(o), o->encoding);
    return d.chain;
}

struct filter *filters_upper(const struct text_options *o, struct text_counts *counts,
                             struct error *err)
{
    struct draft d = begin(o, counts, err);

    if (o->encoding != NULL)
        add_decoding(&d, o->encoding, utf8);
    add(&d, upcase_new());
    add_newline(&d);
    if (o->encoding != NULL)
        add_encoding(&d, utf8, o->encoding);
    return d.chain;
}

struct filter *filters_between(const struct text_options *from, const struct text_options *to,
                               struct text_counts *counts, struct error *err)
{
    struct draft d = begin(to, counts, err);

    if (from->encoding != NULL)
        add_decoding(&d, from->encoding, utf8);
    add_newline(&d);
    if (to->encoding != NULL)
        add_encoding(&d, utf8, to->encoding);
    return d.chain;
}

int filters_encode(const struct text_options *o, const char *text, size_t length, bool ends_message,
                   struct text_counts *counts, struct buf *wire, struct error *err)
{
    struct filter *f = filters_outgoing(o, counts, err);
    bool failed;

    if (f == NULL)
        return -1;
    failed = filter_feed(f, text, length, wire, err) == FILTER_FAILED ||
             (ends_message && o->eol > TEXT_EOL_NONE &&
              filter_feed(f, "\n", 1, wire, err) == FILTER_FAILED) ||
             filter_finish(f, wire, err) == FILTER_FAILED;
    filter_free(f);
    return failed ? -1 : 0;
}
