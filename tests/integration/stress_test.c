/* SPDX-License-Identifier: MIT */
/* Thousands of actors on eight workers that spawn, send, wait, ask, cancel, block, offload work and
 * die at random, for a while; some of them threads from outside, the others moved about. Then the
 * node stops, and all that was accepted has ended in one outcome. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <troupe/troupe.h>

#include "core/shake.h"
#include "integration/upsets.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

enum {
    WORKERS = 8,
    ACTORS_MAX = 4000,
    REFS = 512,
    MANAGERS = 16,
    SPARES = 4,
    LIFETIME = 1, /* the key of a behavior's last timer */
    /* A sanitizer's build is what this is for; a plain one only has to show that it runs. */
    SECONDS_WATCHED = 20,
    SECONDS_PLAIN = 3
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECONDS SECONDS_WATCHED
#else
#define SECONDS SECONDS_PLAIN
#endif

struct parcel {
    uint64_t number;
    char filling[40];
};
static const troupe_type parcel_type = TROUPE_TYPE(struct parcel);

/* The actors that anybody may pick on. */
static struct {
    pthread_mutex_t mutex;
    troupe_ref refs[REFS];
} crowd = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static uint64_t below(troupe_self *self, uint64_t limit)
{
    return troupe_self_random(self) % limit;
}

static troupe_ref pick(troupe_self *self)
{
    const uint64_t index = below(self, REFS);
    pthread_mutex_lock(&crowd.mutex);
    const troupe_ref ref = crowd.refs[index];
    pthread_mutex_unlock(&crowd.mutex);
    return ref;
}

static void join_crowd(troupe_self *self)
{
    const uint64_t index = below(self, REFS);
    pthread_mutex_lock(&crowd.mutex);
    crowd.refs[index] = troupe_self_ref(self);
    pthread_mutex_unlock(&crowd.mutex);
}

static troupe_error make_parcel(troupe_self *self, troupe_message **out_message)
{
    static const char large[2000];
    if (below(self, 8) == 0) {
        const troupe_bytes bytes = {.data = large, .size = 1 + below(self, sizeof large)};
        return troupe_message_create_bytes(self, NULL, &bytes, out_message);
    }
    const struct parcel parcel = {.number = troupe_self_random(self)};
    return troupe_message_create(self, &parcel_type, &parcel, out_message);
}

/* What happens to a single one of these calls does not matter here, only what it leaves behind. */
static void send_parcel(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (make_parcel(self, &message) == TROUPE_OK) {
        (void) troupe_send_message_with(
            self, pick(self), &message,
            TROUPE_SEND(.timeout = TROUPE_WITHIN_US(below(self, 2000)),
                        .expires = troupe_timeout_of_ns(below(self, 3) * 1000000),
                        .on_full = (troupe_on_full) below(self, 5),
                        .margin = below(self, 16) == 0 ? 2 : 0));
    }
}

static void ask_someone(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    if (make_parcel(self, &message) == TROUPE_OK) {
        (void) troupe_ask_message(self, pick(self), &message, TROUPE_WITHIN_US(500), &reply);
    }
}

static troupe_error answered(troupe_self *self, void *state, troupe_error error,
                             troupe_message **reply, void *context)
{
    (void) state;
    (void) error;
    (void) reply;
    (void) context;
    return below(self, 64) == 0 ? TROUPE_ERROR_FAILED : TROUPE_OK;
}

static void ask_then_go_on(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (make_parcel(self, &message) == TROUPE_OK) {
        (void) troupe_ask_message_then(self, pick(self), &message, TROUPE_WITHIN_US(500), answered,
                                       NULL);
    }
}

static void interfere(troupe_self *self)
{
    troupe_monitor_id monitor;
    troupe_timer timer;
    switch (below(self, 6)) {
    case 0:
        (void) troupe_stop(self, pick(self));
        break;
    case 1:
        (void) troupe_cancel(self, pick(self));
        break;
    case 2:
    case 3:
        if (troupe_monitor(self, pick(self), &monitor) == TROUPE_OK && below(self, 2) == 0) {
            (void) troupe_demonitor(self, monitor);
        }
        break;
    default:
        if (troupe_timer_start(self,
                               TROUPE_TIMER(.after = TROUPE_WITHIN_US(below(self, 1000) + 1),
                                            .every = troupe_timeout_of_ns(below(self, 2) * 500000)),
                               &timer) == TROUPE_OK &&
            below(self, 2) == 0) {
            (void) troupe_timer_cancel(self, timer);
        }
        break;
    }
}

static void spawn_one(troupe_self *self);

static void answer(troupe_self *self, troupe_message **message)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    if (!troupe_message_wants_reply(*message)) {
        if (below(self, 8) == 0) {
            (void) troupe_stash(self, message);
        } else if (below(self, 8) == 0) {
            (void) troupe_send_message_with(self, pick(self), message,
                                            TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
        }
        return;
    }
    const uint64_t choice = below(self, 8);
    if (choice == 0) {
        return; /* nothing: NO_REPLY */
    }
    if (choice == 1) {
        (void) troupe_reply_error(self, *message, TROUPE_ERROR_FAILED);
    } else if (choice == 2) {
        (void) troupe_forward(self, pick(self), message);
    } else if (make_parcel(self, &reply) == TROUPE_OK) {
        (void) troupe_reply_message(self, *message, &reply);
    }
}

static troupe_error wander(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    join_crowd(self);
    for (uint64_t steps = below(self, 60); steps > 0; steps--) {
        switch (below(self, 12)) {
        case 0:
        case 1:
        case 2:
            if (troupe_receive(self, &message, TROUPE_WITHIN_US(below(self, 1000))) == TROUPE_OK) {
                answer(self, &message);
            }
            break;
        case 3:
            ask_someone(self);
            break;
        case 4:
            interfere(self);
            break;
        case 5:
            spawn_one(self);
            break;
        case 6:
            (void) troupe_sleep(self, TROUPE_WITHIN_US(below(self, 500)));
            break;
        case 7:
            (void) troupe_unstash(self, below(self, 4));
            break;
        case 8:
            upset_by_blocking(self);
            break;
        case 9:
            upset_by_work(self);
            break;
        default:
            send_parcel(self);
            break;
        }
    }
    return below(self, 8) == 0 ? TROUPE_ERROR_FAILED : TROUPE_OK;
}

static troupe_error react(troupe_self *self, void *state, troupe_message **message)
{
    uint64_t *left = state;
    const troupe_tick *tick = troupe_message_struct(*message, &troupe_tick_type);
    if (tick != NULL && tick->key == LIFETIME) {
        return troupe_stop(self, troupe_self_ref(self));
    }
    answer(self, message);
    switch (below(self, 7)) {
    case 0:
        ask_then_go_on(self);
        break;
    case 3:
        upset_by_blocking(self);
        break;
    case 4:
        upset_by_work_then(self);
        break;
    case 1:
        interfere(self);
        break;
    case 2:
        spawn_one(self);
        break;
    default:
        send_parcel(self);
        break;
    }
    if (++*left < 60) {
        return TROUPE_OK;
    }
    return below(self, 2) == 0 ? TROUPE_ERROR_FAILED : troupe_stop(self, troupe_self_ref(self));
}

static troupe_error react_start(troupe_self *self, void *state, void *argument)
{
    (void) state;
    (void) argument;
    join_crowd(self);
    troupe_timer timer;
    const troupe_error error = troupe_timer_start(
        self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(20), .key = LIFETIME), &timer);
    return below(self, 32) == 0 ? TROUPE_ERROR_FAILED : error;
}

static const troupe_behavior reactor =
    TROUPE_BEHAVIOR(.name = "reactor", .state_size = sizeof(uint64_t), .start = react_start,
                    .other = react);

static void spawn_one(troupe_self *self)
{
    static const troupe_place places[] = {
        TROUPE_PLACE_WITH_PARENT, TROUPE_PLACE_WITH_PARENT, TROUPE_PLACE_ANY, TROUPE_PLACE_ANY,
        TROUPE_PLACE_ANY,         TROUPE_PLACE_ANY,         TROUPE_PLACE_ANY, TROUPE_PLACE_BY_KEY};
    troupe_ref ref;
    const bool is_behavior = below(self, 2) == 0;
    (void) troupe_spawn_nowait(
        self,
        TROUPE_SPAWN(.body = is_behavior ? NULL : wander, .behavior = is_behavior ? &reactor : NULL,
                     .mailbox_capacity = (uint32_t) below(self, 6) + 1, .mailbox_bytes = 4000,
                     .high_water = 1, .parked_max = 4, .on_full = (troupe_on_full) (below(self, 7)),
                     .place = places[below(self, sizeof places / sizeof places[0])]),
        &ref);
}

/* Keeps the crowd alive. */
static troupe_error manage(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (;;) {
        for (unsigned i = 0; i < 20; i++) {
            spawn_one(self);
        }
        troupe_snapshot *snapshot = NULL;
        if (below(self, 64) == 0 && troupe_self_snapshot(self, &snapshot) == TROUPE_OK) {
            troupe_snapshot_destroy(&snapshot);
        }
        const troupe_error error = troupe_receive(self, &message, TROUPE_WITHIN_MS(1));
        if (error != TROUPE_OK && error != TROUPE_ERROR_TIMED_OUT) {
            return TROUPE_OK;
        }
    }
}

/* Lasts for a while; its children, the managers and their crowd, end with it. */
static troupe_error direct(troupe_self *self, void *argument)
{
    (void) argument;
    for (unsigned i = 0; i < MANAGERS; i++) {
        troupe_ref ref;
        troupe_error error = TROUPE_ERROR_NO_MEMORY;
        while (error == TROUPE_ERROR_NO_MEMORY) {
            error = troupe_spawn_nowait(
                self, TROUPE_SPAWN(.body = manage, .place = TROUPE_PLACE_ANY), &ref);
        }
        if (error) {
            return error;
        }
    }
    return troupe_sleep(self, TROUPE_WITHIN_S(SECONDS));
}

#define SHAKES TR_SHAKEN(0, 1)

/* Started, as soon as there is memory for it. */
static troupe_node *a_shaken_node(const tr_failing_allocator *memory,
                                  const troupe_node_options *options)
{
    troupe_node *node = NULL;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    while (error == TROUPE_ERROR_NO_MEMORY) {
        error = troupe_node_create(options, &node);
        assert_true(error == TROUPE_OK || tr_failing_allocator_live(memory) == 0);
    }
    assert_ok(error);
    error = TROUPE_ERROR_NO_MEMORY;
    while (error == TROUPE_ERROR_NO_MEMORY) {
        error = troupe_node_start(node);
    }
    assert_ok(error);
    return node;
}

static void keeps_its_books_under_stress(void **state)
{
    (void) state;
    const char *given = getenv("TROUPE_SEED");
    const uint64_t seed =
        given != NULL ? strtoull(given, NULL, 10) : (uint64_t) time(NULL) * 2654435761U;
    print_message("seed %" PRIu64 "\n", seed);
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_failing_allocator_fail_at_random(&memory, seed, SHAKES ? 200 : 0);
    troupe_node *node = a_shaken_node(
        &memory,
        TROUPE_NODE_OPTIONS(.workers = WORKERS, .seed = seed, .actors_max = ACTORS_MAX,
                            .allocator = SHAKES ? &allocator : NULL, .memory_budget = 1000000,
                            .watchdog = TROUPE_WATCHDOG_ON, .deaf_after = TROUPE_WITHIN_MS(20),
                            .spares_max = SPARES, .blocking_limit = TROUPE_WITHIN_MS(1),
                            .offload_threads_max = 4, .offload_queue_max = 16,
                            .drain_timeout = TROUPE_WITHIN_MS(200),
                            .stop_timeout = TROUPE_WITHIN_S(20)));
    struct upsets upsets = {.node = node, .workers = WORKERS, .visit = wander};
    begin_upsets(&upsets, seed);
    troupe_ref ref;
    troupe_error spawned = TROUPE_ERROR_NO_MEMORY;
    while (spawned == TROUPE_ERROR_NO_MEMORY) {
        /* Returns when that body has: nobody has to sleep here. */
        spawned =
            troupe_node_spawn(node,
                              TROUPE_SPAWN(.body = direct, .ready_when = TROUPE_READY_WHEN_SAID,
                                           .start_timeout = TROUPE_WITHIN_S(10 * SECONDS)),
                              &ref);
    }
    assert_ok(spawned);
    end_moves(&upsets);
    troupe_node_stop(node);
    const troupe_error joined = troupe_node_join(node);
    end_upsets(&upsets);
    if (joined == TROUPE_ERROR_TIMED_OUT) {
        char report[4000];
        troupe_node_report(node, report, sizeof report);
        print_error("%s\n", report);
    }
    assert_int_not_equal(joined, TROUPE_ERROR_TIMED_OUT);

    troupe_snapshot *snapshot = NULL;
    assert_ok(troupe_node_snapshot(node, &snapshot));
    assert_int_equal(troupe_counts_held(&snapshot->node), 0);
    assert_int_equal(snapshot->node.spawned, snapshot->node.ended);
    assert_true(snapshot->node.spawned > 1000);
    print_message("%" PRIu64 " actors, %" PRIu64 " messages, %" PRIu64 " moves, %" PRIu64
                  " visits, %" PRIu64 " jobs\n",
                  snapshot->node.spawned, snapshot->node.accepted, upsets.moves, upsets.visits,
                  upset_jobs.begun);
    troupe_snapshot_destroy(&snapshot);
    troupe_node_destroy(&node);
    assert_int_equal(upset_jobs.begun, upset_jobs.taken + upset_jobs.discarded);
    assert_true(upset_jobs.taken > 0);
    assert_true(upset_jobs.discarded > 0);
    assert_true(upsets.moves > 0);
    assert_true(upsets.visits > 0);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    assert_int_equal(tr_failing_allocator_has_refused(&memory), SHAKES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_books_under_stress),
    };
    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
