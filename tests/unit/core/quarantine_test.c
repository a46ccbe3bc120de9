/* SPDX-License-Identifier: MIT */
/* Messages that their receiver fails with are tried again, and then go into quarantine. */
#include <troupe/troupe.h>

#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/parts.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)

struct scene {
    struct probe *seen;
    struct part part;
    uint64_t reply_bytes; /* of the asker */
    uint64_t heals_at;    /* the start from which on PART_FAIL is a figure like others */
    troupe_spawn_options spawn;
    troupe_child_spec child;
    troupe_supervisor_spec spec;
    troupe_ref supervisor;
    troupe_ref part_ref;
    troupe_body *then; /* what the root does when all has come to rest */
};

static troupe_error take(const struct scene *scene, troupe_self *self, uint64_t figure)
{
    probe_say(scene->seen, "part %llu", (unsigned long long) figure);
    return figure == PART_FAIL && (scene->heals_at == 0 || scene->part.starts < scene->heals_at)
               ? troupe_fail(self, TROUPE_ERROR_PROTOCOL, "told to")
               : TROUPE_OK;
}

static troupe_error body(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    scene->part.starts++;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : take(scene, self, figure_of(message));
    }
    return error;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    struct scene **scene = state;
    *scene = argument;
    (*scene)->part.starts++;
    return TROUPE_OK;
}

static troupe_error handle(troupe_self *self, void *state, troupe_message **message)
{
    struct scene **scene = state;
    return take(*scene, self, figure_of(*message));
}

static const troupe_behavior behavior =
    TROUPE_BEHAVIOR(.name = "part", .state_size = sizeof(struct scene *), .start = start,
                    .other = handle);

static void set_up(struct scene *scene, uint32_t retries, bool is_body)
{
    *scene = (struct scene) {.seen = a_probe()};
    scene->spawn = *TROUPE_SPAWN(.name = "part", .argument = scene, .mailbox_capacity = 8);
    scene->spawn.behavior = is_body ? NULL : &behavior;
    scene->spawn.body = is_body ? body : NULL;
    scene->child =
        (troupe_child_spec) TROUPE_CHILD(.id = "part", .actor = &scene->spawn,
                                         .backoff_start = TROUPE_WITHIN_MS(50),
                                         .backoff_max = TROUPE_WITHIN_MS(100), .retries = retries);
    scene->spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.name = "head", .children = &scene->child,
                                                   .child_count = 1, .restarts_max = 2);
}

static troupe_error asks_it(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t answer = 0;
    const char *text = "";
    troupe_error error = order(self, "part", 1);
    error = error ? error : ask_figure(self, scene->part_ref, PART_FAIL, TROUPE_FOREVER, &answer);
    (void) troupe_last_failure(self, &text);
    probe_say(scene->seen, "asked: %s '%s'", troupe_error_name(error), text);
    return TROUPE_OK;
}

/* The ask makes it fail; 2 is behind it. */
static troupe_error fails_it(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_ref asker;
    troupe_error error = troupe_supervise(self, &scene->spec, &scene->supervisor);
    error = error ? error : troupe_lookup(self, "part", &scene->part_ref);
    error = error ? error
                  : troupe_spawn(self,
                                 TROUPE_SPAWN(.body = asks_it, .argument = scene,
                                              .reply_bytes = scene->reply_bytes),
                                 &asker);
    error = error ? error : order(self, "part", 2);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(5));
    if (scene->then != NULL) {
        error = error ? error : scene->then(self, scene);
    }
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

static void check_outcomes(tr_world *world, uint64_t failed, uint64_t quarantined)
{
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_FAILED], failed);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_QUARANTINED], quarantined);
}

/* Promise: RETRY-ORDER */
static void is_tried_again_before_all_others(void **state)
{
    for (int is_body = 0; is_body <= 1; is_body++) {
        struct scene scene;
        tr_world *world = a_world(1, 1);
        set_up(&scene, 2, is_body != 0);
        scene.heals_at = 3;
        play(world, &scene);
        assert_said(scene.seen, "part 1", "part 1001", "part 1001", "part 1001", "part 2",
                    "asked: NO_REPLY ''", "root OK");
        check_outcomes(world, 0, 0);
        drop_world(&world);
        drop_probe(&scene.seen);
    }
    (void) state;
}

static troupe_error lists(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    troupe_quarantined rows[2];
    size_t count = 0;
    const troupe_error error = troupe_quarantine_list(self, 0, rows, 2, &count);
    probe_say(scene->seen, "%zu listed", count);
    for (size_t i = 0; i < count && i < 2; i++) {
        probe_say(scene->seen, "%llu: %s for '%s', %llu bytes, %u failures, %s '%s'",
                  (unsigned long long) rows[i].id, rows[i].type, rows[i].name,
                  (unsigned long long) rows[i].size, rows[i].failures,
                  troupe_error_name(rows[i].reason), rows[i].text);
        probe_say(scene->seen, "its receiver %s",
                  troupe_ref_is_same(rows[i].receiver, scene->part_ref) ? "right" : "wrong");
    }
    return error;
}

static troupe_error lists_and_purges(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    const troupe_error error = lists(self, argument);
    probe_say(scene->seen, "%zu purged", troupe_quarantine_purge(self, 7));
    probe_say(scene->seen, "%zu purged", troupe_quarantine_purge(self, 1));
    probe_say(scene->seen, "%zu purged", troupe_quarantine_purge(self, 0));
    return error;
}

/* Promise: QUARANTINE-PUT */
static void is_quarantined_after_its_last_try(void **state)
{
    for (int is_body = 0; is_body <= 1; is_body++) {
        struct scene scene;
        tr_world *world = a_world(1, 1);
        set_up(&scene, 2, is_body != 0);
        scene.then = lists_and_purges;
        play(world, &scene);
        assert_said(scene.seen, "part 1", "part 1001", "part 1001", "part 1001",
                    "asked: HANDLER_FAILED 'told to'", "part 2", "1 listed",
                    "1: figure for 'part', 8 bytes, 3 failures, PROTOCOL 'told to'",
                    "its receiver right", "0 purged", "1 purged", "0 purged", "root OK");
        check_outcomes(world, 0, 1);
        drop_world(&world);
        drop_probe(&scene.seen);
    }
    (void) state;
}

/* Promise: QUARANTINE-PUT */
static void is_quarantined_at_once_without_retries(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_NO_RETRIES, false);
    scene.then = lists_and_purges;
    play(*state, &scene);
    assert_said(scene.seen, "part 1", "part 1001", "asked: HANDLER_FAILED 'told to'", "part 2",
                "1 listed", "1: figure for 'part', 8 bytes, 1 failures, PROTOCOL 'told to'",
                "its receiver right", "0 purged", "1 purged", "0 purged", "root OK");
    check_outcomes(*state, 0, 1);
    drop_probe(&scene.seen);
}

/* Promise: QUARANTINE-PUT */
static void is_told_to_an_asker_with_little_room(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_NO_RETRIES, true);
    scene.reply_bytes = 16;
    play(*state, &scene);
    assert_said(scene.seen, "part 1", "part 1001", "asked: HANDLER_FAILED ''", "part 2", "root OK");
    check_outcomes(*state, 0, 1);
    drop_probe(&scene.seen);
}

/* Promise: RETRY-NONE */
static void ends_as_failed_if_nothing_is_said_of_retries(void **state)
{
    struct scene scene;
    set_up(&scene, 0, true);
    scene.then = lists;
    play(*state, &scene);
    assert_said(scene.seen, "part 1", "part 1001", "asked: HANDLER_FAILED 'told to'", "part 2",
                "0 listed", "root OK");
    check_outcomes(*state, 1, 0);
    drop_probe(&scene.seen);
}

static troupe_error replays(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    const troupe_ref none = troupe_ref_none();
    probe_say(scene->seen, "replay 9: %s",
              troupe_error_name(troupe_quarantine_replay(self, 9, none)));
    scene->heals_at = 1;
    probe_say(scene->seen, "replay: %s",
              troupe_error_name(troupe_quarantine_replay(self, 1, none)));
    probe_say(scene->seen, "again: %s", troupe_error_name(troupe_quarantine_replay(self, 1, none)));
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(1));
    return error ? error : lists(self, scene);
}

/* Promise: QUARANTINE-REPLAY */
static void is_handled_when_it_is_replayed(void **state)
{
    for (int is_body = 0; is_body <= 1; is_body++) {
        struct scene scene;
        tr_world *world = a_world(1, 1);
        set_up(&scene, 1, is_body != 0);
        scene.then = replays;
        play(world, &scene);
        assert_said(scene.seen, "part 1", "part 1001", "part 1001",
                    "asked: HANDLER_FAILED 'told to'", "part 2", "replay 9: END", "replay: OK",
                    "again: END", "part 1001", "0 listed", "root OK");
        check_outcomes(world, 0, 1);
        drop_world(&world);
        drop_probe(&scene.seen);
    }
    (void) state;
}

static troupe_error replays_elsewhere(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref gone;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &gone);
    error = error ? error : troupe_stop(self, gone);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    probe_say(scene->seen, "to one that is gone: %s",
              troupe_error_name(troupe_quarantine_replay(self, 1, gone)));
    error = error ? error : lists(self, scene);
    error = error ? error : troupe_quarantine_replay(self, 1, troupe_self_ref(self));
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    probe_say(scene->seen, "root got %llu, wants a reply: %d",
              (unsigned long long) figure_of(message),
              message != NULL && troupe_message_wants_reply(message));
    return error;
}

/* Promise: QUARANTINE-REPLAY */
static void can_be_replayed_to_another(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_NO_RETRIES, false);
    scene.then = replays_elsewhere;
    play(*state, &scene);
    assert_said(scene.seen, "part 1", "part 1001", "asked: HANDLER_FAILED 'told to'", "part 2",
                "to one that is gone: STALE", "1 listed",
                "1: figure for 'part', 8 bytes, 1 failures, PROTOCOL 'told to'",
                "its receiver right", "root got 1001, wants a reply: 0", "root OK");
    drop_probe(&scene.seen);
}

/* The first asker is cancelled while its request waits for the next start, the supervisor is
 * stopped while that of the second does. */
static troupe_error ends_while_it_waits(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_ref asker;
    troupe_error error = troupe_supervise(self, &scene->spec, &scene->supervisor);
    error = error ? error : troupe_lookup(self, "part", &scene->part_ref);
    for (int i = 0; i < 2; i++) {
        error = error
                    ? error
                    : troupe_spawn(self, TROUPE_SPAWN(.body = asks_it, .argument = scene), &asker);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
        error = error
                    ? error
                    : (i == 0 ? troupe_cancel(self, asker) : troupe_stop(self, scene->supervisor));
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    }
    return error;
}

/* Promise: RETRY-END */
static void is_not_tried_for_nobody_and_told_if_no_start_comes(void **state)
{
    for (int is_body = 0; is_body <= 1; is_body++) {
        struct scene scene;
        tr_world *world = a_world(1, 1);
        set_up(&scene, 5, is_body != 0);
        (void) a_root(world, TROUPE_SPAWN(.body = ends_while_it_waits, .argument = &scene));
        tr_world_advance(world, 60 * SECOND);
        assert_said(scene.seen, "part 1", "part 1001", "asked: CANCELLED ''", "part 1", "part 1001",
                    "asked: HANDLER_FAILED 'told to'");
        check_outcomes(world, 1, 0);
        drop_world(&world);
        drop_probe(&scene.seen);
    }
    (void) state;
}

static troupe_error counts_restarts(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = order(self, "part", PART_FAIL);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(20));
    probe_clear(scene->seen);
    error = error ? error : order(self, "part", PART_FAIL); /* the third within the window */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    probe_say(scene->seen, "then: %s", troupe_error_name(order(self, "part", 1)));
    return error;
}

/* Promise: RETRY-INTENSITY */
static void counts_as_one_failure_however_often_it_is_tried(void **state)
{
    struct scene scene;
    set_up(&scene, 4, false);
    scene.spec.window = TROUPE_WITHIN_S(60);
    scene.then = counts_restarts;
    play(*state, &scene);
    assert_said(scene.seen, "part 1001", "then: NO_SUCH_ACTOR", "root STALE");
    drop_probe(&scene.seen);
}

/* One after the other, one more than there is room for. */
static troupe_error fills_the_quarantine(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t answer = 0;
    size_t count = 0;
    troupe_error error = troupe_supervise(self, &scene->spec, &scene->supervisor);
    error = error ? error : troupe_lookup(self, "part", &scene->part_ref);
    for (int i = 0; i <= TROUPE_QUARANTINE_MAX && error == TROUPE_OK; i++) {
        error = ask_figure(self, scene->part_ref, PART_FAIL, TROUPE_WITHIN_S(9), &answer);
        error = error == TROUPE_ERROR_HANDLER_FAILED ? TROUPE_OK : TROUPE_ERROR_FAILED;
    }
    error = error ? error : troupe_quarantine_list(self, 255, NULL, 0, &count);
    probe_clear(scene->seen);
    probe_say(scene->seen, "%zu above 255", count);
    probe_say(scene->seen, "%zu purged", troupe_quarantine_purge(self, 0));
    return error;
}

/* Promise: QUARANTINE-FULL */
static void ends_as_failed_if_the_quarantine_is_full(void **state)
{
    struct scene scene;
    set_up(&scene, TROUPE_NO_RETRIES, false);
    scene.spec.restarts_max = 10000;
    scene.child.backoff_start = TROUPE_NOW;
    (void) a_root(*state, TROUPE_SPAWN(.body = fills_the_quarantine, .argument = &scene));
    tr_world_advance(*state, 1000 * SECOND);
    assert_said(scene.seen, "1 above 255", "256 purged");
    check_outcomes(*state, 1, TROUPE_QUARANTINE_MAX);
    drop_probe(&scene.seen);
}

/* Whether the allocation was reached. */
static bool run_without_one(int64_t number, bool is_body)
{
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    struct scene scene;
    troupe_ref root;
    set_up(&scene, 1, is_body);
    tr_world *world =
        a_world_of(&(const tr_world_options) {.seed = 1, .workers = 1, .allocator = &port});
    tr_failing_allocator_fail_one(&memory, number);
    const troupe_error error =
        tr_world_spawn(world, TROUPE_SPAWN(.body = fails_it, .argument = &scene), &root);
    tr_world_advance(world, 60 * SECOND);
    const bool was_reached = atomic_load(&memory.refused) > 0;
    assert_true(error == TROUPE_OK || was_reached);
    troupe_counts counts;
    tr_world_counts(world, &counts);
    const uint64_t quarantined = counts.outcomes[TROUPE_OUTCOME_QUARANTINED];
    if (probe_count_of(scene.seen, "part 1001") == 2) {
        assert_int_equal(quarantined + counts.outcomes[TROUPE_OUTCOME_FAILED], 1);
        assert_int_equal(probe_count_of(scene.seen, "asked: HANDLER_FAILED 'told to'") +
                             probe_count_of(scene.seen, "asked: HANDLER_FAILED ''"),
                         1);
    }
    assert_true(was_reached || quarantined == 1);
    drop_world(&world);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    drop_probe(&scene.seen);
    return was_reached;
}

/* Promise: QUARANTINE-FULL */
static void takes_or_ends_one_whichever_allocation_fails(void **state)
{
    (void) state;
    for (int is_body = 0; is_body <= 1; is_body++) {
        int64_t number = 0;
        while (run_without_one(number, is_body != 0)) {
            number++;
        }
        assert_true(number > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_tried_again_before_all_others),
        cmocka_unit_test(is_quarantined_after_its_last_try),
        WITH_WORLD(is_quarantined_at_once_without_retries),
        WITH_WORLD(is_told_to_an_asker_with_little_room),
        WITH_WORLD(ends_as_failed_if_nothing_is_said_of_retries),
        cmocka_unit_test(is_handled_when_it_is_replayed),
        WITH_WORLD(can_be_replayed_to_another),
        cmocka_unit_test(is_not_tried_for_nobody_and_told_if_no_start_comes),
        WITH_WORLD(counts_as_one_failure_however_often_it_is_tried),
        WITH_WORLD(ends_as_failed_if_the_quarantine_is_full),
        cmocka_unit_test(takes_or_ends_one_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
