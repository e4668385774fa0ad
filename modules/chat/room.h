/*
 * A room: members that speak in lines, their names, what is announced to all and
 * what is answered to one, and the pace. It knows no descriptors, no clock and
 * no loop: bytes are brought with room_hear(), fetched with room_peek(), and the
 * time is given in milliseconds of any clock that never goes back.
 *
 * What is said stands in one shared log (shared_log.h), in the wire's encoding.
 * Every member gets every line whole, once and in the same order, except those it
 * has caused itself; private answers come in between two lines. The console, the
 * terminal that runs the room, takes part without a position in the log: its
 * lines come through room_say(), and it is given all others at once.
 *
 *   guest1: text            said
 *   * guest1 waves          /me waves
 *   -- guest1 joined        announced to all, or answered to one
 *
 * How a caller goes about it:
 *   accepted    room_join(), then write what room_peek() gives
 *   readable    if room_is_congested() or not room_wants(): leave it unread until
 *               on_flowing or on_wanting; else read and room_hear()
 *   its end     room_hear_end(); on_quit will follow
 *   writable    room_peek(), write, room_took(), until it gives nothing; after
 *               that only on_news and on_private bring something new
 *   each round  room_tend(), once, when the events of the round have been seen;
 *               and again when room_next_ms() has come
 */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/list.h"
#include "chat/shared_log.h"
#include "text/filter.h"
#include "text/transcode.h"

/* The characters of a line; what is longer is cut, and its sender told. */
#define ROOM_LINE_MAX 4096

/* A member that has so much private text waiting is not wanted to say more. */
#define ROOM_PRIVATE_BYTES ((size_t)64 * 1024)

/* The smallest buffer. Lines that are larger than the buffer are refused. */
#define ROOM_BUFFER_MIN ((size_t)4 * 1024)

/* A member that has taken nothing for so long holds nobody up. */
#define ROOM_PATIENCE_MS 1000

/* room_peek() wants room for at least so many pieces. */
#define ROOM_PIECES_MIN 6

struct room;
struct room_member;

struct room_options {
    size_t buffer_bytes;  /* all memory of the log */
    size_t history;       /* how many lines a newcomer is shown */
    const char *console;  /* the name of the console, or NULL: nobody has one */
    const char *encoding; /* of the wire; NULL: UTF-8, invalid bytes are made visible */
    bool crlf;            /* lines end with CRLF on the wire, not LF (inward both are fine) */
    enum transcode_policy inward;         /* with an encoding: of what members send, ... */
    enum transcode_policy outward;        /* ... and of what they are sent */
    struct transcode_count *inward_count; /* may be NULL; else they outlive the room */
    struct transcode_count *outward_count;
};

/*
 * What the room tells its caller; none may be NULL. Text is UTF-8 without any
 * control but the newline that ends it, and valid only during the call.
 *
 * From on_news, on_private, on_said and on_answer nothing of the room may be
 * called but room_news_taken(). From the others everything may but room_tend() and
 * room_free(); room_leave() of that member too, whose memory may then be freed at
 * once.
 */
struct room_events {
    /* There are new lines in the log. Not again until room_news_taken(). */
    void (*on_news)(void *arg);
    /* There is private text for m, which had none waiting. */
    void (*on_private)(void *arg, struct room_member *m);
    /* A line that was said or announced, once each, but not the console's own. */
    void (*on_said)(void *arg, const char *line, size_t n);
    /* A line that answers the console alone. */
    void (*on_answer)(void *arg, const char *line, size_t n);
    /* m (NULL: the console) wants to go: it said /quit, or its input has ended and
     * all of it was heard. The others have been told. Write what room_peek() still
     * gives, which does not grow any more; then close, and room_leave(). */
    void (*on_quit)(void *arg, struct room_member *m);
    /* Lines that m did not have yet are gone: close it, and room_leave(m,
     * ROOM_FELL_BEHIND). Comes once, and only from room_tend(). */
    void (*on_overrun)(void *arg, struct room_member *m);
    /* m cannot be heard any more: there is no memory, or what it sends is not in the
     * encoding and the policy is strict. Close it, and room_leave(). Comes once. */
    void (*on_failed)(void *arg, struct room_member *m, const struct error *why);
    /* room_wants(m) has become true again. */
    void (*on_wanting)(void *arg, struct room_member *m);
    /* room_is_congested() has become false again. Only from room_tend(). */
    void (*on_flowing)(void *arg);
};

/* Embedded by the caller in what it keeps of a connection; all fields are the
 * room's. It owns memory from room_join() to room_leave(). */
struct room_member {
    struct list link;    /* among the members */
    struct list waiting; /* in the row of those with lines that were not acted on yet */
    struct room *room;
    char *name;                          /* owned */
    char *key;                           /* owned; what the name is compared by */
    struct filter *decoder;              /* owned; made with the first data */
    struct buf heard;                    /* UTF-8 that was not acted on */
    struct buf answers;                  /* private text, as it goes on the wire */
    struct shared_log_position position; /* never in front of a line of its own */
    uint64_t until;                      /* of the log, it gets what is before this line */
    uint64_t spoke;                      /* the line after the last of its own */
    int64_t took_ms;                     /* when it last took something, or joined */
    uint32_t number;                     /* guestN; the author of its lines */
    bool cut;                            /* the rest of the line being heard is dropped */
    bool full;                           /* waits until its private text is taken */
    bool ended;                          /* its input has */
    bool quit;                           /* it is nobody's neighbour any more */
    bool lost;                           /* overrun, or failed, and told so */
};

/* A new room, or NULL and fills err: the console's name is no name or cannot be
 * encoded, the encoding is unknown, the buffer is too small (EXITCODE_USAGE), or
 * there is no memory. The options are copied, but for the counts. */
struct room *room_new(const struct room_options *options, const struct room_events *events,
                      void *arg, struct error *err);

/* Frees the room and what members own that are still in it. No callback comes.
 * NULL is fine. */
void room_free(struct room *r);

/* How many members there are, without the console. */
size_t room_count(const struct room *r);

/* What a member is called; valid until something of the room is called that
 * takes the time. */
const char *room_name(const struct room_member *m);

/* A newcomer, as guestN, is greeted and announced. m need not be initialized.
 * Returns 0, or -1 and fills err; m is no member then. */
int room_join(struct room *r, struct room_member *m, int64_t now_ms, struct error *err);

enum room_leaving {
    ROOM_LEFT,        /* announced, unless it had quit */
    ROOM_FELL_BEHIND, /* the same, in other words */
};

/* Takes m out of the room and frees what it owns. Its memory may be freed at
 * once, also within a callback about it. */
void room_leave(struct room_member *m, enum room_leaving why, int64_t now_ms);

/* What m has sent. All of it is taken; lines for which it is not the time yet are
 * kept, and room_tend() goes on with them. May call on_quit or on_failed for m, as
 * the last thing it does. */
void room_hear(struct room_member *m, const char *bytes, size_t n, int64_t now_ms);

/* m will send no more: a line that has not ended is said, and m quits. */
void room_hear_end(struct room_member *m, int64_t now_ms);

/* False while m should not be read from: it does not take its answers, or lines of
 * its own wait (on_wanting says when that is over), or it quits. */
bool room_wants(const struct room_member *m);

/* A line of the console, without its newline; not to be called without one.
 * Commands are understood as from members. */
void room_say(struct room *r, const char *line, size_t n, int64_t now_ms);

/* Tells everybody that the room closes. Everybody has quit then, without on_quit. */
void room_close(struct room *r, int64_t now_ms);

/* Lists up to max pieces (ROOM_PIECES_MIN or more) of what m is to be written next
 * and returns how many they are; 0: nothing for now. Valid until something else of
 * the room is called. */
size_t room_peek(const struct room_member *m, struct iovec *iov, size_t max);

/* The first n bytes of what room_peek() listed are written. Call it before anything
 * else of the room. Calls nothing back; n may be 0. */
void room_took(struct room_member *m, size_t n, int64_t now_ms);

/* on_news may come again. */
void room_news_taken(struct room *r);

/* True while no member should be read from: one that takes what it is sent is
 * more than half the log behind. It ends when all of those are less than three
 * eighths behind (so that it does not change with each line), or have taken
 * nothing for ROOM_PATIENCE_MS. */
bool room_is_congested(struct room *r, int64_t now_ms);

/* Goes on with what had to wait, everybody in turn, and tells of those that are
 * overrun. */
void room_tend(struct room *r, int64_t now_ms);

/* The time at which room_tend() has something to do although nothing happens; -1:
 * there is no such time. */
int64_t room_next_ms(struct room *r, int64_t now_ms);

#endif
