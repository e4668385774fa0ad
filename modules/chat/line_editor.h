/*
 * A line that is edited on the terminal: GNU readline, loaded when it is asked
 * for and only used where it is installed. One at a time.
 */
#ifndef CHAT_LINE_EDITOR_H
#define CHAT_LINE_EDITOR_H

#include <stdbool.h>
#include <stdio.h>

struct line_editor;

/* Loads the library and everything that it reads from files, for a terminal that is taken over
 * later. Returns false where lines cannot be edited. */
bool line_editor_prepare(void);

/* Takes over the terminal at standard input and output (stdout or stderr, the same
 * terminal). on_line gets each line (UTF-8 whatever the locale is, without newline, valid
 * during the call), and NULL at the end of input. Returns NULL when lines cannot be edited
 * here. The history is the same for all editors of the program, one after another. */
struct line_editor *line_editor_open(const char *prompt, FILE *output,
                                     void (*on_line)(void *arg, const char *line), void *arg);

/* Reads the typed keys; call when standard input is readable. */
void line_editor_read_key(struct line_editor *e);

/* Takes the line that is being edited off the terminal, so that text can be written from the
 * start of its row, and puts the line back below text that ended with a newline. e may be
 * NULL: nothing is done. */
void line_editor_hide(struct line_editor *e);
void line_editor_show(struct line_editor *e);

/* Leaves the terminal as it was. Allowed in on_line. e may be NULL. */
void line_editor_close(struct line_editor *e);

#endif
