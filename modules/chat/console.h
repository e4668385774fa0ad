/*
 * The user's side of a chat: what is typed or piped in, as lines, and where text is shown.
 * On a terminal lines are edited (GNU readline, loaded only then), and text that arrives
 * never tears the line that is being typed; without a terminal, or without the library,
 * lines are plain.
 */
#ifndef CHAT_CONSOLE_H
#define CHAT_CONSOLE_H

#include "core/conversation.h"

struct console;

/* T marks what applies only to a user at a terminal. */
struct console_options {
    bool without_input; /* input ends at once */
    bool edited;        /* T: lines are edited, which they can be in UTF-8 only */
    bool prompted;      /* T: a prompt stands before a line that is edited */
    bool marked;        /* T: each row of text that arrives begins with a mark, for text that
                         * does not name its author */
};

/* Loads what console_open() would load, while files can still be opened. */
void console_prepare(const struct console_options *o);

/* Opens standard input and standard output. Returns NULL with err filled on failure. */
struct console *console_open(struct loop *l, const struct console_options *o, struct error *err);

/* Returns the two streams as an end, which the caller takes over: a read from its input
 * gives one whole line with its newline. Once. */
struct end console_take_end(struct console *c);

/* Returns true when a user types: standard input is a terminal. */
bool console_is_interactive(const struct console *c);

/* Returns true when the input has ended. */
bool console_has_ended(const struct console *c);

/* Returns true when standard output is a terminal that shows colours, and NO_COLOR
 * (no-color.org) does not forbid them. */
bool console_has_colours(void);

/* From now on a line is given only in turn: after each one, the next waits for
 * console_give_turn(). */
void console_take_turns(struct console *c);
void console_give_turn(struct console *c);

/* Takes no more input, leaves the terminal as it was found, and frees the console. Streams
 * that were taken have to be closed before. c may be NULL. */
void console_close(struct console *c);

#endif
