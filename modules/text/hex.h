/* The layout of hexdump -C: offset, sixteen bytes in hexadecimal, and as ASCII. */
#ifndef TEXT_HEX_H
#define TEXT_HEX_H

#include <stdint.h>

#include "base/buf.h"

/* Adds the lines of n bytes whose first one is at offset: hexdump(1) -C -v -s OFFSET, but for
 * the last line, which hex_add_end() adds. Returns 0, or -1 without memory. */
int hex_add_lines(struct buf *b, uint64_t offset, const char *bytes, size_t n);
int hex_add_end(struct buf *b, uint64_t offset);

#endif
