/* Owns the columns. Widths are those of a terminal: Chinese takes two columns a character. */
#include "net/explain_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uniwidth.h>

#include "base/event.h"

enum {
    WIDTH = 80,
    LABEL_MAX = 22,
    NUMBER_COLUMNS = 4,
    CALL_COLUMNS = 24,
    MEANING_MIN = 24,
};

static size_t width_of(const char *text, size_t n)
{
    int width = u8_width((const uint8_t *)text, n, "UTF-8");

    return width > 0 ? (size_t)width : 0;
}

static void fill(struct buf *out, size_t columns)
{
    while (columns-- > 0)
        buf_add(out, " ", 1);
}

static void add(struct buf *out, const char *text, size_t n)
{
    if (buf_add(out, text, n) == 0)
        event_mask_controls(buf_head(out) + buf_length(out) - n, n);
}

/* Appends words from column on; *at is the column that the line has reached. */
static void wrap(struct buf *out, const char *text, size_t column, size_t at)
{
    size_t room = WIDTH > column + MEANING_MIN ? WIDTH : column + MEANING_MIN;
    bool begun = false;

    while (*text != '\0') {
        size_t n = strcspn(text, " "), width = width_of(text, n);

        if (begun && at + 1 + width > room) {
            buf_add(out, "\n", 1);
            at = 0;
            begun = false;
        }
        if (begun) {
            buf_add(out, " ", 1);
            at++;
        } else if (at < column) {
            fill(out, column - at);
            at = column;
        }
        add(out, text, n);
        at += width;
        begun = true;
        text += n;
        text += *text == ' ';
    }
    buf_add(out, "\n", 1);
}

void explain_line_add(struct buf *out, const struct explain_line *l)
{
    char number[16] = "    ";
    size_t label = width_of(l->label, strlen(l->label));
    size_t column = NUMBER_COLUMNS + CALL_COLUMNS, at = NUMBER_COLUMNS;

    if (label > 0) {
        add(out, l->label, strlen(l->label));
        if (label > LABEL_MAX)
            buf_add(out, ":\n", 2);
        else
            at += label;
        column += label > LABEL_MAX ? 0 : label;
    }
    if (l->number > 0)
        snprintf(number, sizeof(number), "%3u ", l->number);
    buf_add(out, number, strlen(number));
    add(out, l->call, strlen(l->call));
    at += width_of(l->call, strlen(l->call));
    if (at + 1 > column) {
        buf_add(out, "\n", 1);
        at = 0;
    }
    wrap(out, l->meaning, column, at);
}
