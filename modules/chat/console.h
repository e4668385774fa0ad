/*
 * The person's side of a chat: what is typed or piped in, as lines, and where
 * text is shown. On a terminal lines are edited (GNU readline, loaded only then)
 * and what arrives never tears the line that is being typed; without a terminal,
 * or without the library, lines are plain.
 *
 * Both sides are streams, so that pumps use them as any other: a read from input
 * gives one whole line with its newline.
 */
#ifndef CHAT_CONSOLE_H
#define CHAT_CONSOLE_H

#include "core/stream.h"

struct console;

/* Opens standard input and standard output; without_input: input ends at once.
 * prompt stands before the line that is typed, where lines are edited. NULL with
 * err filled on failure. */
struct console *console_open(struct loop *l, const char *prompt, bool without_input,
                             struct error *err);

struct stream *console_input(struct console *c);
struct stream *console_output(struct console *c);

/* True when a person types: standard input is a terminal. */
bool console_is_interactive(const struct console *c);

/* True when standard output is a terminal that shows colours, and NO_COLOR
 * (no-color.org) does not forbid them. */
bool console_has_colours(void);

/* From now on a line is given only in turn: after each one, the next waits for
 * console_give_turn(). */
void console_take_turns(struct console *c);
void console_give_turn(struct console *c);

/* Takes no more input, leaves the terminal as it was found, and closes both
 * streams. The memory stays until the round is over. NULL is fine. */
void console_close(struct console *c);

#endif
