/* SPDX-License-Identifier: MIT */
/* Handlers that block, call and wait at random, on few workers with few spare threads. */
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "base/random.h"
#include "base/thread.h"
#include "support/node_fixture.h"

#define ACTORS 12
#define SENDERS 4
#define ROUNDS 25
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

static void make_noise(struct stress *stress, troupe_self *self, uint64_t chance)
{
    const troupe_ref to = stress->refs[chance % ACTORS];
    const struct figure noise = {.value = 0};
    troupe_timer timer;
    switch (chance / ACTORS % 5) {
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

static void make_stress(struct stress *stress, uint32_t workers, uint32_t spares, uint64_t seed)
{
    *stress = (struct stress) {.node = NULL};
    assert_int_equal(pipe(stress->asked), 0);
    assert_int_equal(pipe(stress->allowed), 0);
    stress->node = a_node(TROUPE_NODE_OPTIONS(.workers = workers, .spares_max = spares,
                                              .blocking_limit = TROUPE_WITHIN_MS(1),
                                              .watchdog = TROUPE_WATCHDOG_ON,
                                              .slow_after = TROUPE_WITHIN_MS(2), .fault_signals = 1,
                                              .seed = seed, .turn_messages = 3));
    for (unsigned i = 0; i < ACTORS; i++) {
        troupe_spawn_options options =
            *TROUPE_SPAWN(.argument = stress, .mailbox_capacity = 20, .place = TROUPE_PLACE_WORKER);
        options.place_worker = i % workers;
        options.behavior = i % 2 == 0 ? &taking : NULL;
        options.body = i % 2 == 0 ? NULL : taking_body;
        stress->refs[i] = a_root_of(stress->node, &options);
    }
}

static void run(uint32_t workers, uint32_t spares, uint64_t seed)
{
    static struct stress stress;
    struct source sources[SENDERS];
    tr_thread warden;
    make_stress(&stress, workers, spares, seed);
    assert_ok(tr_thread_start(&warden, "warden", be_warden, &stress));

    for (unsigned i = 0; i < SENDERS; i++) {
        sources[i] = (struct source) {.stress = &stress, .number = i};
        a_root_of(stress.node, TROUPE_SPAWN(.body = source_body, .argument = &sources[i]));
    }

    drop_node(&stress.node); /* drains what is queued */
    atomic_store(&stress.may_end, 1);
    tr_thread_join(&warden);
    assert_int_equal(atomic_load(&stress.overlaps), 0);
    assert_int_equal(atomic_load(&stress.disorders), 0);
    assert_int_equal(atomic_load(&stress.errors), 0);
    assert_int_equal(atomic_load(&stress.handled), ACTORS * SENDERS * ROUNDS);
    for (int i = 0; i < 2; i++) {
        (void) close(stress.asked[i]);
        (void) close(stress.allowed[i]);
    }
}

/* Promise: TAKEOVER-ORDER */
static void neither_lose_nor_reorder_nor_overlap(void **state)
{
    (void) state;
    const uint32_t spares[] = {1, 2, 8};
    for (size_t i = 0; i < sizeof spares / sizeof(uint32_t); i++) {
        run(1, spares[i], 1 + i);
        run(3, spares[i], 11 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_lose_nor_reorder_nor_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
