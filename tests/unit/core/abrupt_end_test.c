/* SPDX-License-Identifier: MIT */
/* A node that is freed while its actors are in the middle of something: nothing is lost. */
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 200

/* One thread runs them. */
static struct {
    uint64_t made;
    uint64_t freed;
} bodies;

static void body_freed(void *context, const void *data, size_t size)
{
    (void) context;
    (void) data;
    (void) size;
    bodies.freed++;
}

static troupe_error make_body(troupe_self *self, troupe_message **out_message)
{
    static const char data[8];
    const troupe_bytes bytes = {.data = data, .size = sizeof data, .free = body_freed};
    const troupe_error error = troupe_message_create_bytes(self, NULL, &bytes, out_message);
    bodies.made += error == TROUPE_OK ? 1 : 0;
    return error;
}

static troupe_error answers(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *request = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &request, TROUPE_FOREVER);
        troupe_message *reply = NULL;
        error = error ? error : make_body(self, &reply);
        error = error ? error : troupe_reply_message(self, request, &reply);
    }
    return error;
}

static troupe_error asks(troupe_self *self, void *argument)
{
    const troupe_ref *other = argument;
    const uint64_t number = 1;
    troupe_error error = TROUPE_OK;
    while (!error) {
        troupe_message *reply = NULL; /* not on this stack when the node is freed */
        error = troupe_ask_struct(self, *other, &item_type, &number, TROUPE_FOREVER, &reply);
        troupe_message_destroy(&reply);
    }
    return error;
}

static troupe_error looks_around(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_error error = TROUPE_OK;
    while (!error) {
        troupe_snapshot *snapshot = NULL;
        error = troupe_self_snapshot(self, &snapshot);
        troupe_snapshot_destroy(&snapshot);
    }
    return error;
}

static void run_seed(uint64_t seed, void *context)
{
    (void) context;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    bodies.made = 0;
    bodies.freed = 0;
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 3,
                                                            .delay_ns_max = MS / 10,
                                                            .pass_ns = 1000,
                                                            .allocator = &allocator});
    troupe_ref other = a_root(world, TROUPE_SPAWN(.body = answers, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = asks, .argument = &other, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = looks_around, .place = TROUPE_PLACE_ANY));
    tr_world_advance(world, MS + seed * 1000);

    tr_world_destroy(&world);

    assert_true(bodies.made > 0);
    assert_int_equal(bodies.made, bodies.freed);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

/* Promise: MEMORY-END */
static void frees_what_those_had_who_were_waiting(void **state)
{
    (void) state;
    for_each_seed(SEEDS, run_seed, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frees_what_those_had_who_were_waiting),
    };
    return cmocka_run_group_tests_name("abrupt_end", tests, NULL, NULL);
}
