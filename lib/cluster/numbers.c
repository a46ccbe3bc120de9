/* SPDX-License-Identifier: MIT */
#include "cluster/numbers.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/limits.h"

/* What an entry of ours is found by where its end is told. */
struct key {
    tr_kind kind;
    tr_address from;
    uint64_t correlation;
};

static uint64_t hash_of(const struct key *key)
{
    return tr_hash_u64(tr_hash_u64((uint64_t) key->from.generation << 32 | key->from.slot) ^
                       tr_hash_u64(key->correlation) ^ (uint64_t) key->kind);
}

static struct key key_of(const troupe_message *message)
{
    return (struct key) {.kind = tr_message_kind(message),
                         .from = message->sender,
                         .correlation = message->correlation};
}

static bool has_key(const tr_map_node *node, const void *wanted)
{
    const tr_own *own = TR_CONTAINER_OF_CONST(node, tr_own, by_key);
    const struct key *key = wanted;
    const struct key has = key_of(own->message);
    return has.kind == key->kind && has.correlation == key->correlation &&
           tr_address_is_same(has.from, key->from);
}

static bool has_number(const tr_map_node *node, const void *wanted)
{
    return TR_CONTAINER_OF_CONST(node, tr_their, by_number)->number == *(const uint64_t *) wanted;
}

static bool has_monitor(const tr_map_node *node, const void *wanted)
{
    return TR_CONTAINER_OF_CONST(node, tr_their, by_monitor)->local == *(const uint64_t *) wanted;
}

void tr_numbers_init(tr_numbers *numbers, const troupe_allocator *allocator)
{
    *numbers = (tr_numbers) {.allocator = allocator};
    tr_table_init(&numbers->own, allocator, TR_NUMBERS_MAX);
    tr_map_init(&numbers->own_by_key, allocator);
    tr_map_init(&numbers->theirs, allocator);
    tr_map_init(&numbers->their_monitors, allocator);
    tr_list_init(&numbers->all_theirs);
}

void tr_numbers_fini(tr_numbers *numbers)
{
    TR_ASSERT(numbers->own.count == 0 && numbers->theirs.count == 0 && numbers->voids == 0);
    tr_table_fini(&numbers->own);
    tr_map_fini(&numbers->own_by_key);
    tr_map_fini(&numbers->theirs);
    tr_map_fini(&numbers->their_monitors);
}

troupe_error tr_numbers_add_own(tr_numbers *numbers, troupe_message *message, tr_own **out_own)
{
    troupe_error error = tr_map_reserve_one(&numbers->own_by_key);
    if (error) {
        return error;
    }
    tr_own *own = tr_allocate(numbers->allocator, sizeof *own);
    TR_REQUIRE(own != NULL, NO_MEMORY);
    own->message = message;
    error = tr_table_add(&numbers->own, own, &own->number);
    if (error) {
        tr_free(numbers->allocator, own, sizeof *own);
        return error;
    }
    const struct key key = key_of(message);
    tr_map_add(&numbers->own_by_key, &own->by_key, hash_of(&key));
    *out_own = own;
    return TROUPE_OK;
}

tr_own *tr_numbers_find_own(const tr_numbers *numbers, uint64_t number)
{
    return tr_table_find(&numbers->own, number);
}

tr_own *tr_numbers_find_by_key(const tr_numbers *numbers, tr_kind kind, tr_address from,
                               uint64_t correlation)
{
    const struct key key = {.kind = kind, .from = from, .correlation = correlation};
    tr_map_node *node = tr_map_find(&numbers->own_by_key, hash_of(&key), has_key, &key);
    return node != NULL ? TR_CONTAINER_OF(node, tr_own, by_key) : NULL;
}

tr_own *tr_numbers_next_own(const tr_numbers *numbers, uint64_t *number)
{
    return tr_table_next(&numbers->own, number);
}

troupe_message *tr_numbers_remove_own(tr_numbers *numbers, tr_own *own)
{
    troupe_message *message = own->message;
    tr_map_remove(&numbers->own_by_key, &own->by_key);
    (void) tr_table_remove(&numbers->own, own->number);
    tr_free(numbers->allocator, own, sizeof *own);
    return message;
}

troupe_error tr_numbers_add_their(tr_numbers *numbers, uint64_t number, bool is_monitor,
                                  tr_their **out_their)
{
    TR_REQUIRE(tr_numbers_find_their(numbers, number) == NULL, BAD_ARGUMENT);
    TR_REQUIRE(numbers->theirs.count < TR_NUMBERS_MAX, LIMIT_REACHED);
    troupe_error error = tr_map_reserve_one(&numbers->theirs);
    if (error == TROUPE_OK && is_monitor) {
        error = tr_map_reserve_one(&numbers->their_monitors);
    }
    if (error) {
        return error;
    }
    tr_their *their = tr_allocate(numbers->allocator, sizeof *their);
    TR_REQUIRE(their != NULL, NO_MEMORY);
    their->number = number;
    their->is_monitor = is_monitor;
    tr_map_add(&numbers->theirs, &their->by_number, tr_hash_u64(number ^ numbers->hash_key));
    tr_list_push_back(&numbers->all_theirs, &their->all);
    *out_their = their;
    return TROUPE_OK;
}

void tr_numbers_note_monitor(tr_numbers *numbers, tr_their *their, uint64_t monitor)
{
    their->local = monitor;
    tr_map_add(&numbers->their_monitors, &their->by_monitor,
               tr_hash_u64(monitor ^ numbers->hash_key));
}

tr_their *tr_numbers_find_their(const tr_numbers *numbers, uint64_t number)
{
    tr_map_node *node =
        tr_map_find(&numbers->theirs, tr_hash_u64(number ^ numbers->hash_key), has_number, &number);
    return node != NULL ? TR_CONTAINER_OF(node, tr_their, by_number) : NULL;
}

tr_their *tr_numbers_find_monitor(const tr_numbers *numbers, uint64_t monitor)
{
    tr_map_node *node = tr_map_find(
        &numbers->their_monitors, tr_hash_u64(monitor ^ numbers->hash_key), has_monitor, &monitor);
    return node != NULL ? TR_CONTAINER_OF(node, tr_their, by_monitor) : NULL;
}

tr_their *tr_numbers_first_their(const tr_numbers *numbers)
{
    tr_list *first = tr_list_first(&numbers->all_theirs);
    return first != NULL ? TR_CONTAINER_OF(first, tr_their, all) : NULL;
}

static void leave_maps(tr_numbers *numbers, tr_their *their)
{
    tr_list_remove(&their->all);
    tr_map_remove(&numbers->theirs, &their->by_number);
    if (their->is_monitor && their->local != 0) {
        tr_map_remove(&numbers->their_monitors, &their->by_monitor);
    }
}

void tr_numbers_void_their(tr_numbers *numbers, tr_their *their)
{
    TR_ASSERT(!their->is_void && !their->is_monitor);
    leave_maps(numbers, their);
    their->is_void = true;
    numbers->voids++;
}

void tr_numbers_remove_their(tr_numbers *numbers, tr_their *their)
{
    if (their->is_void) {
        numbers->voids--;
    } else {
        leave_maps(numbers, their);
    }
    tr_free(numbers->allocator, their, sizeof *their);
}
