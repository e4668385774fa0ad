/* Owns the reading of a line. Opens nothing. */
#include "base/first_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *first_line_read(FILE *file)
{
    char *line = NULL;
    size_t size = 0;
    int failure;

    if (file == NULL)
        return NULL;
    if (getline(&line, &size, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        fclose(file);
        return line;
    }
    failure = ferror(file) || !feof(file) ? errno : ENODATA;
    free(line);
    fclose(file);
    errno = failure;
    return NULL;
}
