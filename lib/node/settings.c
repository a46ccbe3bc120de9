/* SPDX-License-Identifier: MIT */
#include "node/settings.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/thread.h"
#include "node/hosts.h"
#include "node/spares.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_node_options, reserved);

#define TIMEOUT_DEFAULT_NS UINT64_C(5000000000)
#define SLOW_AFTER_DEFAULT_NS UINT64_C(100000000)
#define SLOW_AFTER_DEBUG_NS UINT64_C(10000000)
#define BLOCKING_LIMIT_DEFAULT_NS UINT64_C(20000000)
#define DEAF_AFTER_DEFAULT_NS UINT64_C(5000000000)
#define OWN_THREADS_DEFAULT 64
/* Less does not hold the library's own frames, more is a mistake. */
#define STACK_SIZE_MIN (UINT32_C(16) << 10)
#define STACK_SIZE_MAX (UINT32_C(1) << 30)
/* A turn of more starves the others. */
#define TURN_MESSAGES_MAX (UINT32_C(1) << 20)
/* Of the incarnation: random, so that two nodes made at the same moment differ. */
#define INCARNATION_RANDOM_MASK UINT64_C(0xfffff)

static troupe_error check(const troupe_node_options *options)
{
    TR_REQUIRE(options->workers <= TR_WORKERS_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->own_threads_max <= TR_OWN_THREADS_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->actors_max <= TR_ACTORS_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->mailbox_capacity_default <= TR_MAILBOX_CAPACITY_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->turn_messages <= TURN_MESSAGES_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->stack_size == 0 || options->stack_size >= STACK_SIZE_MIN, BAD_ARGUMENT);
    TR_REQUIRE(options->stack_size <= STACK_SIZE_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->stop_on_signals <= 1, BAD_ARGUMENT);
    TR_REQUIRE(options->watchdog <= TROUPE_WATCHDOG_ALL, BAD_ARGUMENT);
    TR_REQUIRE(options->fault_signals <= 1, BAD_ARGUMENT);
    TR_REQUIRE(options->debug <= 1, BAD_ARGUMENT);
    TR_REQUIRE(options->spares_max <= TR_SPARES_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->offload_threads_max <= TR_OFFLOAD_THREADS_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->offload_queue_max <= TR_OFFLOAD_QUEUE_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->balance <= TROUPE_BALANCE_OFF, BAD_ARGUMENT);
    TR_REQUIRE(options->on_root_failure <= TROUPE_ROOT_STOP, BAD_ARGUMENT);
    TR_REQUIRE(options->on_refusal <= TROUPE_REFUSAL_STOP, BAD_ARGUMENT);
    TR_REQUIRE(options->plain <= TROUPE_PLAIN_ANYWHERE, BAD_ARGUMENT);
    TR_REQUIRE(options->border <= TROUPE_BORDER_SHARED, BAD_ARGUMENT);
    TR_REQUIRE(options->inspect <= TROUPE_INSPECT_OFF && options->compress <= 1, BAD_ARGUMENT);
    TR_REQUIRE(options->peer_count == 0 || options->peers != NULL, BAD_ARGUMENT);
    TR_REQUIRE(options->allowed_key_count == 0 || options->allowed_keys != NULL, BAD_ARGUMENT);
    TR_REQUIRE(options->allocator == NULL || options->allocator->resize != NULL, BAD_ARGUMENT);
    TR_REQUIRE(options->log == NULL || options->log->level <= TROUPE_LOG_DEBUG, BAD_ARGUMENT);
    TR_REQUIRE(options->name == NULL || strnlen(options->name, TR_NAME_MAX + 1) <= TR_NAME_MAX,
               BAD_ARGUMENT);
    TR_REQUIRE(options->labels == NULL || tr_nodes_are_labels(options->labels), BAD_ARGUMENT);
    return TROUPE_OK;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static uint64_t timeout_ns(troupe_timeout timeout)
{
    return timeout.ns != 0 ? timeout.ns : TIMEOUT_DEFAULT_NS;
}

/* So many that a machine of many cores stays within the limit. */
static uint32_t worker_count(uint32_t given)
{
    const uint32_t count = or_default(given, tr_processor_count());
    return count < TR_WORKERS_MAX ? count : TR_WORKERS_MAX;
}

/* Enough for jobs that block, and not too many for jobs that compute. */
static uint32_t offload_threads(uint32_t given)
{
    const uint32_t count = or_default(given, tr_processor_count() + 4);
    return given != 0 || count < TR_OFFLOAD_THREADS_DEFAULT ? count : TR_OFFLOAD_THREADS_DEFAULT;
}

static uint64_t memory_budget(uint64_t given)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_size = sysconf(_SC_PAGESIZE);
    if (given != 0 || pages <= 0 || page_size <= 0) {
        return given != 0 ? given : UINT64_C(1) << 30;
    }
    return (uint64_t) pages * (uint64_t) page_size / 2;
}

/* Later nodes have greater ones, restarts of the machine included, as far as its clock is right. */
static uint64_t incarnation(uint64_t random)
{
    struct timespec now = {0};
    (void) timespec_get(&now, TIME_UTC); /* without a clock the random part is left */
    const uint64_t now_ns = (uint64_t) now.tv_sec * UINT64_C(1000000000) + (uint64_t) now.tv_nsec;
    const uint64_t id = (now_ns & ~INCARNATION_RANDOM_MASK) | (random & INCARNATION_RANDOM_MASK);
    return id != 0 ? id : 1;
}

static void set_debug_defaults(troupe_node_options *options)
{
    if (options->debug != 0 && options->watchdog == TROUPE_WATCHDOG_OFF) {
        options->watchdog = TROUPE_WATCHDOG_ON;
    }
    if (options->debug != 0 && options->slow_after.ns == 0) {
        options->slow_after.ns = SLOW_AFTER_DEBUG_NS;
    }
}

static bool has_inspector(const troupe_node_options *options)
{
    return options->inspect == TROUPE_INSPECT_ON ||
           (options->inspect == TROUPE_INSPECT_IF_LISTENING &&
            (options->listen != NULL || options->listen_local != NULL));
}

troupe_error tr_node_settings_read(tr_node_settings *settings, const troupe_node_options *options)
{
    troupe_node_options known;
    TR_REQUIRE(tr_options_read(&known, sizeof known, options), BAD_ARGUMENT);
    const troupe_error error = check(&known);
    if (error) {
        return error;
    }
    set_debug_defaults(&known);
    uint64_t random[2];
    TR_REQUIRE(getrandom(random, sizeof random, 0) == (ssize_t) sizeof random, SYSTEM);

    *settings = (tr_node_settings) {
        .allocator = known.allocator != NULL ? *known.allocator : *tr_allocator_default(),
        .log = known.log != NULL ? *known.log : (troupe_log) {0},
        .drain_timeout_ns = timeout_ns(known.drain_timeout),
        .stop_timeout_ns = timeout_ns(known.stop_timeout),
        .stack_size = known.stack_size,
        .slow_after_ns = known.slow_after.ns != 0 ? known.slow_after.ns : SLOW_AFTER_DEFAULT_NS,
        .blocking_limit_ns =
            known.blocking_limit.ns != 0 ? known.blocking_limit.ns : BLOCKING_LIMIT_DEFAULT_NS,
        .deaf_after_ns = known.deaf_after.ns != 0 ? known.deaf_after.ns : DEAF_AFTER_DEFAULT_NS,
        .spares_max = known.spares_max,
        .offload_threads_max = offload_threads(known.offload_threads_max),
        .offload_queue_max = or_default(known.offload_queue_max, TR_OFFLOAD_QUEUE_MAX_DEFAULT),
        .watch = (troupe_watchdog) known.watchdog,
        .stops_with_failed_root = known.on_root_failure == TROUPE_ROOT_STOP,
        .stops_when_refused = known.on_refusal == TROUPE_REFUSAL_STOP,
        .stops_on_signals = known.stop_on_signals != 0,
        .has_fault_signals = known.fault_signals != 0,
        .has_inspector = has_inspector(&known),
    };
    (void) snprintf(settings->name, sizeof settings->name, "%s",
                    known.name != NULL ? known.name : "node"); /* checked: it fits */
    (void) snprintf(settings->labels, sizeof settings->labels, "%s",
                    known.labels != NULL ? known.labels : ""); /* likewise */
    const uint32_t workers = worker_count(known.workers);
    settings->system = (tr_system_options) {
        .node_id = incarnation(random[0]),
        .memory_budget = memory_budget(known.memory_budget),
        .seed = known.seed != 0 ? known.seed : random[1],
        .workers = workers,
        .has_balance = known.balance == TROUPE_BALANCE_ON ? 1 : 0,
        .has_proxy = 1,
        .has_border = tr_hosts_are_wanted(&known) ? 1 : 0,
        .border_is_shared = known.border == TROUPE_BORDER_SHARED ? 1 : 0,
        .is_debug = known.debug,
        .ends_max = workers + 1 + (tr_hosts_are_wanted(&known) ? 1 : 0) +
                    or_default(known.own_threads_max, OWN_THREADS_DEFAULT) +
                    (has_inspector(&known) ? 1 : 0),
        .actors_max = or_default(known.actors_max, TR_ACTORS_MAX_DEFAULT),
        .mailbox_capacity_default =
            or_default(known.mailbox_capacity_default, TR_MAILBOX_CAPACITY_DEFAULT),
        .turn_messages = or_default(known.turn_messages, TR_TURN_MESSAGES_DEFAULT),
    };
    return TROUPE_OK;
}
