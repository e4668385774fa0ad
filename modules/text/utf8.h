/*
 * UTF-8 as RFC 3629 and table 3-7 of the Unicode Standard define it: no overlong
 * forms, no surrogates, nothing above U+10FFFF. What is invalid is told in
 * maximal subparts (Unicode Standard 3.9, "U+FFFD Substitution of Maximal
 * Subparts"), as the WHATWG decoder and Python's errors='replace' count them.
 */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX 4

enum utf8_kind {
    UTF8_WHOLE, /* a character */
    UTF8_PART,  /* the beginning of a character, cut off by the end of the bytes */
    UTF8_BAD,   /* bytes that no character begins with */
};

/* What in[0 .. n) begins with; n is at least 1. *length becomes the number of
 * bytes that are this; for UTF8_PART it is n. */
enum utf8_kind utf8_next(const char *in, size_t n, size_t *length);

/* The code point of a whole character of that many bytes. */
uint32_t utf8_code(const char *in, size_t length);

/* Writes a code point (no surrogate, at most U+10FFFF) and returns its length. */
size_t utf8_put(char out[UTF8_MAX], uint32_t code);

/* How many of the first bytes are ASCII. */
size_t utf8_ascii(const char *in, size_t n);

/* How many of the first bytes are whole characters of U+3000..U+9FFF: Chinese and
 * kana, which have no case and no controls. For passing much of them at once. */
size_t utf8_cjk(const char *in, size_t n);

/* How many of the first bytes are whole characters. */
size_t utf8_valid(const char *in, size_t n);

/* How many characters whole UTF-8 text has. */
size_t utf8_count(const char *in, size_t n);

/* The beginning of a character at the end of one feed, to be completed by the
 * next. {0} is none. */
struct utf8_part {
    char bytes[UTF8_MAX];
    size_t length;
};

/* Keeps a UTF8_PART of n bytes. */
void utf8_keep(struct utf8_part *part, const char *in, size_t n);

/* Takes from in[0 .. n) what completes a part that is not empty, and says what
 * it is now; *taken becomes how many bytes were taken. With UTF8_BAD the kept
 * bytes alone are invalid, and the byte that showed it was not taken. */
enum utf8_kind utf8_join(struct utf8_part *part, const char *in, size_t n, size_t *taken);

#endif
