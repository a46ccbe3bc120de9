/* SPDX-License-Identifier: MIT */
/* Children fail at random moments while others send to them from everywhere, and all are moved:
 * each hears every sender's numbers in order, once, and nothing is lost or left. */
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 300
#define CHILDREN 3
#define SENDERS 4
#define NUMBERS 40
#define SECOND UINT64_C(1000000000)

struct storm {
    troupe_ref children[CHILDREN];
    uint64_t heard[CHILDREN][SENDERS]; /* the last number */
    uint64_t starts[CHILDREN];
    uint64_t failures;
    uint64_t done; /* senders */
    uint64_t seed;
    const char *fault;
    troupe_spawn_options options[CHILDREN];
    troupe_child_spec specs[CHILDREN];
    troupe_supervisor_spec spec;
};

struct post {
    struct storm *storm;
    uint64_t index;
};

static struct post posts[CHILDREN];

static void blame(struct storm *storm, const char *fault)
{
    storm->fault = storm->fault != NULL ? storm->fault : fault;
}

/* The number says who sent it: sender * 1000 + number. */
static troupe_error hear(troupe_self *self, const struct post *post, uint64_t figure)
{
    struct storm *storm = post->storm;
    uint64_t *heard = &storm->heard[post->index][figure / 1000];
    if (figure % 1000 != *heard + 1) {
        blame(storm, "a number is lost, or out of order");
    }
    *heard = figure % 1000;
    if (troupe_self_random(self) % 10 == 0) {
        storm->failures++;
        return TROUPE_ERROR_PROTOCOL;
    }
    return TROUPE_OK;
}

static troupe_error body(troupe_self *self, void *argument)
{
    const struct post *post = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    post->storm->starts[post->index]++;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        troupe_error pause = TROUPE_OK;
        if (error == TROUPE_OK && troupe_self_random(self) % 4 == 0) {
            pause = troupe_sleep(self, TROUPE_WITHIN_US(30)); /* told to stop it hears it out */
        }
        error = error ? error : hear(self, post, figure_of(message));
        error = error ? error : pause;
    }
    return error;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    const struct post **post = state;
    *post = argument;
    (*post)->storm->starts[(*post)->index]++;
    return TROUPE_OK;
}

static troupe_error handle(troupe_self *self, void *state, troupe_message **message)
{
    const struct post **post = state;
    return hear(self, *post, figure_of(*message));
}

static const troupe_handles handlers[] = {
    {.type = &figure_type, .handler = handle},
    {0},
};
static const troupe_behavior behavior =
    TROUPE_BEHAVIOR(.name = "post", .state_size = sizeof(struct post *), .start = start,
                    .handlers = handlers);

static troupe_error sends(troupe_self *self, void *argument)
{
    struct storm *storm = argument;
    const uint64_t mine = storm->done++;
    troupe_error error = TROUPE_OK;
    for (uint64_t number = 1; number <= NUMBERS && error == TROUPE_OK; number++) {
        for (size_t i = 0; i < CHILDREN && error == TROUPE_OK; i++) {
            error = send_figure(self, storm->children[i], mine * 1000 + number);
        }
        if (troupe_self_random(self) % 3 == 0) {
            error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(100));
        }
    }
    return error;
}

static troupe_error storms(troupe_self *self, void *argument)
{
    struct storm *storm = argument;
    troupe_ref ref;
    const char *const names[CHILDREN] = {"a", "b", "c"};
    troupe_error error = troupe_supervise(self, &storm->spec, &ref);
    for (size_t i = 0; i < CHILDREN && error == TROUPE_OK; i++) {
        error = troupe_lookup(self, names[i], &storm->children[i]);
    }
    for (size_t i = 0; i < SENDERS && error == TROUPE_OK; i++) {
        error = troupe_spawn(
            self, TROUPE_SPAWN(.body = sends, .argument = storm, .place = TROUPE_PLACE_ANY), &ref);
    }
    error = error ? error : troupe_sleep(self, TROUPE_FOREVER);
    if (error != TROUPE_ERROR_STOPPING) {
        blame(storm, troupe_error_name(error));
    }
    return error;
}

static void set_up(struct storm *storm, uint64_t seed)
{
    static const char *const names[CHILDREN] = {"a", "b", "c"};
    *storm = (struct storm) {.seed = seed};
    for (size_t i = 0; i < CHILDREN; i++) {
        posts[i] = (struct post) {storm, i};
        storm->options[i] = *TROUPE_SPAWN(.name = names[i], .argument = &posts[i],
                                          .mailbox_capacity = 8, .place = TROUPE_PLACE_ANY);
        if ((seed + i) % 2 == 0) {
            storm->options[i].behavior = &behavior;
        } else {
            storm->options[i].body = body;
        }
        storm->specs[i] =
            (troupe_child_spec) TROUPE_CHILD(.id = names[i], .actor = &storm->options[i],
                                             .backoff_start =
                                                 seed % 3 == 0 ? TROUPE_NOW : TROUPE_WITHIN_US(200),
                                             .backoff_max = TROUPE_WITHIN_MS(1));
    }
    storm->spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.children = storm->specs,
                                                   .child_count = CHILDREN, .restarts_max = 10000,
                                                   .strategy = (troupe_strategy) (seed % 4));
}

static void run(uint64_t seed, void *context)
{
    uint64_t *failures = context;
    struct storm storm;
    set_up(&storm, seed);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 3,
                                                            .delay_ns_max = 100000,
                                                            .refuse_chance_percent = 10,
                                                            .moves_percent = 20});
    (void) a_root(world, TROUPE_SPAWN(.body = storms, .argument = &storm));
    tr_world_advance(world, 3 * SECOND); /* less than a child has to stop: it is told and hears */
    if (storm.fault != NULL) {
        fail_msg("%s", storm.fault);
    }
    uint64_t starts = 0;
    for (size_t i = 0; i < CHILDREN; i++) {
        starts += storm.starts[i];
        for (size_t j = 0; j < SENDERS; j++) {
            assert_int_equal(storm.heard[i][j], NUMBERS);
        }
        assert_int_equal(depth_of(world, storm.children[i]), 0);
    }
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_FAILED], storm.failures);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 0);
    assert_true(starts >= CHILDREN + storm.failures);
    *failures += storm.failures;
    drop_world(&world);
}

/* Promise: RESTART-KEEPS */
static void loses_nothing_in_restarts_while_all_move(void **state)
{
    (void) state;
    uint64_t failures = 0;
    for_each_seed(SEEDS, run, &failures);
    assert_true(failures > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loses_nothing_in_restarts_while_all_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
