/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <troupe/ask.h>
#include <troupe/statistics.h>
#include <troupe/timer.h>

#include "route.h"

#define WORKERS_MAX 4096
#define MAILBOX_BYTES (UINT64_C(1) << 20)

const troupe_type troupe_pool_look_type = TROUPE_SIGNAL("troupe_pool_look");
const troupe_type troupe_pool_info_type = TROUPE_TYPE(troupe_pool_info);
const troupe_type troupe_pool_farewell_type = TROUPE_SIGNAL("troupe_pool_farewell");

struct pool {
    struct router router;
    troupe_pool_options options;
    troupe_spawn_options worker;
    troupe_ref leaving; /* none, or the one that is being let go */
    bool is_farewell_said;
    uint32_t calm;   /* checks in a row */
    uint64_t routed; /* at the last check */
    uint64_t queued; /* likewise, with the workers */
    uint64_t delay_ns;
    uint64_t grown;
    uint64_t shrunk;
};

/* Adds up to `count` workers. Without memory, or at a limit, there are fewer until the next
 * check. */
static void grow(troupe_self *self, struct pool *pool, uint64_t count)
{
    struct members *members = &pool->router.members;
    for (; count > 0 && members->count < pool->options.workers_max; count--) {
        troupe_ref worker;
        if (troupe_spawn_nowait(self, &pool->worker, &worker)) {
            return;
        }
        pool->grown++;
        if (members_join(self, members, worker, 0)) {
            (void) troupe_stop(self, worker); /* it has nothing to do */
            return;
        }
    }
}

/* The messages in its mailbox; *in_out_full becomes false unless that is full. */
static uint32_t depth_of(troupe_self *self, troupe_ref actor, bool *in_out_full)
{
    uint32_t depth = 0;
    uint32_t capacity = 1;
    if (troupe_self_depth(self, actor, &depth, &capacity)) {
        return 0;
    }
    *in_out_full = *in_out_full && depth >= capacity;
    return depth;
}

static uint64_t queued_with_workers(troupe_self *self, const struct members *members,
                                    bool *out_full)
{
    uint64_t queued = 0;
    *out_full = members->count > 0;
    for (uint32_t i = 0; i < members->count; i++) {
        queued += depth_of(self, members->list[i].ref, out_full);
    }
    return queued;
}

/* How long what comes now will wait: what stands before it, at the rate of the last while. Where a
 * mailbox is full nobody knows how much more there is. */
static void measure(troupe_self *self, struct pool *pool)
{
    bool are_full = false;
    bool is_full = true;
    const uint64_t with_workers = queued_with_workers(self, &pool->router.members, &are_full);
    const uint64_t routed = pool->router.routed - pool->routed;
    const uint64_t before = pool->queued + routed;
    const uint64_t handled = before > with_workers ? before - with_workers : 0;
    const uint64_t queued = with_workers + depth_of(self, troupe_self_ref(self), &is_full);
    pool->routed = pool->router.routed;
    pool->queued = with_workers;
    if (queued == 0) {
        pool->delay_ns = 0;
    } else if (handled == 0 || are_full || is_full) {
        pool->delay_ns = UINT64_MAX;
    } else {
        const uint64_t check_ns = pool->options.check_every.ns;
        pool->delay_ns = queued < UINT64_MAX / check_ns ? queued * check_ns / handled : UINT64_MAX;
    }
}

/* The worker has ended its farewell, and so all that came before. */
static troupe_error is_done(troupe_self *self, void *state, troupe_error error,
                            troupe_message **reply, void *context)
{
    struct pool *pool = state;
    (void) error; /* whatever it said to that */
    (void) reply;
    (void) context;
    (void) troupe_stop(self, pool->leaving); /* or it has ended by itself */
    pool->leaving = troupe_ref_none();
    return TROUPE_OK;
}

/* Says farewell when all has been taken that was given to it: that may have another way to the
 * worker than the farewell, but has its place from the beginning. */
static void see_off(troupe_self *self, struct pool *pool)
{
    bool is_full = false;
    if (troupe_ref_is_none(pool->leaving) || pool->is_farewell_said ||
        depth_of(self, pool->leaving, &is_full) > 0) {
        return;
    }
    troupe_message *farewell = NULL;
    troupe_error error = troupe_message_create(self, &troupe_pool_farewell_type, NULL, &farewell);
    if (error == TROUPE_OK) {
        error =
            troupe_ask_message_then(self, pool->leaving, &farewell, TROUPE_FOREVER, is_done, NULL);
    }
    troupe_message_destroy(&farewell);
    pool->is_farewell_said = error == TROUPE_OK;
    if (error == TROUPE_ERROR_STALE || error == TROUPE_ERROR_NO_SUCH_ACTOR) {
        pool->leaving = troupe_ref_none();
    }
}

static void let_one_go(troupe_self *self, struct pool *pool)
{
    struct members *members = &pool->router.members;
    pool->leaving = members->list[members->count - 1].ref;
    pool->is_farewell_said = false;
    pool->shrunk++;
    members_leave(self, members, pool->leaving);
    bool are_full = false;
    pool->queued = queued_with_workers(self, members, &are_full);
}

static void adapt(troupe_self *self, struct pool *pool)
{
    const uint32_t count = pool->router.members.count;
    const uint64_t delay_ns_max = pool->options.delay_max.ns;
    pool->calm = pool->delay_ns < delay_ns_max / 4 ? pool->calm + 1 : 0;
    if (count < pool->options.workers_min) {
        grow(self, pool, pool->options.workers_min - count);
    } else if (pool->delay_ns > delay_ns_max) {
        const uint64_t wanted = pool->delay_ns / delay_ns_max;
        grow(self, pool, wanted < count ? wanted : count);
    } else if (pool->calm >= pool->options.calm_checks && count > pool->options.workers_min &&
               troupe_ref_is_none(pool->leaving)) {
        pool->calm = 0;
        let_one_go(self, pool);
    }
}

static troupe_error on_tick(troupe_self *self, void *state, troupe_message **message)
{
    struct pool *pool = state;
    (void) message;
    measure(self, pool);
    adapt(self, pool);
    see_off(self, pool);
    return TROUPE_OK;
}

static troupe_error on_look(troupe_self *self, void *state, troupe_message **message)
{
    const struct pool *pool = state;
    const troupe_pool_info info = {.routed = pool->router.routed,
                                   .refused = pool->router.refused,
                                   .grown = pool->grown,
                                   .shrunk = pool->shrunk,
                                   .delay_ns = pool->delay_ns,
                                   .workers = pool->router.members.count,
                                   .leaving = troupe_ref_is_none(pool->leaving) ? 0 : 1};
    if (troupe_message_wants_reply(*message)) {
        /* That nobody waits for it any more is no error. */
        (void) troupe_reply_struct(self, *message, &troupe_pool_info_type, &info);
    }
    return TROUPE_OK;
}

static troupe_error on_down(troupe_self *self, void *state, troupe_message **message)
{
    struct pool *pool = state;
    const troupe_down *down = troupe_message_struct(*message, &troupe_down_type);
    members_leave(self, &pool->router.members, down->actor);
    return TROUPE_OK;
}

static troupe_error on_work(troupe_self *self, void *state, troupe_message **message)
{
    struct pool *pool = state;
    route_one(self, &pool->router, message);
    return TROUPE_OK;
}

static troupe_error pool_start(troupe_self *self, void *state, void *argument)
{
    struct pool *pool = state;
    troupe_timer timer;
    pool->options = *(const troupe_pool_options *) argument;
    pool->worker = *pool->options.worker;
    pool->options.worker = NULL; /* the caller's, who goes on */
    pool->options.name = NULL;
    if (pool->worker.place == TROUPE_PLACE_WITH_PARENT) {
        pool->worker.place = TROUPE_PLACE_ANY;
    }
    troupe_error error =
        route_init(&pool->router, TROUPE_ROUTER(.way = TROUPE_ROUTER_LEAST_LOADED,
                                                .members_max = pool->options.workers_max));
    if (error == TROUPE_OK) {
        error = troupe_timer_start(self, TROUPE_TIMER(.every = pool->options.check_every), &timer);
    }
    if (error == TROUPE_OK) {
        grow(self, pool, pool->options.workers_min);
        return TROUPE_OK;
    }
    route_fini(&pool->router);
    return error;
}

static void pool_stop(troupe_self *self, void *state, troupe_error reason)
{
    struct pool *pool = state;
    (void) self;
    (void) reason;
    route_fini(&pool->router);
}

static const troupe_handles handlers[] = {{.type = &troupe_pool_look_type, .handler = on_look},
                                          {.type = &troupe_tick_type, .handler = on_tick},
                                          {.type = &troupe_down_type, .handler = on_down},
                                          {0}};
static const troupe_behavior pool_behavior =
    TROUPE_BEHAVIOR(.name = "pool", .state_size = sizeof(struct pool), .start = pool_start,
                    .handlers = handlers, .other = on_work, .stop = pool_stop);

static void fill_in(troupe_pool_options *options)
{
    options->delay_max.ns = options->delay_max.ns != 0 ? options->delay_max.ns : 10000000;
    options->check_every.ns = options->check_every.ns != 0 ? options->check_every.ns : 100000000;
    options->workers_min = options->workers_min != 0 ? options->workers_min : 1;
    if (options->workers_max == 0) {
        options->workers_max = options->workers_min > 16 ? options->workers_min : 16;
    }
    options->calm_checks = options->calm_checks != 0 ? options->calm_checks : 10;
}

troupe_error troupe_pool_spawn(troupe_self *self, const troupe_pool_options *options,
                               troupe_ref *out_pool)
{
    if (options == NULL || options->size != sizeof *options || options->worker == NULL ||
        options->worker->size != sizeof *options->worker) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    troupe_pool_options known = *options;
    fill_in(&known);
    /* One name, or one place to write a monitor's id to, is not for many. */
    if (known.workers_max > WORKERS_MAX || known.workers_min > known.workers_max ||
        known.worker->name != NULL || known.worker->out_monitor != NULL) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    return troupe_spawn(
        self,
        TROUPE_SPAWN(.name = known.name, .behavior = &pool_behavior, .argument = &known,
                     .mailbox_bytes = MAILBOX_BYTES, .mailbox_capacity = known.mailbox_capacity,
                     .parked_bytes = MAILBOX_BYTES + 256, .monitors_max = known.workers_max + 1),
        out_pool);
}
