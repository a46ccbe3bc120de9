/* SPDX-License-Identifier: MIT */
/* Handlers that block, call and wait at random, on few workers with few spare threads; and the same
 * while their actors are moved from worker to worker. */
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "base/random.h"
#include "base/thread.h"
#include "node/node.h"
#include "simulation/mover.h"
#include "support/node_fixture.h"

#define ACTORS 12
#define SENDERS 4
#define ROUNDS 25
#define ALL_OF_THEM (ACTORS * SENDERS * ROUNDS)
#define HOLD_MS 3 /* how long the warden lets a blocked handler wait, about */

struct figure {
    unsigned value; /* sender << 16 | number from 1; 0: noise */
};
static const troupe_type figure_type = TROUPE_TYPE(struct figure);

/* One run. */
struct stress {
    troupe_node *node;
    troupe_ref refs[ACTORS];
    int asked[2];   /* a byte for each handler that blocks */
    int allowed[2]; /* a byte for each that may go on */
    _Atomic unsigned handled;
    _Atomic unsigned overlaps;
    _Atomic unsigned disorders;
    _Atomic unsigned errors;
    _Atomic unsigned may_end; /* of the warden */
};

struct role {
    struct stress *stress;
    _Atomic unsigned is_busy; /* atomic for the check only */
    unsigned plain;           /* changed in every handler, not atomic: one thread at a time */
    unsigned last[SENDERS];
};

static void block(struct stress *stress)
{
    char byte = 'x';
    if (write(stress->asked[1], &byte, 1) != 1 || read(stress->allowed[0], &byte, 1) != 1) {
        abort();
    }
}

/* Lets those go on that have been blocked for a while. */
static void be_warden(void *context)
{
    struct stress *stress = context;
    while (atomic_load(&stress->may_end) == 0) {
        struct pollfd never = {.fd = -1};
        (void) poll(&never, 1, HOLD_MS);
        struct pollfd asked = {.fd = stress->asked[0], .events = POLLIN};
        char bytes[64];
        if (poll(&asked, 1, 0) == 1) {
            const ssize_t count = read(stress->asked[0], bytes, sizeof bytes);
            if (count <= 0 || write(stress->allowed[1], bytes, (size_t) count) != count) {
                abort();
            }
        }
    }
}

static void *work(void *argument)
{
    return argument;
}

static void make_noise(struct stress *stress, troupe_self *self, uint64_t chance)
{
    const troupe_ref to = stress->refs[chance % ACTORS];
    const struct figure noise = {.value = 0};
    troupe_timer timer;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    switch (chance / ACTORS % 7) {
    case 0:
        (void) troupe_send_struct(self, to, &figure_type, &noise); /* may be a ring */
        break;
    case 1:
        (void) troupe_self_now_ns(self);
        break;
    case 2:
        if (troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_US(200)), &timer) ==
                TROUPE_OK &&
            chance % 2 == 0) {
            (void) troupe_timer_cancel(self, timer);
        }
        break;
    case 3:
        (void) troupe_sleep(self, TROUPE_WITHIN_US(50)); /* a behavior cannot */
        break;
    case 4:
        /* A behavior cannot; nobody answers, and some would ask in a ring. */
        (void) troupe_ask_struct(self, to, &figure_type, &noise, TROUPE_WITHIN_US(300), &reply);
        break;
    case 5:
        (void) troupe_offload(self, TROUPE_JOB(.work = work), TROUPE_WITHIN_US(chance % 300), NULL);
        break;
    default:
        (void) troupe_yield(self);
        break;
    }
}

static void handle_figure(struct role *role, troupe_self *self, unsigned value)
{
    struct stress *stress = role->stress;
    const unsigned sender = value >> 16;
    const unsigned number = value & 0xffff;
    if (atomic_exchange(&role->is_busy, 1) != 0) {
        atomic_fetch_add(&stress->overlaps, 1);
    }
    role->plain++;
    if (number != role->last[sender] + 1) {
        atomic_fetch_add(&stress->disorders, 1);
    }
    role->last[sender] = number;
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t chance = troupe_self_random(self);
        if (chance % 8 == 0) {
            block(stress);
        } else if (chance % 8 < 4) {
            make_noise(stress, self, chance >> 8);
        }
    }
    role->plain++;
    atomic_store(&role->is_busy, 0);
    atomic_fetch_add(&stress->handled, 1);
}

static void take(struct role *role, troupe_self *self, const troupe_message *message)
{
    const struct figure *figure = troupe_message_struct(message, &figure_type);
    if (figure != NULL && figure->value != 0) {
        handle_figure(role, self, figure->value);
    }
}

static troupe_error begin(troupe_self *self, void *state, void *argument)
{
    struct role *role = state;
    (void) self;
    role->stress = argument;
    return TROUPE_OK;
}

static troupe_error take_as_behavior(troupe_self *self, void *state, troupe_message **message)
{
    take(state, self, *message);
    return TROUPE_OK;
}

static const troupe_behavior taking = {
    .size = sizeof(troupe_behavior),
    .name = "taking",
    .state_size = sizeof(struct role),
    .start = begin,
    .other = take_as_behavior,
};

static troupe_error taking_body(troupe_self *self, void *argument)
{
    struct role role = {.stress = argument};
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        take(&role, self, message);
    }
    return TROUPE_OK;
}

struct source {
    struct stress *stress;
    unsigned number;
};

static troupe_error source_body(troupe_self *self, void *argument)
{
    const struct source *source = argument;
    struct stress *stress = source->stress;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 1; i <= ROUNDS && !error; i++) {
        const struct figure figure = {.value = source->number << 16 | i};
        for (unsigned to = 0; to < ACTORS && !error; to++) {
            error = troupe_send_struct(self, stress->refs[to], &figure_type, &figure);
        }
    }
    if (error) {
        atomic_fetch_add(&stress->errors, 1);
    }
    return error;
}

/* What is the same in all runs of a kind. */
struct setting {
    uint32_t workers;
    uint32_t spares;
    bool moves;
};

static void make_stress(struct stress *stress, const struct setting *setting, uint64_t seed)
{
    const uint32_t workers = setting->workers;
    *stress = (struct stress) {.node = NULL};
    assert_int_equal(pipe(stress->asked), 0);
    assert_int_equal(pipe(stress->allowed), 0);
    stress->node = a_node(TROUPE_NODE_OPTIONS(.workers = workers, .spares_max = setting->spares,
                                              .blocking_limit = TROUPE_WITHIN_MS(1),
                                              .watchdog = TROUPE_WATCHDOG_ON,
                                              .slow_after = TROUPE_WITHIN_MS(2), .fault_signals = 1,
                                              .seed = seed, .turn_messages = 3));
    for (unsigned i = 0; i < ACTORS; i++) {
        troupe_spawn_options options =
            *TROUPE_SPAWN(.argument = stress, .mailbox_capacity = 20,
                          .place = setting->moves ? TROUPE_PLACE_ANY : TROUPE_PLACE_WORKER);
        options.place_worker = setting->moves ? 0 : i % workers;
        options.behavior = i % 2 == 0 ? &taking : NULL;
        options.body = i % 2 == 0 ? NULL : taking_body;
        stress->refs[i] = a_root_of(stress->node, &options);
    }
}

struct moving {
    tr_random random;
    uint32_t to;
    uint64_t count;
};

/* On the thread that runs the worker, between two passes. */
static void move_some(tr_worker *worker, void *context)
{
    struct moving *moving = context;
    moving->count += tr_mover_give_from(worker, &moving->random, moving->to);
}

/* Until all has been handled. Returns how many were moved. */
static uint64_t move_all_the_time(struct stress *stress, uint32_t workers, uint64_t seed)
{
    struct moving moving = {.count = 0};
    tr_random_seed(&moving.random, seed);
    for (uint32_t i = 0; atomic_load(&stress->handled) < ALL_OF_THEM; i++) {
        moving.to = (uint32_t) tr_random_below(&moving.random, workers);
        assert_ok(tr_engine_call_and_wait(stress->node->engines[i % workers], move_some, &moving,
                                          TR_NEVER));
    }
    return moving.count;
}

/* Returns how many actors were moved. */
static uint64_t run(const struct setting *setting, uint64_t seed)
{
    static struct stress stress;
    struct source sources[SENDERS];
    tr_thread warden;
    uint64_t moves = 0;
    make_stress(&stress, setting, seed);
    assert_ok(tr_thread_start(&warden, "warden", be_warden, &stress));

    for (unsigned i = 0; i < SENDERS; i++) {
        sources[i] = (struct source) {.stress = &stress, .number = i};
        a_root_of(stress.node, TROUPE_SPAWN(.body = source_body, .argument = &sources[i]));
    }

    if (setting->moves) {
        moves = move_all_the_time(&stress, setting->workers, seed);
    }
    drop_node(&stress.node); /* drains what is queued */
    atomic_store(&stress.may_end, 1);
    tr_thread_join(&warden);
    assert_int_equal(atomic_load(&stress.overlaps), 0);
    assert_int_equal(atomic_load(&stress.disorders), 0);
    assert_int_equal(atomic_load(&stress.errors), 0);
    assert_int_equal(atomic_load(&stress.handled), ALL_OF_THEM);
    for (int i = 0; i < 2; i++) {
        (void) close(stress.asked[i]);
        (void) close(stress.allowed[i]);
    }
    return moves;
}

/* Promise: TAKEOVER-ORDER */
static void neither_lose_nor_reorder_nor_overlap(void **state)
{
    (void) state;
    const uint32_t spares[] = {1, 2, 8};
    for (size_t i = 0; i < sizeof spares / sizeof(uint32_t); i++) {
        (void) run(&(const struct setting) {.workers = 1, .spares = spares[i]}, 1 + i);
        (void) run(&(const struct setting) {.workers = 3, .spares = spares[i]}, 11 + i);
    }
}

/* Promise: TAKEOVER-ORDER, MOVE-ORDER */
static void nor_do_they_when_they_are_moved_meanwhile(void **state)
{
    (void) state;
    const uint32_t spares[] = {1, 2, 8};
    uint64_t moves = 0;
    for (size_t i = 0; i < sizeof spares / sizeof(uint32_t); i++) {
        moves +=
            run(&(const struct setting) {.workers = 2, .spares = spares[i], .moves = true}, 21 + i);
        moves +=
            run(&(const struct setting) {.workers = 4, .spares = spares[i], .moves = true}, 31 + i);
    }
    assert_true(moves > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_lose_nor_reorder_nor_overlap),
        cmocka_unit_test(nor_do_they_when_they_are_moved_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
