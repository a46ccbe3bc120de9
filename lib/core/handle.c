/* SPDX-License-Identifier: MIT */
#include "core/handle.h"

#include "base/assert.h"
#include "core/message.h"

/* In a mark's word: the kind in the lowest byte. */
#define WORD_KIND UINT32_C(0xff)
#define WORD_LIVE UINT32_C(0x54726f00)
#define WORD_ENDED UINT32_C(0xdead0000)

/* What is read may have been freed, which is to be said by us and not by a tool. */
#define UNSEEN __attribute__((noinline, no_sanitize("address", "thread", "undefined")))

void tr_mark_begin(tr_mark *mark, tr_handle_kind kind, const void *owner)
{
    mark->word = WORD_LIVE | (uint32_t) kind;
    mark->owner = owner;
}

void tr_mark_end(tr_mark *mark)
{
    mark->word = WORD_ENDED | (mark->word & WORD_KIND);
    mark->generation++;
}

UNSEEN static void peek(const tr_mark *mark, tr_mark *out_copy)
{
    out_copy->word = mark->word;
    out_copy->generation = mark->generation;
    out_copy->owner = mark->owner;
}

static const char *name_of(tr_handle_kind kind)
{
    static const char *const names[] = {"?",        "node",   "self",    "message",
                                        "snapshot", "future", "promise", "scope"};
    return names[kind];
}

__attribute__((cold)) static void complain(const void *handle, const tr_mark *mark,
                                           tr_handle_kind kind, const char *function)
{
    const char *name = name_of(kind);
    if (mark->word == (WORD_ENDED | (uint32_t) kind)) {
        tr_misused(function, "%s %p is of the past: it was given back (its memory for time %u)",
                   name, handle, mark->generation);
    }
    tr_misused(function, "%p is no %s: it has no mark of one (found %08x)", handle, name,
               mark->word);
}

void tr_check_handle(const void *handle, const tr_mark *mark, tr_handle_kind kind,
                     const char *function)
{
    if (TR_UNLIKELY((uintptr_t) handle % _Alignof(void *) != 0)) {
        tr_misused(function, "%p is no %s: its address is odd", handle, name_of(kind));
    }
    tr_mark seen;
    peek(mark, &seen);
    if (TR_UNLIKELY(seen.word != (WORD_LIVE | (uint32_t) kind))) {
        complain(handle, &seen, kind, function);
    }
}

void tr_check_message(const troupe_message *message, const void *owner, const char *function)
{
    if (message == NULL) {
        return;
    }
    const tr_mark *mark = (const tr_mark *) (const void *) message - 1;
    tr_check_handle(message, mark, TR_HANDLE_MESSAGE, function);
    /* Relaxed: who destroyed it and who calls now are the same, or race. */
    if (TR_UNLIKELY(tr_message_has(message, TR_MESSAGE_HELD) &&
                    atomic_load_explicit(&message->released, memory_order_relaxed) % 2 != 0)) {
        tr_misused(function, "message %p is of the past: it was destroyed", (const void *) message);
    }
    if (TR_UNLIKELY(owner != NULL && mark->owner != owner)) {
        tr_misused(function, "message %p is foreign: it belongs to another node",
                   (const void *) message);
    }
}

void tr_check_messages(troupe_message *const *messages, size_t count, const void *owner,
                       const char *function)
{
    for (size_t i = 0; messages != NULL && i < count; i++) {
        tr_check_message(messages[i], owner, function);
    }
}
