/* SPDX-License-Identifier: MIT */
/* Children whose mailboxes are kept, dropped or left to an heir fail at random moments, while
 * others send to them from everywhere and all are moved: each number is heard once, by the child or
 * the heir, in its sender's order, or is a dead letter. */
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 300
#define CHILDREN 3
#define SENDERS 4
#define NUMBERS 30
#define SECOND UINT64_C(1000000000)

struct storm {
    troupe_ref children[CHILDREN];
    uint64_t heard[CHILDREN][SENDERS]; /* the last number */
    uint64_t left[CHILDREN][SENDERS];  /* likewise, by the heir */
    uint64_t total;                    /* heard by either */
    uint64_t by_heir;
    uint64_t senders;
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
    uint64_t by_heir;
    uint64_t dead[TROUPE_DEAD_REASON_COUNT];
};

static void blame(struct storm *storm, const char *fault)
{
    storm->fault = storm->fault != NULL ? storm->fault : fault;
}

/* The number says for whom it was, who sent it and which it is: child, sender and number. */
static void note(struct storm *storm, uint64_t figure, uint64_t last[CHILDREN][SENDERS])
{
    uint64_t *before = &last[figure / 10000][figure / 1000 % 10];
    if (figure % 1000 <= *before) {
        blame(storm, "a number is out of order, or came twice");
    }
    *before = figure % 1000;
    storm->total++;
}

static troupe_error hears(troupe_self *self, void *argument)
{
    const struct post *post = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            note(post->storm, figure_of(message), post->storm->heard);
            error = troupe_self_random(self) % 8 == 0 ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
        }
        if (error == TROUPE_OK && troupe_self_random(self) % 2 == 0) {
            (void) troupe_sleep(self, TROUPE_WITHIN_US(100)); /* told to stop it hears it out */
        }
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
    note((*post)->storm, figure_of(*message), (*post)->storm->heard);
    return troupe_self_random(self) % 8 == 0 ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
}

static const troupe_behavior behavior =
    TROUPE_BEHAVIOR(.name = "post", .state_size = sizeof(struct post *), .start = start,
                    .other = handle);

/* With every fifth seed it ends soon. */
static troupe_error inherits(troupe_self *self, void *argument)
{
    struct storm *storm = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && (storm->seed % 5 != 0 || storm->by_heir < 5)) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            note(storm, figure_of(message), storm->left);
            storm->by_heir++;
        }
    }
    return error;
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct storm *storm = argument;
    const uint64_t mine = storm->senders++;
    troupe_error error = TROUPE_OK;
    for (uint64_t number = 1; number <= NUMBERS && error == TROUPE_OK; number++) {
        for (uint64_t i = 0; i < CHILDREN && error == TROUPE_OK; i++) {
            error = send_figure(self, storm->children[i], i * 10000 + mine * 1000 + number);
        }
    }
    if (error) {
        blame(storm, "a send failed");
    }
    return error;
}

static troupe_error storms(troupe_self *self, void *argument)
{
    struct storm *storm = argument;
    troupe_ref ref;
    const char *const names[CHILDREN] = {"a", "b", "c"};
    troupe_error error =
        troupe_spawn(self,
                     TROUPE_SPAWN(.name = "heir", .body = inherits, .argument = storm,
                                  .mailbox_capacity = 8, .place = TROUPE_PLACE_ANY),
                     &ref);
    if (storm->seed % 2 == 0) {
        for (size_t i = 0; i < CHILDREN; i++) {
            if (storm->specs[i].mailbox == TROUPE_MAILBOX_HEIR) {
                storm->specs[i].heir_name = NULL;
                storm->specs[i].heir = ref;
            }
        }
    }
    error = error ? error : troupe_supervise(self, &storm->spec, &ref);
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

static void set_up(struct storm *storm, struct post *posts, uint64_t seed)
{
    static const char *const names[CHILDREN] = {"a", "b", "c"};
    *storm = (struct storm) {.seed = seed};
    for (size_t i = 0; i < CHILDREN; i++) {
        const troupe_mailbox_fate fate = (troupe_mailbox_fate) ((seed / 3 + i) % 3);
        posts[i] = (struct post) {storm, i};
        storm->options[i] = *TROUPE_SPAWN(.name = names[i], .argument = &posts[i],
                                          .mailbox_capacity = 8, .place = TROUPE_PLACE_ANY);
        storm->options[i].behavior = (seed + i) % 2 == 0 ? &behavior : NULL;
        storm->options[i].body = (seed + i) % 2 == 0 ? NULL : hears;
        storm->specs[i] =
            (troupe_child_spec) TROUPE_CHILD(.id = names[i], .actor = &storm->options[i],
                                             .backoff_start = TROUPE_WITHIN_US(200),
                                             .backoff_max = TROUPE_WITHIN_MS(1), .mailbox = fate,
                                             .heir_name =
                                                 fate == TROUPE_MAILBOX_HEIR ? "heir" : NULL);
    }
    storm->spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.children = storm->specs,
                                                   .child_count = CHILDREN, .restarts_max = 10000,
                                                   .strategy = (troupe_strategy) (seed % 4));
}

static void run(uint64_t seed, void *context)
{
    struct sum *sum = context;
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
    assert_int_equal(storm.total + counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER],
                     CHILDREN * SENDERS * NUMBERS);
    sum->by_heir += storm.by_heir;
    for (size_t i = 0; i < TROUPE_DEAD_REASON_COUNT; i++) {
        sum->dead[i] += counts.dead_letters[i];
    }
    drop_world(&world);
}

/* Promise: FATE-RANDOM */
static void hears_each_number_once_or_has_a_dead_letter(void **state)
{
    (void) state;
    struct sum sum = {0};
    for_each_seed(SEEDS, run, &sum);
    assert_true(sum.by_heir > 0 && sum.dead[TROUPE_DEAD_RESTARTED] > 0);
    assert_true(sum.dead[TROUPE_DEAD_OVERFLOW] > 0);
    assert_true(sum.dead[TROUPE_DEAD_STALE] > 0 && sum.dead[TROUPE_DEAD_NO_SUCH_ACTOR] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_each_number_once_or_has_a_dead_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
