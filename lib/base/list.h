/* SPDX-License-Identifier: MIT */
/* list: a doubly linked list through nodes that lie in the things listed.
 *
 * Head and node are the same type; the list is a ring through its head.
 * Owns:       nothing.
 * Invariants: node->next->previous == node->previous->next == node, a node in no list included.
 * Threads:    only the thread that owns the list.
 * Fails:      never; never allocates. */
#ifndef TR_BASE_LIST_H
#define TR_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tr_list tr_list;
struct tr_list {
    tr_list *next;
    tr_list *previous;
};

/* For heads and for nodes. */
static inline void tr_list_init(tr_list *list)
{
    list->next = list;
    list->previous = list;
}

static inline bool tr_list_is_empty(const tr_list *list)
{
    return list->next == list;
}

/* True if the node, once initialised, is in a list. */
static inline bool tr_list_is_linked(const tr_list *node)
{
    return node->next != node;
}

/* The node must be in no list; what it held before does not matter. */
static inline void tr_list_push_back(tr_list *list, tr_list *node)
{
    tr_list *last = list->previous;
    node->previous = last;
    node->next = list;
    last->next = node;
    list->previous = node;
}

/* As tr_list_push_back, at the other end. */
static inline void tr_list_push_front(tr_list *list, tr_list *node)
{
    tr_list_push_back(list->next, node);
}

/* Leaves the node in no list; does nothing to one that is in none. */
static inline void tr_list_remove(tr_list *node)
{
    node->next->previous = node->previous;
    node->previous->next = node->next;
    tr_list_init(node);
}

/* NULL when empty. */
static inline tr_list *tr_list_first(const tr_list *list)
{
    return list->next != list ? list->next : NULL;
}

/* The node after `node`, or NULL at the end. */
static inline tr_list *tr_list_next(const tr_list *list, const tr_list *node)
{
    return node->next != list ? node->next : NULL;
}

/* NULL when empty. */
static inline tr_list *tr_list_pop_front(tr_list *list)
{
    tr_list *first = tr_list_first(list);
    if (first != NULL) {
        tr_list_remove(first);
    }
    return first;
}

#endif
