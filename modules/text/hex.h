/* Bytes in hexadecimal: as digits, and in the layout of hexdump -C. */
#ifndef TEXT_HEX_H
#define TEXT_HEX_H

#include <stdint.h>

#include "base/buf.h"

/* Writes two digits for each of n bytes, and a zero byte. */
void hex_put(char *to, const void *bytes, size_t n);

/* Adds the lines of n bytes whose first one is at offset: hexdump(1) -C -v -s OFFSET, but for
 * the last line, which hex_add_end() adds. Returns 0, or -1 without memory. */
int hex_add_lines(struct buf *b, uint64_t offset, const char *bytes, size_t n);
int hex_add_end(struct buf *b, uint64_t offset);

#endif
