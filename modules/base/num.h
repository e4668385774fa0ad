/*
 * Numbers as people type them: nothing is wrapped, cut or guessed. Each parser
 * takes a whole word and returns 0, or -1 when the word is not exactly of its
 * form or out of range; *value is set only on success.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* A decimal integer from min to max. */
int num_parse(const char *word, uint64_t min, uint64_t max, uint64_t *value);

/* A duration: 250ms, 2s, 1.5m, 1h, .3; a bare number is seconds. In milliseconds,
 * rounded up, so that only zero gives 0. */
int num_parse_duration(const char *word, int64_t *value_ms);

/* A size: a number of bytes, or with K, M or G (powers of 1024) behind it. */
int num_parse_size(const char *word, uint64_t *value_bytes);

/* Writes a duration the way it would be typed ("250ms", "1.5s", "2m"). */
void num_format_duration(int64_t value_ms, char *text, size_t size);

#endif
