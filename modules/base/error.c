/* Owns the text of errors. Prints nothing. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of an error whose own text found no memory. */
static char out_of_memory[] = "out of memory";

static void release(char *text)
{
    if (text != out_of_memory)
        free(text);
}

static void set_text(struct error *err, char *text)
{
    release(err->text);
    err->text = text != NULL ? text : out_of_memory;
}

void error_set(struct error *err, enum exitcode status, const char *format, ...)
{
    va_list args;
    char *text = NULL;

    if (err == NULL)
        return;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    set_text(err, text);
    err->status = status;
    err->number = 0;
}

void error_errno(struct error *err, int number, const char *format, ...)
{
    va_list args;
    char *what = NULL, *text = NULL;

    if (err == NULL)
        return;
    va_start(args, format);
    if (vasprintf(&what, format, args) < 0)
        what = NULL;
    va_end(args);
    if (what != NULL && asprintf(&text, "%s: %s", what, strerror(number)) < 0)
        text = NULL;
    free(what);
    set_text(err, text);
    err->status = EXITCODE_FAILED;
    err->number = number;
}

void error_cause(struct error *err, int number)
{
    error_set(err, EXITCODE_FAILED, "%s", strerror(number));
    if (err != NULL)
        err->number = number;
}

void error_prefix(struct error *err, const char *format, ...)
{
    va_list args;
    char *what = NULL, *text = NULL;

    va_start(args, format);
    if (vasprintf(&what, format, args) < 0)
        what = NULL;
    va_end(args);
    if (what != NULL && asprintf(&text, "%s: %s", what, err->text) < 0)
        text = NULL;
    free(what);
    set_text(err, text);
}

void error_copy(struct error *to, const struct error *from)
{
    if (to == NULL)
        return;
    set_text(to, strdup(from->text));
    to->status = from->status;
    to->number = from->number;
}

bool error_is_set(const struct error *err)
{
    return err->text != NULL;
}

void error_move(struct error *to, struct error *from)
{
    if (to == NULL) {
        error_clear(from);
        return;
    }
    release(to->text);
    *to = *from;
    *from = (struct error){0};
}

void error_clear(struct error *err)
{
    release(err->text);
    *err = (struct error){0};
}
