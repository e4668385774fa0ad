/*
 * A doubly linked ring whose links live inside the things that are listed. The
 * head is a link too; a link that is in no list points at itself.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* The struct of the given type that has member at pointer. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct list {
    struct list *next;
    struct list *previous;
};

static inline void list_init(struct list *l)
{
    l->next = l->previous = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

/* Puts item, which is in no list, before the head: at the end. */
static inline void list_append(struct list *head, struct list *item)
{
    item->next = head;
    item->previous = head->previous;
    head->previous->next = item;
    head->previous = item;
}

/* Takes item out of the list it is in, if any. */
static inline void list_remove(struct list *item)
{
    item->previous->next = item->next;
    item->next->previous = item->previous;
    item->next = item->previous = item;
}

/* Moves everything that from holds to the empty list to. */
static inline void list_take_all(struct list *to, struct list *from)
{
    list_append(from, to);
    list_remove(from);
}

#endif
