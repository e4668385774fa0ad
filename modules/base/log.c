/* Owns the line format of messages and how much is said and where: the globals. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192 };

static enum log_level current_level = LOG_NORMAL;
static void (*current_writer)(const char *line, size_t length);

void log_set_level(enum log_level level)
{
    current_level = level;
}

enum log_level log_level(void)
{
    return current_level;
}

void log_set_writer(void (*writer)(const char *line, size_t length))
{
    current_writer = writer;
}

/* Control characters would act on the terminal or forge a second line. */
static void mask_controls(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void print(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static void print(const char *format, va_list args)
{
    static const char prefix[] = "tcptool: ";
    char line[LINE_MAX_BYTES];
    size_t length = sizeof(prefix) - 1;

    memcpy(line, prefix, sizeof(prefix));
    vsnprintf(line + length, sizeof(line) - length - 1, format, args);
    mask_controls(line);
    length = strlen(line);
    line[length++] = '\n';
    if (current_writer != NULL) {
        current_writer(line, length);
        return;
    }
    /* There is nobody left to tell when this fails. */
    if (write(STDERR_FILENO, line, length) < 0)
        return;
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(format, args);
    va_end(args);
}

void log_notice(const char *format, ...)
{
    va_list args;

    if (current_level < LOG_NORMAL)
        return;
    va_start(args, format);
    print(format, args);
    va_end(args);
}

void log_verbose(const char *format, ...)
{
    va_list args;

    if (current_level < LOG_VERBOSE)
        return;
    va_start(args, format);
    print(format, args);
    va_end(args);
}
