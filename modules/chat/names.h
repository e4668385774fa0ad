/*
 * What the members of a room may be called: 1 to 32 characters, which are
 * letters and decimal digits of any script, "_" and "-"; after the first one
 * also the marks that combine with letters. Nothing that is invisible, is space,
 * or reorders text. Two names are the same when they differ only in case or in
 * compatibility forms (Unicode Standard, 3.13, "Caseless Matching": NFKC and
 * full case folding), such as "Alice", "alice" and "Ａｌｉｃｅ".
 */
#ifndef CHAT_NAMES_H
#define CHAT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* In characters, and in bytes of UTF-8. */
#define NAMES_MAX 32
#define NAMES_BYTES (NAMES_MAX * 4)

/* Returns true if these bytes are a valid name. */
bool names_is_valid(const char *name, size_t n);

/* Returns the key of a valid name: two names are equal if their keys are. Owned by the caller;
 * NULL without memory. */
char *names_key(const char *name);

/* True for the key of a name with letters of more than one of the scripts Latin, Greek and
 * Cyrillic, which have letters that look alike. */
bool names_mixes_scripts(const char *key);

/* True for the key of a name that only the room gives: "guest" and a number. */
bool names_is_guest(const char *key);

#endif
