/* SPDX-License-Identifier: MIT */
#include "core/tap.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/send.h"

static void end_note(void *body)
{
    tr_tap_note *note = body;
    troupe_message_destroy(&note->copy);
}

const troupe_type tr_tap_note_type = TROUPE_TYPE_WITH(tr_tap_note, .fini = end_note);

troupe_error tr_tap_create(const troupe_allocator *allocator, uint32_t one_in, tr_tap **out_tap)
{
    tr_tap *tap = tr_allocate(allocator, sizeof *tap);
    TR_REQUIRE(tap != NULL, NO_MEMORY);
    tap->allocator = allocator;
    tap->one_in = one_in != 0 ? one_in : 1;
    atomic_init(&tap->shares, 1);
    *out_tap = tap;
    return TROUPE_OK;
}

tr_tap *tr_tap_share(tr_tap *tap)
{
    /* Relaxed: who gives one has one. */
    atomic_fetch_add_explicit(&tap->shares, 1, memory_order_relaxed);
    return tap;
}

void tr_tap_release(tr_tap **in_tap)
{
    tr_tap *tap = *in_tap;
    *in_tap = NULL;
    /* Release and acquire: who frees it comes after all that others have done with it. */
    if (tap != NULL && atomic_fetch_sub_explicit(&tap->shares, 1, memory_order_acq_rel) == 1) {
        tr_free(tap->allocator, tap, sizeof *tap);
    }
}

void tr_tap_end(tr_tap *tap)
{
    /* Relaxed: it guards nothing. */
    atomic_store_explicit(&tap->is_over, true, memory_order_relaxed);
}

static bool is_over(const tr_tap *tap)
{
    return atomic_load_explicit(&tap->is_over, memory_order_relaxed);
}

troupe_error tr_tap_put(tr_worker *worker, tr_actor *actor, tr_tap *tap)
{
    TR_REQUIRE(tr_actor_is_live(actor), STALE);
    tr_extra *extra = tr_actor_extra(worker, actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    TR_REQUIRE(extra->tap == NULL || is_over(extra->tap), NAME_TAKEN);
    tr_tap_release(&extra->tap);
    tap->begun_ns = worker->now_ns;
    extra->tap = tr_tap_share(tap);
    actor->is_watched = true;
    return TROUPE_OK;
}

/* Counts are the worker's to write. */
static uint64_t count(_Atomic uint64_t *counter)
{
    const uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + 1, memory_order_relaxed);
    return before;
}

/* NULL: it would keep too much memory, or cannot be. */
static troupe_message *copy_of(tr_worker *worker, troupe_message *message)
{
    troupe_message *copy = NULL;
    return message->size <= TR_TAP_COPY_MAX &&
                   tr_message_copy_of(&worker->pool, message, &copy) == TROUPE_OK
               ? copy
               : NULL;
}

/* Notes leave some room in the mailbox, so that who asks for them does not wait for it. One that
 * has ended has room: it is found out by the sending. */
static bool has_room(const tr_worker *worker, tr_address to)
{
    const tr_slot *slot = tr_system_slot(worker->system, to);
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    const uint32_t capacity = atomic_load_explicit(&slot->capacity, memory_order_relaxed);
    return (uint32_t) (word >> 32) != to.generation ||
           (word & TR_SLOT_DEPTH_MASK) < capacity - capacity / TR_TAP_SPARED;
}

void tr_tap_look(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    tr_extra *extra = actor->extra;
    tr_tap *tap = extra->tap;
    if (tap == NULL || message->type == &tr_tap_note_type) {
        return;
    }
    if (is_over(tap)) {
        tr_tap_release(&extra->tap);
        actor->is_watched = extra->pressure.head != NULL;
        return;
    }
    if (count(&tap->seen) % tap->one_in != 0) {
        return;
    }
    (void) count(&tap->notes);
    if (!has_room(worker, tap->to)) {
        return;
    }
    tr_tap_note note = {.at_ns = worker->now_ns - tap->begun_ns,
                        .sender = troupe_message_sender(message),
                        .type = troupe_message_type_name(message),
                        .size = message->size};
    troupe_message *told = NULL;
    note.copy = copy_of(worker, message);
    if (tr_message_of_struct(&worker->pool, &tr_tap_note_type, &note, &told) != TROUPE_OK) {
        troupe_message_destroy(&note.copy);
        return;
    }
    if (!tr_send_notice(worker, tap->to, told)) {
        tr_tap_end(tap); /* nobody hears it */
    }
}
