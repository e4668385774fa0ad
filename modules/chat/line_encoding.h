/*
 * How the lines of a room stand on the wire. Each is converted by itself, so that
 * it begins and ends in the initial shift state and can follow any other. What an
 * encoding puts before everything (a byte order mark, the header of ISO-2022-KR)
 * is taken off the lines, and goes out once as the preamble.
 */
#ifndef CHAT_LINE_ENCODING_H
#define CHAT_LINE_ENCODING_H

#include "text/filter.h"
#include "text/transcode.h"

#define LINE_ENCODING_PREAMBLE_MAX 16

struct line_encoding_options {
    const char *encoding; /* NULL: UTF-8, and received bytes pass unchanged */
    bool crlf;            /* the line ending sent */
    enum transcode_policy incoming;
    enum transcode_policy outgoing;
    struct transcode_count *incoming_count; /* not owned; may be NULL */
    struct transcode_count *outgoing_count;
};

struct line_encoding {
    struct line_encoding_options options; /* but for the name of the encoding */
    char encoding[TRANSCODE_NAME_MAX];    /* empty: none was given */
    bool is_utf8;                         /* outward nothing has to be converted */
    struct filter *keeper;                /* owned; keeps the tables of the encoding loaded */
    char preamble[LINE_ENCODING_PREAMBLE_MAX];
    size_t preamble_length;
};

/* Returns 0, or -1 and fills err: the encoding is unknown, or cannot be used for
 * lines (EXITCODE_USAGE), or there is no memory; w needs no line_encoding_clear() then. */
int line_encoding_init(struct line_encoding *w, const struct line_encoding_options *options,
                       struct error *err);

void line_encoding_clear(struct line_encoding *w);

/* Appends a line of UTF-8 text, which ends with its only newline, as it goes on
 * the wire. Returns 0, or -1 and fills err: it cannot be converted and the policy
 * is strict, or there is no memory; out is unchanged then. */
int line_encoding_put(const struct line_encoding *w, const char *line, size_t n, struct buf *out,
                      struct error *err);

/* Returns true if received bytes pass unchanged, without a decoder. */
bool line_encoding_is_plain(const struct line_encoding *w);

/* A new filter from the wire to UTF-8, or NULL and fills err. */
struct filter *line_encoding_decoder(const struct line_encoding *w, struct error *err);

#endif
