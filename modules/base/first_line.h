/* The first line of a file: a login, or a URL that has one. */
#ifndef BASE_FIRST_LINE_H
#define BASE_FIRST_LINE_H

#include <stdio.h>

/* Reads the first line of the file, without its line ending, and closes the file. Returns it, to
 * be freed; or NULL with errno set, which is ENODATA where there is none. file may be NULL. */
char *first_line_read(FILE *file);

#endif
