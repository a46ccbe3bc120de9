/* SPDX-License-Identifier: MIT */
/* handle: tells what a user passes for a handle from what only looks like one.
 *
 * A mark lies in each thing that users hold by pointer: a word that says what it is and whether it
 * still is, how often its memory was given back, and which node it belongs to. Every public
 * function looks at the marks of what it is given and ends the program with a line that names the
 * function and what is wrong. Only where NDEBUG is not defined; elsewhere no mark is there and
 * nothing is looked at.
 *
 * The mark of a message lies in front of its header, which stays one cache line; what was given
 * back is used again as late as possible, so that it is known for what it was.
 * Owns:    nothing.
 * Threads: those of the thing that has the mark. */
#ifndef TR_CORE_HANDLE_H
#define TR_CORE_HANDLE_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/message.h>

typedef enum tr_handle_kind {
    TR_HANDLE_NODE = 1,
    TR_HANDLE_SELF,
    TR_HANDLE_MESSAGE,
    TR_HANDLE_SNAPSHOT,
    TR_HANDLE_FUTURE,
    TR_HANDLE_PROMISE,
    TR_HANDLE_SCOPE
} tr_handle_kind;

typedef struct tr_mark {
    uint32_t word;       /* of handle.c: what it is, and whether it still is */
    uint32_t generation; /* how often it was given back */
    const void *owner;   /* the tr_system of a message */
} tr_mark;

void tr_mark_begin(tr_mark *mark, tr_handle_kind kind, const void *owner);
void tr_mark_end(tr_mark *mark);

/* NULL is let through: what to do with it is the function's to say. */
void tr_check_handle(const void *handle, const tr_mark *mark, tr_handle_kind kind,
                     const char *function);
/* As well, that it is a message of the node of `owner`, unless that is NULL. */
void tr_check_message(const troupe_message *message, const void *owner, const char *function);
void tr_check_messages(troupe_message *const *messages, size_t count, const void *owner,
                       const char *function);

#if defined(NDEBUG)
#define TR_CHECKS_HANDLES 0
#define TR_MARK_FIELD(name)
#define TR_MARK_BEGIN(mark, kind, owner) ((void) 0)
#define TR_MARK_END(mark) ((void) 0)
#define TR_CHECK_MARKED(handle, kind) ((void) 0)
#define TR_CHECK_MESSAGE(message) ((void) 0)
#define TR_CHECK_OWN_MESSAGE(self, message) ((void) 0)
#define TR_CHECK_OWN_MESSAGES(self, messages, count) ((void) 0)
#else
#define TR_CHECKS_HANDLES 1
#define TR_MARK_FIELD(name) tr_mark name;
#define TR_MARK_BEGIN(mark, kind, owner) tr_mark_begin((mark), (kind), (owner))
#define TR_MARK_END(mark) tr_mark_end(mark)
/* For things that have a member `mark`. */
#define TR_CHECK_MARKED(handle, kind)                                                              \
    ((handle) != NULL ? tr_check_handle((handle), &(handle)->mark, (kind), __func__) : (void) 0)
#define TR_CHECK_MESSAGE(message) tr_check_message((message), NULL, __func__)
/* `message` is a troupe_message **, `self` is checked before. */
#define TR_CHECK_OWN_MESSAGE(self, message)                                                        \
    TR_CHECK_OWN_MESSAGES((self), (message), (message) != NULL ? 1 : 0)
#define TR_CHECK_OWN_MESSAGES(self, messages, count)                                               \
    tr_check_messages((messages), (count), (self) != NULL ? tr_self_system(self) : NULL, __func__)
#endif

#define TR_CHECK_NODE(node) TR_CHECK_MARKED((node), TR_HANDLE_NODE)
#define TR_CHECK_SELF(self) TR_CHECK_MARKED((self), TR_HANDLE_SELF)
#define TR_CHECK_SCOPE(scope) TR_CHECK_MARKED((scope), TR_HANDLE_SCOPE)

#endif
