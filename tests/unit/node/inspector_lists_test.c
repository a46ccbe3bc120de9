/* SPDX-License-Identifier: MIT */
/* What the inspector tells of actors, counts and dead letters. */
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "inspect.pb-c.h"
#include "node/inspector.h"
#include "support/inspected.h"
#include "support/node_fixture.h"

#define CROWD 3000

static troupe_node *an_open_node(void)
{
    return a_node(TROUPE_NODE_OPTIONS(.workers = 2, .inspect = TROUPE_INSPECT_ON,
                                      .drain_timeout = TROUPE_NOW));
}

static Troupe__Inspect__Actors *list(troupe_node *node, uint64_t cursor, uint32_t limit)
{
    Troupe__Inspect__ListActors request = TROUPE__INSPECT__LIST_ACTORS__INIT;
    request.cursor = cursor;
    request.limit = limit;
    return inspected_ok(node, troupe_node_id(node), &request, &troupe__inspect__actors__descriptor);
}

static const Troupe__Inspect__Actor *find(const Troupe__Inspect__Actors *actors, const char *name)
{
    for (size_t i = 0; i < actors->n_actors; i++) {
        if (strcmp(actors->actors[i]->name, name) == 0) {
            return actors->actors[i];
        }
    }
    fail_msg("'%s' is not in the list", name);
    return NULL;
}

/* The whole list, piece by piece. How many members are in it; 0 if a worker was late and said
 * nothing, or not all were there and at rest, waiting for a message. */
static uint32_t count_members(troupe_node *node)
{
    bool *seen = calloc(2 * CROWD, sizeof *seen);
    uint32_t members = 0;
    uint32_t pieces = 0;
    uint64_t cursor = 0;
    bool is_whole = true;
    assert_non_null(seen);
    do {
        Troupe__Inspect__Actors *actors = list(node, cursor, 0);
        assert_in_range(actors->n_actors, 0, TR_INSPECTOR_ROWS);
        assert_in_range(protobuf_c_message_get_packed_size(&actors->base), 0, 128 << 10);
        for (size_t i = 0; i < actors->n_actors; i++) {
            const Troupe__Inspect__Actor *actor = actors->actors[i];
            assert_in_range(actor->ref->slot, 0, 2 * CROWD - 1);
            assert_false(seen[actor->ref->slot]);
            seen[actor->ref->slot] = true;
            is_whole = is_whole && actor->behavior[0] != '\0'; /* else it is on its way still */
            if (strcmp(actor->behavior, "member") == 0) {
                members++;
                assert_non_null(actor->parent);
                is_whole = is_whole && actor->wait == TROUPE__INSPECT__WAIT__MESSAGE;
            }
        }
        cursor = actors->next;
        pieces++;
        is_whole = is_whole && actors->n_silent == 0;
        inspected_free(actors);
    } while (cursor != 0);
    assert_in_range(pieces, CROWD / TR_INSPECTOR_ROWS, CROWD);
    free(seen);
    return is_whole ? members : 0;
}

/* Promise: INSPECT-PIECES */
static void a_crowd_comes_in_pieces_each_actor_once(void **state)
{
    (void) state;
    struct idlers idlers = {.probe = a_probe(), .count = CROWD};
    troupe_node *node = an_open_node();
    (void) a_root_of(node, TROUPE_SPAWN(.name = "crowd", .body = idlers_body, .argument = &idlers));
    assert_true(probe_wait_for(idlers.probe, "OK"));
    uint32_t members = 0;
    while (members == 0) { /* on a machine with much to do again */
        members = count_members(node);
    }
    assert_int_equal(members, CROWD);
    drop_node(&node);
    drop_probe(&idlers.probe);
}

static const troupe_type stone_type = TROUPE_SIGNAL("stone");

/* Asks one who never answers. */
static troupe_error asks_in_vain(troupe_self *self, void *argument)
{
    const troupe_ref *idle = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    (void) !troupe_ask_struct(self, *idle, &stone_type, NULL, TROUPE_FOREVER, &reply);
    return TROUPE_OK;
}

static troupe_error hoards(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *first = NULL;
    const troupe_error error = troupe_receive(self, &first, TROUPE_FOREVER);
    return error ? error : idle_body(self, NULL);
}

/* Promise: INSPECT-WAITS */
static void who_waits_for_whom_is_told(void **state)
{
    (void) state;
    troupe_node *node = an_open_node();
    troupe_ref hoarder = a_root_of(node, TROUPE_SPAWN(.name = "hoarder", .body = hoards));
    (void) a_root_of(node,
                     TROUPE_SPAWN(.name = "asker", .body = asks_in_vain, .argument = &hoarder));
    Troupe__Inspect__ListActors request = TROUPE__INSPECT__LIST_ACTORS__INIT;
    request.only_waiting = true;
    Troupe__Inspect__Actors *actors =
        inspected_ok(node, troupe_node_id(node), &request, &troupe__inspect__actors__descriptor);
    assert_int_equal(actors->n_actors, 2); /* and the test's own, which waits for the inspector */
    const Troupe__Inspect__Actor *asker = find(actors, "asker");
    assert_int_equal(asker->wait, TROUPE__INSPECT__WAIT__REPLY);
    assert_non_null(asker->waits_for);
    assert_int_equal(asker->waits_for->slot, hoarder.slot);
    assert_int_equal(asker->waits_for->generation, hoarder.generation);
    assert_int_equal(asker->asks, 1);
    inspected_free(actors);
    drop_node(&node);
}

/* Promise: INSPECT-SILENT */
static void actors_of_a_worker_that_is_held_up_are_listed_too(void **state)
{
    (void) state;
    struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
    troupe_node *node = an_open_node();
    const troupe_ref stuck = a_root_of(
        node, TROUPE_SPAWN(.name = "stuck", .body = idle_body, .place = TROUPE_PLACE_WORKER,
                           .place_worker = 1, .mailbox_capacity = 77));
    (void) a_root_of(node,
                     TROUPE_SPAWN(.name = "blocks", .body = blocking_body, .argument = &blocking,
                                  .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    assert_true(probe_wait_for(blocking.probe, "blocked"));
    Troupe__Inspect__Actors *actors = list(node, 0, 0);
    assert_int_equal(actors->n_silent, 1);
    assert_int_equal(actors->silent[0], 1);
    const Troupe__Inspect__Actor *found = NULL;
    for (size_t i = 0; i < actors->n_actors; i++) {
        found = actors->actors[i]->ref->slot == stuck.slot ? actors->actors[i] : found;
    }
    assert_non_null(found);
    assert_int_equal(found->wait, TROUPE__INSPECT__WAIT__UNKNOWN);
    assert_int_equal(found->worker, 1);
    assert_int_equal(found->capacity, 77);
    uint32_t running = 0; /* who holds it up is to be seen */
    for (size_t i = 0; i < actors->n_actors; i++) {
        running += actors->actors[i]->worker == 1 &&
                           actors->actors[i]->wait == TROUPE__INSPECT__WAIT__NOTHING
                       ? 1
                       : 0;
    }
    assert_int_equal(running, 1);
    inspected_free(actors);
    latch_open(blocking.latch);
    drop_node(&node);
    drop_probe(&blocking.probe);
    drop_latch(&blocking.latch);
}

static void a_limit_is_kept(void **state)
{
    (void) state;
    troupe_node *node = an_open_node();
    for (int i = 0; i < 5; i++) {
        (void) a_root_of(node, TROUPE_SPAWN(.body = idle_body));
    }
    Troupe__Inspect__Actors *actors = list(node, 0, 2);
    assert_in_range(actors->n_actors, 1, 2);
    assert_int_not_equal(actors->next, 0);
    inspected_free(actors);
    actors = list(node, UINT64_MAX, 0); /* beyond all */
    assert_int_equal(actors->n_actors, 0);
    assert_int_equal(actors->next, 0);
    inspected_free(actors);
    drop_node(&node);
}

/* Fails when it is told to. */
static troupe_error falls(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    (void) message;
    return troupe_fail(self, TROUPE_ERROR_USER, "as it was told");
}

static const troupe_handles fragile_handlers[] = {{.type = &stone_type, .handler = falls}, {0}};
static const troupe_behavior fragile =
    TROUPE_BEHAVIOR(.name = "fragile", .handlers = fragile_handlers);
static const troupe_child_spec vases[] = {
    TROUPE_CHILD(.id = "vase", .actor = TROUPE_SPAWN(.name = "vase", .behavior = &fragile),
                 .backoff_start = TROUPE_CONSTANT_MS(1)),
};
static const troupe_supervisor_spec shelf =
    TROUPE_SUPERVISOR(.name = "shelf", .children = vases, .child_count = 1);

static troupe_error throws_a_stone(troupe_self *self, void *argument)
{
    troupe_ref vase;
    (void) argument;
    const troupe_error error = troupe_lookup(self, "vase", &vase);
    return error ? error : troupe_send_struct(self, vase, &stone_type, NULL);
}

/* Promise: INSPECT-TREE */
static void who_supervises_whom_is_told(void **state)
{
    (void) state;
    troupe_node *node = an_open_node();
    troupe_ref ref;
    uint64_t restarts = 0;
    assert_ok(troupe_node_supervise(node, &shelf, &ref));
    (void) a_root_of(node, TROUPE_SPAWN(.body = throws_a_stone));
    while (restarts == 0) {
        Troupe__Inspect__Actors *actors = list(node, 0, 0);
        const Troupe__Inspect__Actor *supervisor = find(actors, "shelf");
        const Troupe__Inspect__Actor *vase = find(actors, "vase");
        assert_true(supervisor->is_supervisor);
        assert_false(vase->is_supervisor);
        assert_non_null(vase->parent);
        assert_int_equal(vase->parent->slot, supervisor->ref->slot);
        restarts = vase->restarts;
        inspected_free(actors);
    }
    assert_int_equal(restarts, 1);
    drop_node(&node);
}

static troupe_error sends_to_nobody(troupe_self *self, void *argument)
{
    troupe_ref *gone = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = idle_body), gone);
    troupe_monitor_id id;
    error = error ? error : troupe_monitor(self, *gone, &id);
    /* Queued when it ends, as it does not run before this one waits. */
    error = error ? error : troupe_send_struct(self, *gone, &stone_type, NULL);
    error = error ? error : troupe_kill(self, *gone);
    return error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(10));
}

static void counts_and_dead_letters_are_told(void **state)
{
    (void) state;
    struct probe *probe = a_probe();
    troupe_node *node = an_open_node();
    troupe_ref gone = {0};
    assert_ok(troupe_node_spawn(node, TROUPE_SPAWN(.body = sends_to_nobody, .argument = &gone),
                                &(troupe_ref) {0}));
    Troupe__Inspect__GetStatistics request = TROUPE__INSPECT__GET_STATISTICS__INIT;
    Troupe__Inspect__Statistics *statistics = inspected_ok(
        node, troupe_node_id(node), &request, &troupe__inspect__statistics__descriptor);
    assert_int_equal(statistics->node, troupe_node_id(node));
    assert_int_equal(statistics->n_workers, 2);
    assert_in_range(statistics->total->spawned, 3, 10);
    assert_in_range(statistics->total->accepted, 1, 100);
    inspected_free(statistics);
    Troupe__Inspect__ListDeadLetters wanted = TROUPE__INSPECT__LIST_DEAD_LETTERS__INIT;
    Troupe__Inspect__DeadLetters *letters = inspected_ok(
        node, troupe_node_id(node), &wanted, &troupe__inspect__dead_letters__descriptor);
    assert_int_equal(letters->n_letters, 1);
    assert_string_equal(letters->letters[0]->type, "stone");
    assert_int_equal(letters->letters[0]->receiver->slot, gone.slot);
    inspected_free(letters);
    drop_node(&node);
    drop_probe(&probe);
}

/* Of a message with a text that is none, others than this library unpack nothing.
 * Promise: INSPECT-UTF8 */
static void what_is_no_utf8_is_made_so(void **state)
{
    (void) state;
    static const troupe_behavior odd = TROUPE_BEHAVIOR(
            .name = "a word that is cut in the middle of its last character, as it!\xc3\xa4");
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.name = "n\xe4me", .workers = 1, .inspect = TROUPE_INSPECT_ON,
                                   .drain_timeout = TROUPE_NOW));
    (void) a_root_of(node, TROUPE_SPAWN(.name = "\xff\xc3\xa4\xc3", .behavior = &odd));
    Troupe__Inspect__Actors *actors = list(node, 0, 0);
    const Troupe__Inspect__Actor *actor = find(actors, "?\xc3\xa4?");
    assert_int_equal(strncmp(actor->behavior, odd.name, 62), 0);
    assert_string_equal(actor->behavior + 62, "?");
    inspected_free(actors);
    Troupe__Inspect__GetStatistics request = TROUPE__INSPECT__GET_STATISTICS__INIT;
    Troupe__Inspect__Statistics *statistics = inspected_ok(
        node, troupe_node_id(node), &request, &troupe__inspect__statistics__descriptor);
    assert_string_equal(statistics->name, "n?me");
    inspected_free(statistics);
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_comes_in_pieces_each_actor_once),
        cmocka_unit_test(who_waits_for_whom_is_told),
        cmocka_unit_test(actors_of_a_worker_that_is_held_up_are_listed_too),
        cmocka_unit_test(who_supervises_whom_is_told),
        cmocka_unit_test(a_limit_is_kept),
        cmocka_unit_test(counts_and_dead_letters_are_told),
        cmocka_unit_test(what_is_no_utf8_is_made_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
