/* SPDX-License-Identifier: MIT */
#include "core/settings.h"

#include "base/assert.h"
#include "base/options.h"
#include "core/limits.h"
#include "core/place.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_spawn_options, admission_interval);

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
    return value != 0 ? value : fallback;
}

static uint32_t or_default_32(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

static void fill_in(troupe_spawn_options *options, uint32_t capacity_default)
{
    options->mailbox_capacity = or_default_32(options->mailbox_capacity, capacity_default);
    options->mailbox_bytes = or_default(options->mailbox_bytes, TR_MAILBOX_BYTES_DEFAULT);
    options->reply_bytes = or_default(options->reply_bytes, TR_REPLY_BYTES_DEFAULT);
    options->parked_bytes = or_default(options->parked_bytes, TR_PARKED_BYTES_DEFAULT);
    options->parked_max = or_default_32(options->parked_max, TR_PARKED_MAX_DEFAULT);
    options->asks_max = or_default_32(options->asks_max, TR_ASKS_MAX_DEFAULT);
    options->timers_max = or_default_32(options->timers_max, TR_TIMERS_MAX_DEFAULT);
    options->monitors_max = or_default_32(options->monitors_max, TR_MONITORS_MAX_DEFAULT);
    const uint32_t capacity = options->mailbox_capacity;
    options->high_water = or_default_32(options->high_water, capacity - capacity / 4);
    const uint32_t low_water = capacity / 4 < options->high_water ? capacity / 4 : 0;
    options->low_water = or_default_32(options->low_water, low_water);
    options->start_timeout.ns = or_default(options->start_timeout.ns, TR_START_TIMEOUT_NS);
    if (options->on_full == TROUPE_ON_FULL_DEFAULT) {
        options->on_full = TROUPE_ON_FULL_WAIT;
    }
}

static troupe_error check_rules(const troupe_spawn_options *options)
{
    TR_REQUIRE(options->type_rule_count <= TR_TYPE_RULES_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->type_rule_count == 0 || options->type_rules != NULL, BAD_ARGUMENT);
    for (size_t i = 0; i < options->type_rule_count; i++) {
        const troupe_type_rule *rule = &options->type_rules[i];
        TR_REQUIRE((rule->protobuf != NULL) != (rule->type != NULL), BAD_ARGUMENT);
        TR_REQUIRE(rule->priority < TR_PRIORITIES, BAD_ARGUMENT);
        TR_REQUIRE((unsigned) rule->on_full <= TROUPE_ON_FULL_STOP_ACTOR, BAD_ARGUMENT);
    }
    return TROUPE_OK;
}

static troupe_error check_behavior(const troupe_behavior *behavior)
{
    TR_REQUIRE(behavior->size == sizeof *behavior, BAD_ARGUMENT);
    TR_REQUIRE(behavior->state_size <= TR_STATE_SIZE_MAX, BAD_ARGUMENT);
    return TROUPE_OK;
}

static troupe_error check(const troupe_spawn_options *options)
{
    TR_REQUIRE((options->body != NULL) != (options->behavior != NULL), BAD_ARGUMENT);
    TR_REQUIRE(options->mailbox_capacity <= TR_MAILBOX_CAPACITY_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->high_water <= options->mailbox_capacity, BAD_ARGUMENT);
    TR_REQUIRE(options->low_water < options->high_water, BAD_ARGUMENT);
    TR_REQUIRE((unsigned) options->on_full <= TROUPE_ON_FULL_STOP_ACTOR, BAD_ARGUMENT);
    TR_REQUIRE((unsigned) options->ready_when <= TROUPE_READY_WHEN_SAID, BAD_ARGUMENT);
    TR_REQUIRE(options->pinned <= 1 && options->link <= 1 && options->trap_exits <= 1,
               BAD_ARGUMENT);
    TR_REQUIRE(options->admission_target.ns != 0 || options->admission_interval.ns == 0,
               BAD_ARGUMENT);
    TR_REQUIRE((unsigned) options->place <= (unsigned) TR_PLACE_BORDER, BAD_ARGUMENT);
    TR_REQUIRE(options->parked_max <= TR_MAILBOX_CAPACITY_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->asks_max < UINT32_MAX && options->timers_max < UINT32_MAX &&
                   options->monitors_max < UINT32_MAX,
               BAD_ARGUMENT);
    const troupe_error error =
        options->behavior != NULL ? check_behavior(options->behavior) : TROUPE_OK;
    return error ? error : check_rules(options);
}

troupe_error tr_settings_complete(const troupe_spawn_options *given, uint32_t capacity_default,
                                  troupe_spawn_options *out_options)
{
    troupe_spawn_options options;
    TR_REQUIRE(given != NULL && tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    fill_in(&options, capacity_default);
    const troupe_error error = check(&options);
    if (error == TROUPE_OK) {
        *out_options = options;
    }
    return error;
}

tr_settings tr_settings_of(const troupe_spawn_options *options)
{
    return (tr_settings) {.reply_bytes = options->reply_bytes,
                          .parked_bytes = options->parked_bytes,
                          .conflate_key = options->conflate_key,
                          .rules = options->type_rules,
                          .rule_count = (uint32_t) options->type_rule_count,
                          .high_water = options->high_water,
                          .low_water = options->low_water,
                          .parked_max = options->parked_max,
                          .asks_max = options->asks_max,
                          .timers_max = options->timers_max,
                          .monitors_max = options->monitors_max,
                          .on_full = options->on_full};
}
