/* SPDX-License-Identifier: MIT */
/* Supervisors on real threads: children on all workers fail at random while others send to them,
 * and each word that was accepted is handled, once and in order, by one start or another. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "integration/upsets.h"
#include "support/fixtures.h"
#include "support/node_fixture.h"

enum {
    WORKERS = 3,
    CHILDREN = 8,
    SENDERS = 4,
    WORDS = 600, /* of each sender */
    ALL_WORDS = SENDERS * WORDS
};

struct word {
    uint32_t from;
    uint32_t number;
};
static const troupe_type word_type = TROUPE_TYPE(struct word);

/* Its child's own, from one start to the next: that they do not overlap is seen by TSan. */
struct record {
    uint64_t starts;
    uint64_t ends;
    uint32_t heard[SENDERS];
};

static struct {
    struct record records[CHILDREN];
    troupe_spawn_options options[CHILDREN];
    troupe_child_spec children[CHILDREN];
    char names[CHILDREN][8];
    struct probe *seen;
    bool blocks;
    _Atomic uint32_t handled;
    _Atomic uint32_t failures;
    _Atomic uint32_t senders; /* so many have begun */
} shop;

static bool by_chance(troupe_self *self, uint64_t one_in)
{
    return troupe_self_random(self) % one_in == 0;
}

static troupe_error begin(troupe_self *self, struct record *record)
{
    if (record->starts != record->ends) {
        probe_say(shop.seen, "a start before the end of the one before");
    }
    record->starts++;
    if (record->starts > 1 && by_chance(self, 10)) {
        return TROUPE_ERROR_SYSTEM;
    }
    return TROUPE_OK;
}

static troupe_error hear(troupe_self *self, struct record *record, const troupe_message *message)
{
    const struct word *word = troupe_message_struct(message, &word_type);
    if (word == NULL) {
        return TROUPE_OK;
    }
    if (word->number != record->heard[word->from] + 1) {
        probe_say(shop.seen, "%u after %u", word->number, record->heard[word->from]);
    }
    record->heard[word->from] = word->number;
    if (atomic_fetch_add(&shop.handled, 1) + 1 == ALL_WORDS) {
        probe_say(shop.seen, "all");
    }
    if (shop.blocks) {
        upset_by_blocking(self);
    }
    if (by_chance(self, 16)) {
        atomic_fetch_add(&shop.failures, 1);
        return TROUPE_ERROR_PROTOCOL;
    }
    return TROUPE_OK;
}

static troupe_error body(troupe_self *self, void *argument)
{
    struct record *record = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = begin(self, record);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : hear(self, record, message);
    }
    record->ends++;
    return error;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    struct record **record = state;
    *record = argument;
    const troupe_error error = begin(self, *record);
    (*record)->ends += error ? 1 : 0; /* its `stop` is not called */
    return error;
}

static troupe_error handle(troupe_self *self, void *state, troupe_message **message)
{
    struct record **record = state;
    return hear(self, *record, *message);
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    struct record **record = state;
    (void) self;
    (void) reason;
    (*record)->ends++;
}

static const troupe_behavior behavior =
    TROUPE_BEHAVIOR(.name = "child", .state_size = sizeof(struct record *), .start = start,
                    .other = handle, .stop = stop);

static troupe_error supervise(troupe_self *self, void *argument)
{
    troupe_ref ref;
    const troupe_error error = troupe_supervise(self, argument, &ref);
    probe_say(shop.seen, "%s", troupe_error_name(error));
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error send_words(troupe_self *self, void *argument)
{
    (void) argument;
    const uint32_t from = atomic_fetch_add(&shop.senders, 1);
    uint32_t numbers[CHILDREN] = {0};
    troupe_ref refs[CHILDREN];
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < CHILDREN && error == TROUPE_OK; i++) {
        error = troupe_lookup(self, shop.names[i], &refs[i]);
    }
    for (uint32_t i = 0; i < WORDS && error == TROUPE_OK; i++) {
        const uint32_t to = (uint32_t) (troupe_self_random(self) % CHILDREN);
        const struct word word = {.from = from, .number = ++numbers[to]};
        error = troupe_send_struct(self, refs[to], &word_type, &word);
        error = error ? error : troupe_yield(self);
    }
    if (error) {
        probe_say(shop.seen, "a sender got %s", troupe_error_name(error));
    }
    return error;
}

static void furnish(bool blocks)
{
    shop.seen = a_probe();
    shop.blocks = blocks;
    atomic_store(&shop.handled, 0);
    atomic_store(&shop.failures, 0);
    atomic_store(&shop.senders, 0);
    for (uint32_t i = 0; i < CHILDREN; i++) {
        shop.records[i] = (struct record) {0};
        (void) snprintf(shop.names[i], sizeof shop.names[i], "c%u", i);
        shop.options[i] = *TROUPE_SPAWN(.name = shop.names[i], .argument = &shop.records[i],
                                        .place = TROUPE_PLACE_ANY, .mailbox_capacity = 16);
        shop.options[i].body = i % 2 == 0 ? body : NULL;
        shop.options[i].behavior = i % 2 == 0 ? NULL : &behavior;
        shop.children[i] =
            (troupe_child_spec) TROUPE_CHILD(.id = shop.names[i], .actor = &shop.options[i],
                                             .backoff_start =
                                                 i % 3 == 0 ? TROUPE_WITHIN_US(200) : TROUPE_NOW,
                                             .backoff_max = TROUPE_WITHIN_MS(1));
    }
}

static void run(troupe_strategy strategy, bool blocks)
{
    furnish(blocks);
    troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.children = shop.children, .child_count = CHILDREN, .strategy = strategy,
                          .restarts_max = 10000);
    troupe_node *node = a_node(
        TROUPE_NODE_OPTIONS(.workers = WORKERS, .seed = 1 + (uint64_t) strategy,
                            .spares_max = blocks ? 2 : 0, .blocking_limit = TROUPE_WITHIN_MS(1)));
    (void) a_root_of(node, TROUPE_SPAWN(.body = supervise, .argument = &spec));
    assert_true(probe_wait(shop.seen, 1));
    for (uint32_t i = 0; i < SENDERS; i++) {
        (void) a_root_of(node, TROUPE_SPAWN(.body = send_words, .place = TROUPE_PLACE_WORKER,
                                            .place_worker = i % WORKERS));
    }
    (void) probe_wait_for(shop.seen, "all");
    drop_node(&node);
    assert_said(shop.seen, "OK", "all");
    for (uint32_t i = 0; i < CHILDREN; i++) {
        assert_int_equal(shop.records[i].starts, shop.records[i].ends);
    }
    assert_true(atomic_load(&shop.failures) > ALL_WORDS / 32);
    drop_probe(&shop.seen);
}

/* Promise: SUPERVISOR-THREADS */
static void loses_no_word_in_restarts_of_one(void **state)
{
    (void) state;
    run(TROUPE_ONE_FOR_ONE, false);
}

/* Promise: SUPERVISOR-THREADS */
static void loses_no_word_in_restarts_of_all(void **state)
{
    (void) state;
    run(TROUPE_ONE_FOR_ALL, false);
}

/* Promise: SUPERVISOR-THREADS */
static void loses_no_word_in_restarts_of_the_rest(void **state)
{
    (void) state;
    run(TROUPE_REST_FOR_ONE, false);
}

/* Promise: SUPERVISOR-THREADS */
static void loses_no_word_while_handlers_block(void **state)
{
    (void) state;
    run(TROUPE_ONE_FOR_ONE, true);
    run(TROUPE_REST_FOR_ONE, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loses_no_word_in_restarts_of_one),
        cmocka_unit_test(loses_no_word_in_restarts_of_all),
        cmocka_unit_test(loses_no_word_in_restarts_of_the_rest),
        cmocka_unit_test(loses_no_word_while_handlers_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
