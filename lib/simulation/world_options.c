/* SPDX-License-Identifier: MIT */
#include "simulation/world_options.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/limits.h"
#include "simulation/passes.h"

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static void complete(tr_world_options *options)
{
    options->workers = or_default(options->workers, 1);
    options->own_threads_max = or_default(options->own_threads_max, 4);
    options->actors_max = or_default(options->actors_max, 65536);
    options->mailbox_capacity_default =
        or_default(options->mailbox_capacity_default, TR_MAILBOX_CAPACITY_DEFAULT);
    options->turn_messages = or_default(options->turn_messages, TR_TURN_MESSAGES_DEFAULT);
    options->memory_budget = options->memory_budget != 0 ? options->memory_budget : 1U << 30;
    options->allocator = options->allocator != NULL ? options->allocator : tr_allocator_default();
}

troupe_error tr_world_options_read(tr_world_options *options, const tr_world_options *given)
{
    *options = given != NULL ? *given : (tr_world_options) {0};
    complete(options);
    TR_REQUIRE(options->workers <= TR_WORKERS_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->own_threads_max <= TR_OWN_THREADS_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->refuse_chance_percent < 100, BAD_ARGUMENT);
    TR_REQUIRE(options->moves_percent < 100, BAD_ARGUMENT);
    TR_REQUIRE(options->switch_percent < 100 && options->rare_percent < 100, BAD_ARGUMENT);
    TR_REQUIRE(tr_passes_can_stop() || !tr_world_options_have_chances(options), BAD_ARGUMENT);
    return TROUPE_OK;
}
