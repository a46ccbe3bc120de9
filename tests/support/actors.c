/* SPDX-License-Identifier: MIT */
#include "support/actors.h"

#include "core/actor.h"
#include "support/fixtures.h"

const troupe_type item_type = TROUPE_TYPE(uint64_t);
const troupe_type extra_type = TROUPE_TYPE(uint64_t);
const troupe_type bulk_type = TROUPE_SIGNAL("bulk");

static const unsigned char nothing[BULK_MAX];

troupe_error make_item(troupe_self *self, uint64_t number, troupe_message **out_message)
{
    return troupe_message_create(self, &item_type, &number, out_message);
}

troupe_error make_extra(troupe_self *self, uint64_t number, troupe_message **out_message)
{
    return troupe_message_create(self, &extra_type, &number, out_message);
}

troupe_error make_bulk(troupe_self *self, size_t size, troupe_message **out_message)
{
    const troupe_bytes bytes = {.data = nothing, .size = size};
    return troupe_message_create_bytes(self, &bulk_type, &bytes, out_message);
}

troupe_error send_item(troupe_self *self, troupe_ref to, uint64_t number,
                       const troupe_send_options *options)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = make_item(self, number, &message);
    return error ? error : troupe_send_message_with(self, to, &message, options);
}

troupe_error send_extra(troupe_self *self, troupe_ref to, uint64_t number,
                        const troupe_send_options *options)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = make_extra(self, number, &message);
    return error ? error : troupe_send_message_with(self, to, &message, options);
}

troupe_error send_bulk(troupe_self *self, troupe_ref to, size_t size,
                       const troupe_send_options *options)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = make_bulk(self, size, &message);
    return error ? error : troupe_send_message_with(self, to, &message, options);
}

uint64_t item_of(const troupe_message *message)
{
    const uint64_t *number = troupe_message_struct(message, &item_type);
    if (number == NULL) {
        number = troupe_message_struct(message, &extra_type);
    }
    if (number != NULL) {
        return *number;
    }
    return troupe_message_is(message, &bulk_type) ? troupe_message_size(message) : UINT64_MAX;
}

void say_error(struct probe *seen, const char *what, troupe_error error)
{
    probe_say(seen, "%s %s", what, troupe_error_name(error));
}

static troupe_error receive_all(troupe_self *self, struct receiver *receiver)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    if (receiver->pause_ms > 0) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(receiver->pause_ms));
    }
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            receiver->count++;
            if (receiver->seen != NULL) {
                probe_say(receiver->seen, "%llu", (unsigned long long) item_of(message));
            }
            if (receiver->each_ms > 0) {
                error = troupe_sleep(self, TROUPE_WITHIN_MS(receiver->each_ms));
            }
        }
    }
    return error;
}

troupe_error receiver_body(troupe_self *self, void *argument)
{
    return receive_all(self, argument);
}

troupe_error sender_body(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    for (uint64_t i = 1; i <= script->count; i++) {
        bool was_dropped = false;
        troupe_send_options options = {.size = sizeof options};
        if (script->options != NULL) {
            options = *script->options;
        }
        options.out_dropped = &was_dropped;
        const troupe_error error = send_item(self, script->to, i, &options);
        if (error) {
            probe_say(script->seen, "%llu %s", (unsigned long long) i, troupe_error_name(error));
        } else if (was_dropped) {
            probe_say(script->seen, "%llu dropped", (unsigned long long) i);
        }
    }
    return TROUPE_OK;
}

tr_slot *slot_of(const tr_world *world, troupe_ref ref)
{
    const tr_slots *slots = &tr_world_worker(world, 0)->system->slots;
    return tr_slots_at(slots, ref.slot);
}

static uint64_t word_of(const tr_world *world, troupe_ref ref)
{
    return atomic_load(&slot_of(world, ref)->admission);
}

uint32_t depth_of(const tr_world *world, troupe_ref ref)
{
    return (uint32_t) (word_of(world, ref) & TR_SLOT_DEPTH_MASK);
}

uint64_t bytes_of(const tr_world *world, troupe_ref ref)
{
    return atomic_load(&slot_of(world, ref)->bytes);
}

bool is_waiting_flag_set(const tr_world *world, troupe_ref ref)
{
    return (word_of(world, ref) & TR_SLOT_WAITING) != 0;
}

static bool is_over(const tr_slot *slot)
{
    const uint64_t depth = atomic_load(&slot->admission) & TR_SLOT_DEPTH_MASK;
    const uint32_t capacity = atomic_load(&slot->capacity);
    const tr_actor *actor = atomic_load(&slot->actor);
    if (actor == NULL) {
        return false;
    }
    const uint32_t stashed = actor->extra != NULL ? actor->extra->stashed : 0;
    return depth > (actor->evicts ? 2 * (uint64_t) capacity : capacity) ||
           actor->queued + stashed > capacity ||
           atomic_load(&slot->bytes) > atomic_load(&slot->bytes_limit);
}

bool a_bound_is_broken(void *world)
{
    const tr_slots *slots = &tr_world_worker(world, 0)->system->slots;
    const uint32_t used = atomic_load(&slots->used);
    for (uint32_t i = 0; i < used; i++) {
        if (is_over(&slots->table[i])) {
            return true;
        }
    }
    return false;
}

void advance_within_bounds(tr_world *world, uint64_t ns)
{
    assert_false(tr_world_until(world, a_bound_is_broken, world, ns));
}
