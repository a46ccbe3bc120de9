/* SPDX-License-Identifier: MIT */
/* inproc_fixture: a carrier with two ends, on one thread that plays all workers.
 *
 * Threads: the test's own. */
#ifndef TR_TESTS_UNIT_TRANSPORT_INPROC_FIXTURE_H
#define TR_TESTS_UNIT_TRANSPORT_INPROC_FIXTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "transport/inproc.h"

/* Messages are pointers to the carrier; these are never looked into. */
static inline troupe_message *a_message(uint32_t number)
{
    static char messages[1 << 20];
    return (troupe_message *) (void *) &messages[number];
}

static inline tr_batch a_batch(uint32_t number)
{
    return (tr_batch) {.head = a_message(number), .tail = a_message(number + 1), .count = 2};
}

static inline troupe_error send_number(tr_inproc_end *end, uint32_t to, uint32_t number)
{
    const tr_batch batch = a_batch(number);
    return tr_inproc_send(end, to, &batch);
}

static inline void assert_receives(tr_inproc_end *end, uint32_t from, uint32_t number)
{
    tr_inproc_arrival arrival;
    assert_true(tr_inproc_receive(end, &arrival));
    assert_int_equal(arrival.from, from);
    assert_ptr_equal(arrival.batch.head, a_message(number));
    assert_ptr_equal(arrival.batch.tail, a_message(number + 1));
    assert_int_equal(arrival.batch.count, 2);
}

static inline void assert_receives_nothing(tr_inproc_end *end)
{
    tr_inproc_arrival arrival;
    assert_false(tr_inproc_receive(end, &arrival));
}

static inline tr_inproc_end *open_end(tr_inproc *inproc, uint32_t index)
{
    tr_inproc_end *end = NULL;
    assert_ok(tr_inproc_open(inproc, index, &end));
    return end;
}

/* Drops what is still under way. */
static inline void close_end(tr_inproc_end **end)
{
    tr_inproc_arrival arrival;
    while (tr_inproc_drain(*end, &arrival)) {}
    tr_inproc_close(end);
}

struct world {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    char log[256];
    troupe_log hook;
    tr_inproc *inproc;
    tr_inproc_end *left;  /* index 1 */
    tr_inproc_end *right; /* index 2 */
};

static inline void keep_line(void *context, troupe_log_level level, const char *text)
{
    struct world *world = context;
    (void) level;
    (void) snprintf(world->log, sizeof world->log, "%s", text);
}

static inline tr_inproc_options options_of(struct world *world)
{
    return (tr_inproc_options) {
        .name = "orders", .allocator = &world->allocator, .log = &world->hook, .ends_max = 0};
}

static inline int make_world(void **state)
{
    static struct world world;
    world = (struct world) {.memory = TR_FAILING_ALLOCATOR_INIT,
                            .hook = {.write = keep_line, .context = &world}};
    world.allocator = tr_failing_allocator_port(&world.memory);
    const tr_inproc_options options = options_of(&world);
    assert_ok(tr_inproc_create(&options, &world.inproc));
    world.left = open_end(world.inproc, 1);
    world.right = open_end(world.inproc, 2);
    *state = &world;
    return 0;
}

static inline int drop_world(void **state)
{
    struct world *world = *state;
    close_end(&world->left);
    close_end(&world->right);
    tr_inproc_destroy(&world->inproc);
    assert_null(world->inproc);
    assert_int_equal(tr_failing_allocator_live(&world->memory), 0);
    return 0;
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

#endif
