/* A conversation of two: lines in both directions, and the ways in which it ends. */
#ifndef CHAT_TALK_H
#define CHAT_TALK_H

#include "chat/bye.h"
#include "chat/console.h"
#include "net/service.h"

struct talk_config {
    const struct text_options *text; /* with its eol set */
    struct bye_words byes;
    const char *name; /* NULL, or what a room is to call us */
    bool without_input;
    struct conversation_plan plan; /* the parts that common options decide */
};

struct talk {
    const struct talk_config *config;
    struct run *run;
    struct text_counts *counts;
    struct conversation_plan plan;
    struct conversation *conversation; /* NULL before it begins and when it is over */
    struct console *console;
    struct timer turn;
    bool said_bye;
    bool heard_bye;
    bool leaving; /* by talk_leave() */
    void (*on_over)(void *arg, struct outcome *o);
    void *arg;
};

/* Opens the console and starts the conversation with peer, which is taken over, also on
 * failure. on_over is called once, with the console closed. Returns 0, or -1 with err
 * filled. */
int talk_begin(struct talk *t, const struct talk_config *config, struct run *run,
               struct text_counts *counts, struct stream *peer,
               void (*on_over)(void *arg, struct outcome *o), void *arg, struct error *err);

/* Ends the chat as the end of input does. */
void talk_leave(struct talk *t);

/* The service that chats with one client. config: struct talk_config. */
extern const struct service_ops talk_ops;

#endif
