/* SPDX-License-Identifier: MIT */
/* What becomes of the mailbox of a child that is restarted, as its spec says. */
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/parts.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)

struct scene {
    struct probe *seen;
    struct part part;
    struct part heir;
    troupe_spawn_options spawn;
    troupe_child_spec child;
    troupe_supervisor_spec spec;
    troupe_ref supervisor;
    troupe_ref part_ref;
    uint32_t heir_capacity;
    bool has_no_heir;
};

static void set_up(struct scene *scene, troupe_mailbox_fate fate, bool is_body)
{
    *scene = (struct scene) {.seen = a_probe()};
    scene->part = (struct part) {.seen = scene->seen, .name = "part"};
    scene->heir = (struct part) {.seen = scene->seen, .name = "heir"};
    scene->spawn = is_body ? *PART_BODY_SPAWN(scene->part) : *PART_SPAWN(scene->part);
    scene->spawn.mailbox_capacity = 8;
    scene->heir_capacity = 8;
    scene->child =
        (troupe_child_spec) TROUPE_CHILD(.id = "part", .actor = &scene->spawn,
                                         .backoff_start = TROUPE_WITHIN_MS(50), .mailbox = fate,
                                         .heir_name = fate == TROUPE_MAILBOX_HEIR ? "heir" : NULL);
    scene->spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.name = "head", .children = &scene->child,
                                                   .child_count = 1);
}

static troupe_error begin(troupe_self *self, struct scene *scene)
{
    troupe_ref heir;
    troupe_error error = TROUPE_OK;
    if (!scene->has_no_heir) {
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.name = "heir", .behavior = &part_behavior,
                                          .argument = &scene->heir, .place = TROUPE_PLACE_ANY,
                                          .mailbox_capacity = scene->heir_capacity),
                             &heir);
    }
    error = error ? error : troupe_supervise(self, &scene->spec, &scene->supervisor);
    return error ? error : troupe_lookup(self, "part", &scene->part_ref);
}

/* The first makes it fail; the others are queued behind, the last as an ask. */
static troupe_error asks_it(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t answer = 0;
    troupe_error error = order(self, "part", PART_FAIL);
    error = error ? error : order(self, "part", 1);
    error = error ? error : order(self, "part", 2);
    error = error ? error : ask_figure(self, scene->part_ref, 7, TROUPE_WITHIN_MS(40), &answer);
    probe_say(scene->seen, "asked: %s", troupe_error_name(error));
    return TROUPE_OK;
}

static troupe_error fails_it(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_ref asker;
    troupe_error error = begin(self, scene);
    error = error ? error
                  : troupe_spawn(self, TROUPE_SPAWN(.body = asks_it, .argument = scene), &asker);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(20));
    error = error ? error : order(self, "part", 3); /* while it rests */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    error = error ? error : troupe_stop(self, scene->supervisor);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    probe_say(scene->seen, "root %s", troupe_error_name(error));
    return error;
}

static void play(tr_world *world, struct scene *scene)
{
    (void) a_root(world, TROUPE_SPAWN(.body = fails_it, .argument = scene));
    tr_world_advance(world, 60 * SECOND);
}

static void check_dead_letters(tr_world *world, troupe_dead_reason reason, uint64_t count)
{
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.dead_letters[reason], count);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], count);
}

/* Promise: FATE-DROP */
static void drops_what_is_queued_when_it_fails(void **state)
{
    for (int is_body = 0; is_body <= 1; is_body++) {
        tr_world *world = a_world(1, 1);
        struct scene scene;
        set_up(&scene, TROUPE_MAILBOX_DROP, is_body != 0);
        play(world, &scene);
        assert_said(scene.seen, "heir up", "part up", "part 1001", "part down PROTOCOL",
                    "asked: RESTARTED", "part up", "part 3",
                    is_body != 0 ? "part down STOPPING" : "part down OK", "root OK",
                    "heir down OK");
        check_dead_letters(world, TROUPE_DEAD_RESTARTED, 3);
        drop_world(&world);
        drop_probe(&scene.seen);
    }
    (void) state;
}

/* Promise: FATE-HEIR */
static void hands_what_is_queued_to_the_heir_in_order(void **state)
{
    for (int is_body = 0; is_body <= 1; is_body++) {
        tr_world *world = a_world(1, 1);
        struct scene scene;
        set_up(&scene, TROUPE_MAILBOX_HEIR, is_body != 0);
        play(world, &scene);
        assert_said(scene.seen, "heir up", "part up", "part 1001", "part down PROTOCOL", "heir 1",
                    "heir 2", "heir 7", "asked: NO_REPLY", "part up", "part 3",
                    is_body != 0 ? "part down STOPPING" : "part down OK", "root OK",
                    "heir down OK");
        check_dead_letters(world, TROUPE_DEAD_RESTARTED, 0);
        drop_world(&world);
        drop_probe(&scene.seen);
    }
    (void) state;
}

/* Promise: FATE-NO-HEIR */
static void ends_what_finds_no_room_at_the_heir(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_MAILBOX_HEIR, false);
    scene.heir_capacity = 1;
    play(*state, &scene);
    assert_said(scene.seen, "heir up", "part up", "part 1001", "part down PROTOCOL", "heir 1",
                "asked: MAILBOX_FULL", "part up", "part 3", "part down OK", "root OK",
                "heir down OK");
    check_dead_letters(*state, TROUPE_DEAD_OVERFLOW, 2);
    drop_probe(&scene.seen);
}

/* Promise: FATE-NO-HEIR */
static void ends_what_is_left_to_nobody(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_MAILBOX_HEIR, false);
    scene.has_no_heir = true;
    play(*state, &scene);
    assert_said(scene.seen, "part up", "part 1001", "part down PROTOCOL", "asked: NO_SUCH_ACTOR",
                "part up", "part 3", "part down OK", "root OK");
    check_dead_letters(*state, TROUPE_DEAD_NO_SUCH_ACTOR, 3);
    drop_probe(&scene.seen);
}

static troupe_error has_a_dead_heir(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &scene->child.heir);
    error = error ? error : troupe_stop(self, scene->child.heir);
    scene->child.heir_name = NULL;
    return error ? error : fails_it(self, scene);
}

/* Promise: FATE-NO-HEIR */
static void ends_what_is_left_to_one_that_has_ended(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_MAILBOX_HEIR, false);
    (void) a_root(*state, TROUPE_SPAWN(.body = has_a_dead_heir, .argument = &scene));
    tr_world_advance(*state, 60 * SECOND);
    assert_int_equal(probe_count_of(scene.seen, "asked: STALE"), 1);
    check_dead_letters(*state, TROUPE_DEAD_STALE, 3);
    drop_probe(&scene.seen);
}

/* Promise: FATE-HEIR */
static void keeps_what_it_leaves_to_itself(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_MAILBOX_HEIR, false);
    scene.child.heir_name = "part";
    play(*state, &scene);
    assert_said(scene.seen, "heir up", "part up", "part 1001", "part down PROTOCOL",
                "asked: TIMED_OUT", "part up", "part 1", "part 2", "part 3", "part down OK",
                "root OK", "heir down OK");
    drop_probe(&scene.seen);
}

static troupe_error spawns_wrong(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    const troupe_child_spec right = scene->child;
    static const troupe_supervisor_spec below = TROUPE_SUPERVISOR(.name = "below");
    const troupe_child_spec wrong[] = {
        TROUPE_CHILD(.actor = right.actor, .mailbox = TROUPE_MAILBOX_HEIR),
        TROUPE_CHILD(.actor = right.actor, .heir_name = "heir"),
        TROUPE_CHILD(.actor = right.actor, .mailbox = TROUPE_MAILBOX_HEIR, .heir_name = "heir",
                     .heir = troupe_self_ref(self)),
        TROUPE_CHILD(.actor = right.actor, .mailbox = (troupe_mailbox_fate) 3),
        TROUPE_CHILD(.supervisor = &below, .mailbox = TROUPE_MAILBOX_DROP),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        scene->child = wrong[i];
        probe_say(scene->seen, "%s",
                  troupe_error_name(troupe_supervise(self, &scene->spec, &scene->supervisor)));
    }
    return TROUPE_OK;
}

/* Promise: FATE-HEIR */
static void refuses_specs_that_contradict_themselves(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_MAILBOX_KEEP, false);
    (void) a_root(*state, TROUPE_SPAWN(.body = spawns_wrong, .argument = &scene));
    tr_world_advance(*state, SECOND);
    assert_said(scene.seen, "BAD_ARGUMENT", "BAD_ARGUMENT", "BAD_ARGUMENT", "BAD_ARGUMENT",
                "BAD_ARGUMENT");
    drop_probe(&scene.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_what_is_queued_when_it_fails),
        cmocka_unit_test(hands_what_is_queued_to_the_heir_in_order),
        WITH_WORLD(ends_what_finds_no_room_at_the_heir),
        WITH_WORLD(ends_what_is_left_to_nobody),
        WITH_WORLD(ends_what_is_left_to_one_that_has_ended),
        WITH_WORLD(keeps_what_it_leaves_to_itself),
        WITH_WORLD(refuses_specs_that_contradict_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
