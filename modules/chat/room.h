/*
 * A room: members that speak in lines, their names, what is announced to all and answered
 * to one, and the pace. The room sees no connection: each member is a stream (member.h) that
 * a conversation reads and writes.
 *
 * What is said stands in one shared log (shared_log.h), in the wire encoding. Every member
 * gets every line whole, once and in the same order, except the lines that it has caused
 * itself; private answers come in between two lines.
 *
 *   guest1: text            said
 *   * guest1 waves          /me waves
 *   -- guest1 joined        announced to all, or answered to one
 */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include "core/stream.h"
#include "text/transcode.h"

/* The characters of a line; a longer one is cut, and its sender is notified. */
#define ROOM_LINE_MAX 4096

/* The limit of pending private text, at which a member may send nothing. */
#define ROOM_PRIVATE_BYTES ((size_t)64 * 1024)

/* The smallest buffer. Lines that are larger than the buffer are refused. */
#define ROOM_BUFFER_MIN ((size_t)4 * 1024)

struct room;

struct room_options {
    size_t buffer_bytes;  /* all memory of the log */
    size_t history;       /* how many lines a new member is shown */
    const char *encoding; /* of the wire; NULL: UTF-8, invalid bytes are made visible */
    bool crlf;            /* lines end with CRLF on the wire, not LF (incoming, both do) */
    enum transcode_policy incoming;         /* with an encoding: of what members send, ... */
    enum transcode_policy outgoing;         /* ... and of what they are sent */
    struct transcode_count *incoming_count; /* may be NULL; else they outlive the room */
    struct transcode_count *outgoing_count;
};

/* Returns a new room, or NULL with err filled: the encoding is unknown, the buffer is too
 * small (EXITCODE_USAGE), or there is no memory. The options are copied, but for the counts.
 * on_quit is called when the console asks for the room to be closed. */
struct room *room_new(struct loop *l, const struct room_options *options,
                      void (*on_quit)(void *arg), void *arg, struct error *err);

/* Frees the room, whose members' streams have to be closed before. r may be NULL. */
void room_free(struct room *r);

/* Tells all members that the room closes; the data for each ends there. */
void room_close(struct room *r);

/* Return the number of members; of lines that the console's output did not accept; and of the
 * console's own lines that were not sent. */
size_t room_count(const struct room *r);
uint64_t room_unseen(const struct room *r);
uint64_t room_unsaid(const struct room *r);

/* Returns true when members' bytes are passed to the room as they are; else
 * room_decoder() makes the filter that they go through, or returns NULL with err filled. */
bool room_is_plain(const struct room *r);
struct filter *room_decoder(const struct room *r, struct error *err);

#endif
