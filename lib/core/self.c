/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/names.h"

troupe_ref troupe_self_ref(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    return self == NULL ? troupe_ref_none()
                        : tr_system_ref(self->actor->worker->system, self->actor->address);
}

troupe_ref troupe_self_parent(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return troupe_ref_none();
    }
    const tr_system *system = self->actor->worker->system;
    const tr_address parent = tr_actor_parent(self->actor);
    return tr_address_is_same(parent, system->guardian) ? troupe_ref_none()
                                                        : tr_system_ref(system, parent);
}

troupe_node *troupe_self_node(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    return self == NULL ? NULL : self->actor->worker->system->node;
}

const troupe_allocator *troupe_self_allocator(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    return self == NULL ? NULL : self->actor->worker->system->ports.allocator;
}

uint32_t troupe_self_worker(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    return self == NULL ? 0 : self->actor->worker->index;
}

uint64_t troupe_self_now_ns(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return 0;
    }
    const uint64_t now_ns = tr_enter(self)->now_ns;
    tr_leave(self);
    return now_ns;
}

static troupe_error read_depth(tr_system *system, troupe_ref ref, uint32_t *out_depth,
                               uint32_t *out_capacity)
{
    tr_address address;
    const troupe_error error = tr_system_address(system, ref, &address);
    if (error) {
        return error;
    }
    /* Relaxed: a moment's number, which guards nothing. */
    const tr_slot *slot = tr_system_slot(system, address);
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    const uint32_t generation = (uint32_t) (word >> 32);
    TR_REQUIRE(generation >= address.generation, NO_SUCH_ACTOR);
    TR_REQUIRE(generation == address.generation && (word & TR_SLOT_CLOSED) == 0, STALE);
    *out_depth = (uint32_t) (word & TR_SLOT_DEPTH_MASK);
    *out_capacity = atomic_load_explicit(&slot->capacity, memory_order_relaxed);
    return TROUPE_OK;
}

troupe_error troupe_self_depth(troupe_self *self, troupe_ref actor, uint32_t *out_depth,
                               uint32_t *out_capacity)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_depth != NULL && out_capacity != NULL, BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    const troupe_error error = read_depth(worker->system, actor, out_depth, out_capacity);
    tr_leave(self);
    return error;
}

uint64_t troupe_self_random(troupe_self *self)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return 0;
    }
    const uint64_t number = tr_random_next(&tr_enter(self)->random);
    tr_leave(self);
    return number;
}

/* To itself an actor says it without a signal; it is looked at when its handler returns or its task
 * waits. */
static void signal_self(tr_actor *actor, uint32_t bit)
{
    actor->is_stopping = actor->is_stopping || (bit & TR_SIGNAL_STOP) != 0;
    actor->is_cancelled = actor->is_cancelled || (bit & TR_SIGNAL_CANCEL) != 0;
    actor->is_killed = actor->is_killed || (bit & TR_SIGNAL_KILL) != 0;
}

static troupe_error signal_actor(troupe_self *self, troupe_ref ref, uint32_t bit)
{
    TR_REQUIRE(self != NULL && !troupe_ref_is_none(ref), BAD_ARGUMENT);
    tr_actor *actor = self->actor;
    tr_worker *worker = tr_enter(self);
    tr_address address;
    troupe_error error = TROUPE_OK;
    if (tr_far_is(worker->system, ref)) {
        error =
            actor->state != TR_ACTOR_ENDED ? tr_far_tell(actor, ref, bit) : TROUPE_ERROR_STOPPING;
    } else {
        error = tr_system_address(worker->system, ref, &address);
        if (error == TROUPE_OK && actor->state == TR_ACTOR_LIVE &&
            tr_address_is_same(address, actor->address)) {
            signal_self(actor, bit);
        } else if (error == TROUPE_OK) {
            error = tr_actor_signal(worker, address, bit);
        }
    }
    tr_leave(self);
    return error;
}

troupe_error troupe_stop(troupe_self *self, troupe_ref actor)
{
    TR_CHECK_SELF(self);
    return signal_actor(self, actor, TR_SIGNAL_STOP);
}

troupe_error troupe_cancel(troupe_self *self, troupe_ref actor)
{
    TR_CHECK_SELF(self);
    return signal_actor(self, actor, TR_SIGNAL_CANCEL);
}

troupe_error troupe_kill(troupe_self *self, troupe_ref actor)
{
    TR_CHECK_SELF(self);
    return signal_actor(self, actor, TR_SIGNAL_CANCEL | TR_SIGNAL_KILL);
}

troupe_error troupe_lookup(troupe_self *self, const char *name, troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && name != NULL && out_ref != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_address address;
    const troupe_error error = tr_names_find(worker->system, name, &address);
    if (error == TROUPE_OK) {
        *out_ref = tr_system_ref(worker->system, address);
    }
    tr_leave(self);
    return error;
}

troupe_error troupe_become(troupe_self *self, const troupe_behavior *next)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && next != NULL && next->size == sizeof *next, BAD_ARGUMENT);
    tr_actor *actor = self->actor;
    TR_REQUIRE(actor->behavior != NULL && next->state_size <= actor->state_size, BAD_ARGUMENT);
    (void) tr_enter(self);
    actor->behavior = next;
    tr_leave(self);
    return TROUPE_OK;
}
