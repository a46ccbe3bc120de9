/* SPDX-License-Identifier: MIT */
#include "core/offers.h"

#include <string.h>
#include <troupe/remote.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/bracket.h"
#include "core/types.h"

static bool has_name(const tr_map_node *node, const void *name)
{
    return strcmp(TR_CONTAINER_OF_CONST(node, tr_offer, node)->name, name) == 0;
}

static tr_offer *find(const tr_system *system, const char *name)
{
    tr_map_node *node =
        tr_map_find(&system->offers, tr_hash_bytes(name, strlen(name)), has_name, name);
    return node != NULL ? TR_CONTAINER_OF(node, tr_offer, node) : NULL;
}

static bool is_same(const tr_offer *offer, const troupe_spawn_options *options,
                    const troupe_accept *argument)
{
    return offer->options.body == options->body && offer->options.behavior == options->behavior &&
           offer->argument.protobuf == argument->protobuf && offer->argument.type == argument->type;
}

static troupe_error add_locked(tr_system *system, const tr_offer *wanted)
{
    const tr_offer *known = find(system, wanted->name);
    if (known != NULL) {
        return is_same(known, &wanted->options, &wanted->argument) ? TROUPE_OK
                                                                   : TROUPE_ERROR_NAME_TAKEN;
    }
    const troupe_error error = tr_map_reserve_one(&system->offers);
    if (error) {
        return error;
    }
    tr_offer *offer = tr_allocate(system->ports.allocator, sizeof *offer);
    TR_REQUIRE(offer != NULL, NO_MEMORY);
    *offer = *wanted;
    tr_map_add(&system->offers, &offer->node, tr_hash_bytes(offer->name, strlen(offer->name)));
    return TROUPE_OK;
}

troupe_error tr_offers_add(tr_system *system, const char *name, const troupe_spawn_options *options,
                           const troupe_accept *argument)
{
    const tr_ports *ports = &system->ports;
    const size_t length = strnlen(name, TR_NAME_MAX + 1);
    tr_offer wanted = {.options = *options, .argument = *argument};
    TR_REQUIRE(length > 0 && length <= TR_NAME_MAX, BAD_ARGUMENT);
    memcpy(wanted.name, name, length);
    if (wanted.options.place == TROUPE_PLACE_WITH_PARENT) {
        wanted.options.place = TROUPE_PLACE_ANY; /* who asks is not on this node */
    }
    ports->lock(ports->context);
    const troupe_error error = add_locked(system, &wanted);
    ports->unlock(ports->context);
    return error;
}

const tr_offer *tr_offers_find(const tr_system *system, const char *name)
{
    const tr_ports *ports = &system->ports;
    ports->lock(ports->context);
    const tr_offer *offer = find(system, name);
    ports->unlock(ports->context);
    return offer;
}

void tr_offers_forget_all(tr_system *system)
{
    for (tr_map_node *node = tr_map_first(&system->offers); node != NULL;
         node = tr_map_first(&system->offers)) {
        tr_map_remove(&system->offers, node);
        tr_free(system->ports.allocator, TR_CONTAINER_OF(node, tr_offer, node), sizeof(tr_offer));
    }
}

/* The argument's type has to be one that can come from another node. */
static troupe_error learn(troupe_self *self, const troupe_accept *argument)
{
    TR_REQUIRE(argument->protobuf == NULL || argument->type == NULL, BAD_ARGUMENT);
    return argument->protobuf != NULL ? troupe_learn(self, argument->protobuf)
           : argument->type != NULL   ? troupe_learn_type(self, argument->type)
                                      : TROUPE_OK;
}

static troupe_error offer(tr_system *system, const char *name, const troupe_spawn_options *given,
                          const troupe_accept *argument)
{
    troupe_spawn_options options;
    const troupe_error error =
        tr_settings_complete(given, system->options.mailbox_capacity_default, &options);
    if (error) {
        return error;
    }
    TR_REQUIRE(options.name == NULL && options.argument == NULL && options.out_monitor == NULL &&
                   options.scope == NULL && options.link == 0 &&
                   options.place <= TROUPE_PLACE_OWN_THREAD,
               BAD_ARGUMENT);
    return tr_offers_add(system, name, &options, argument);
}

troupe_error troupe_offer(troupe_self *self, const char *name, const troupe_spawn_options *actor,
                          const troupe_accept *argument)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && name != NULL && actor != NULL, BAD_ARGUMENT);
    const troupe_accept type = argument != NULL ? *argument : (troupe_accept) {0};
    troupe_error error = learn(self, &type);
    if (error) {
        return error;
    }
    const tr_worker *worker = tr_enter(self);
    error = offer(worker->system, name, actor, &type);
    tr_leave(self);
    return error;
}
