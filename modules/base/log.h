/*
 * The only voice of the program: one line a message on standard error, written
 * with one system call, so that the lines of several writers stay whole. Text
 * that came from elsewhere is made safe for a terminal before it is printed.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

enum log_level {
    LOG_QUIET,   /* -q: errors only */
    LOG_NORMAL,  /* and notices */
    LOG_VERBOSE, /* -v: and what happens on the way */
};

/* Sets how much is said from now on. Starts at LOG_NORMAL. */
void log_set_level(enum log_level level);

/* What log_set_level() set. */
enum log_level log_level(void);

/*
 * Has lines (whole, with their newline) written by another function from now on;
 * NULL: to standard error again. For a terminal on which a line is being typed.
 */
void log_set_writer(void (*writer)(const char *line, size_t length));

/* Each prints "tcptool: " and the sentence; log_notice() unless quiet,
 * log_verbose() only when verbose. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
