/* SPDX-License-Identifier: MIT */
/* Children fail at random with messages that are tried again, while others send to them and ask
 * them from everywhere, and all are moved: each message is tried until it is handled or has failed
 * so often as it may, in its sender's order; then it is in quarantine and its asker is told. */
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 300
#define CHILDREN 3
#define SENDERS 4 /* every other one asks */
#define NUMBERS 12
#define SECOND UINT64_C(1000000000)

struct fate {
    uint32_t failures;
    bool is_handled;
};

struct storm {
    troupe_ref children[CHILDREN];
    struct fate fates[CHILDREN][SENDERS][NUMBERS];
    uint64_t last[CHILDREN][SENDERS];
    uint32_t retries[CHILDREN];
    uint64_t senders;
    uint64_t listed;
    uint64_t replayed;
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

/* Over all seeds. */
struct sum {
    uint64_t quarantined;
    uint64_t retried;
};

static void blame(struct storm *storm, bool is_wrong, const char *fault)
{
    storm->fault = is_wrong && storm->fault == NULL ? fault : storm->fault;
}

static uint32_t tries_of(const struct storm *storm, uint64_t child)
{
    const uint32_t retries = storm->retries[child];
    return retries == TROUPE_NO_RETRIES ? 1 : retries + 1;
}

static struct fate *fate_of(struct storm *storm, uint64_t figure)
{
    return &storm->fates[figure / 10000][figure / 1000 % 10][figure % 1000];
}

static troupe_error meet(troupe_self *self, const struct post *post, uint64_t figure)
{
    struct storm *storm = post->storm;
    struct fate *fate = fate_of(storm, figure);
    uint64_t *last = &storm->last[post->index][figure / 1000 % 10];
    blame(storm, figure / 10000 != post->index, "a message of another's");
    blame(storm, figure % 1000 < *last, "out of order");
    blame(storm, fate->is_handled, "handled before");
    blame(storm, fate->failures >= tries_of(storm, post->index), "tried too often");
    *last = figure % 1000;
    if (troupe_self_random(self) % 3 == 0) {
        fate->failures++;
        return TROUPE_ERROR_PROTOCOL;
    }
    fate->is_handled = true;
    return TROUPE_OK;
}

static troupe_error hears(troupe_self *self, void *argument)
{
    const struct post *post = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && troupe_self_random(self) % 4 == 0) {
            (void) troupe_sleep(self, TROUPE_WITHIN_US(100));
        }
        error = error ? error : meet(self, post, figure_of(message));
    }
    return error;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    const struct post **post = state;
    *post = argument;
    return TROUPE_OK;
}

static troupe_error handle(troupe_self *self, void *state, troupe_message **message)
{
    const struct post **post = state;
    return meet(self, *post, figure_of(*message));
}

static const troupe_behavior behavior =
    TROUPE_BEHAVIOR(.name = "post", .state_size = sizeof(struct post *), .start = start,
                    .other = handle);

static troupe_error asks(troupe_self *self, struct storm *storm, uint64_t child, uint64_t figure)
{
    uint64_t answer = 0;
    const troupe_error error =
        ask_figure(self, storm->children[child], figure, TROUPE_FOREVER, &answer);
    const struct fate *fate = fate_of(storm, figure);
    const troupe_error expected =
        fate->is_handled ? TROUPE_ERROR_NO_REPLY : TROUPE_ERROR_HANDLER_FAILED;
    blame(storm, error != expected, "a wrong answer");
    blame(storm, !fate->is_handled && fate->failures != tries_of(storm, child), "too early");
    return error == expected ? TROUPE_OK : error;
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct storm *storm = argument;
    const uint64_t mine = storm->senders++;
    troupe_error error = TROUPE_OK;
    for (uint64_t number = 0; number < NUMBERS && error == TROUPE_OK; number++) {
        for (uint64_t i = 0; i < CHILDREN && error == TROUPE_OK; i++) {
            const uint64_t figure = i * 10000 + mine * 1000 + number;
            error = mine % 2 == 0 ? send_figure(self, storm->children[i], figure)
                                  : asks(self, storm, i, figure);
        }
    }
    blame(storm, error != TROUPE_OK, "a send failed");
    return error;
}

/* All come back, to the root. */
static troupe_error replays_all(troupe_self *self, struct storm *storm)
{
    static troupe_quarantined rows[TROUPE_QUARANTINE_MAX];
    size_t count = 0;
    troupe_error error = troupe_quarantine_list(self, 0, rows, TROUPE_QUARANTINE_MAX, &count);
    storm->listed = count;
    for (size_t i = 0; i < count && error == TROUPE_OK; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = troupe_quarantine_replay(self, rows[i].id, troupe_self_ref(self));
        error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(1));
        const uint64_t figure = figure_of(message);
        blame(storm, fate_of(storm, figure)->is_handled, "one of the quarantine was handled");
        blame(storm, rows[i].failures != fate_of(storm, figure)->failures, "wrong failures");
        storm->replayed += error == TROUPE_OK ? 1 : 0;
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
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(8));
    error = error ? error : replays_all(self, storm);
    blame(storm, error != TROUPE_OK, "the root failed");
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

static void set_up(struct storm *storm, struct post *posts, uint64_t seed)
{
    static const char *const names[CHILDREN] = {"a", "b", "c"};
    static const uint32_t retries[] = {1, 2, TROUPE_NO_RETRIES, 3, 1};
    *storm = (struct storm) {.seed = seed};
    for (size_t i = 0; i < CHILDREN; i++) {
        storm->retries[i] = retries[(seed + i) % 5];
        posts[i] = (struct post) {storm, i};
        storm->options[i] = *TROUPE_SPAWN(.name = names[i], .argument = &posts[i],
                                          .mailbox_capacity = 8, .place = TROUPE_PLACE_ANY);
        storm->options[i].behavior = (seed + i) % 2 == 0 ? &behavior : NULL;
        storm->options[i].body = (seed + i) % 2 == 0 ? NULL : hears;
        storm->specs[i] =
            (troupe_child_spec) TROUPE_CHILD(.id = names[i], .actor = &storm->options[i],
                                             .backoff_start = TROUPE_WITHIN_US(200),
                                             .backoff_max = TROUPE_WITHIN_MS(1),
                                             .retries = storm->retries[i]);
    }
    storm->spec = (troupe_supervisor_spec)
        TROUPE_SUPERVISOR(.children = storm->specs, .child_count = CHILDREN, .restarts_max = 10000,
                          .strategy = seed % 2 == 0 ? TROUPE_ONE_FOR_ONE : TROUPE_DYNAMIC);
}

static void check_fates(const struct storm *storm, uint64_t quarantined, struct sum *sum)
{
    uint64_t lost = 0;
    for (uint64_t i = 0; i < CHILDREN; i++) {
        for (size_t k = 0; k < SENDERS * NUMBERS; k++) {
            const struct fate *fate = &storm->fates[i][k / NUMBERS][k % NUMBERS];
            const bool is_spent = fate->failures == tries_of(storm, i);
            assert_true(fate->is_handled != is_spent);
            lost += is_spent ? 1 : 0;
            sum->retried += fate->is_handled && fate->failures > 0 ? 1 : 0;
        }
    }
    assert_int_equal(quarantined, lost);
    assert_int_equal(storm->listed, lost);
    assert_int_equal(storm->replayed, lost);
    sum->quarantined += lost;
}

static void run(uint64_t seed, void *context)
{
    struct storm storm;
    struct post posts[CHILDREN];
    set_up(&storm, posts, seed);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 3,
                                                            .delay_ns_max = 100000,
                                                            .refuse_chance_percent = 10,
                                                            .moves_percent = 20});
    (void) a_root(world, TROUPE_SPAWN(.body = storms, .argument = &storm));
    tr_world_advance(world, 10 * SECOND);
    if (storm.fault != NULL) {
        fail_msg("%s", storm.fault);
    }
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_FAILED], 0);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 0);
    check_fates(&storm, counts.outcomes[TROUPE_OUTCOME_QUARANTINED], context);
    drop_world(&world);
}

/* Promise: QUARANTINE-RANDOM */
static void tries_each_as_often_as_it_may(void **state)
{
    (void) state;
    struct sum sum = {0};
    for_each_seed(SEEDS, run, &sum);
    assert_true(sum.quarantined > SEEDS);
    assert_true(sum.retried > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_each_as_often_as_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
