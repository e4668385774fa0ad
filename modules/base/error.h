/*
 * One failure: a whole sentence for the person ("what: why", without the
 * program's name and without a newline) and the exit status it deserves.
 *
 * A struct error set to {0} holds no error. Functions that can fail take one as
 * their last parameter, may be given NULL, and fill it only when they fail.
 * Whoever declares a struct error calls error_clear() on it in the end.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/exitcode.h"

struct error {
    char *text; /* owned; NULL when there is no error */
    enum exitcode status;
    int number; /* the errno behind it, or 0 */
};

/* Replaces what err holds by a formatted sentence. Never fails: without memory
 * for the sentence the error says so. */
void error_set(struct error *err, enum exitcode status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with status 1, ": " and the text of the errno value number appended. */
void error_errno(struct error *err, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the text of the errno value alone: a cause, to be prefixed. */
void error_cause(struct error *err, int number);

/* Puts "WHAT: " before the text of the error that err holds. */
void error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces what to holds by a copy of from. to may be NULL. */
void error_copy(struct error *to, const struct error *from);

/* True when err holds an error. */
bool error_is_set(const struct error *err);

/* Moves the error from one place to another; what to held is freed, and from is
 * left empty. to may be NULL, then the error is dropped. */
void error_move(struct error *to, struct error *from);

/* Frees the text and leaves err empty. */
void error_clear(struct error *err);

#endif
