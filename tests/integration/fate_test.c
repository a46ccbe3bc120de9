/* SPDX-License-Identifier: MIT */
/* On real threads: what becomes of messages with which children fail again and again, and of those
 * that wait when they do. */
#include <stdatomic.h>
#include <string.h>
#include <troupe/troupe.h>

#include "support/fixtures.h"
#include "support/node_fixture.h"

enum {
    WORKERS = 3,
    CHILDREN = 4,
    SENDERS = 3,
    WORDS = 200, /* of each sender */
    ALL_WORDS = SENDERS * WORDS,
    POISON_EACH = 20, /* word */
    TRIES = 3
};

struct word {
    uint32_t from;
    uint32_t number;
};
static const troupe_type word_type = TROUPE_TYPE(struct word);

static struct {
    struct probe *seen;
    troupe_spawn_options options[CHILDREN];
    troupe_child_spec children[CHILDREN];
    char names[CHILDREN][8];
    _Atomic uint32_t handled[SENDERS][WORDS]; /* how often each was */
    _Atomic uint32_t tried[SENDERS][WORDS];
    _Atomic uint32_t done; /* words that were handled, or failed for good */
    _Atomic uint32_t senders;
    _Atomic bool is_poisonous;
} shop;

static void count_done(uint32_t all)
{
    if (atomic_fetch_add(&shop.done, 1) + 1 == all) {
        probe_say(shop.seen, "all");
    }
}

static const struct word *try_word(const troupe_message *message)
{
    const struct word *word = troupe_message_struct(message, &word_type);
    atomic_fetch_add(&shop.tried[word->from][word->number], 1);
    return word;
}

static bool is_poison(const struct word *word)
{
    return word->number % POISON_EACH == 0;
}

/* Fails with each poisonous word as long as there is poison. */
static troupe_error handle_or_fail(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    const struct word *word = try_word(*message);
    if (atomic_load(&shop.is_poisonous) && is_poison(word)) {
        return TROUPE_ERROR_PROTOCOL;
    }
    atomic_fetch_add(&shop.handled[word->from][word->number], 1);
    count_done(ALL_WORDS - ALL_WORDS / POISON_EACH);
    return TROUPE_OK;
}

/* The same; what it fails with has had its chance. */
static troupe_error handle_or_lose(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    const struct word *word = try_word(*message);
    atomic_fetch_add(&shop.handled[word->from][word->number], 1);
    const bool fails = is_poison(word);
    count_done(ALL_WORDS);
    return fails ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
}

static const troupe_behavior careful = TROUPE_BEHAVIOR(.name = "careful", .other = handle_or_fail);
static const troupe_behavior careless =
    TROUPE_BEHAVIOR(.name = "careless", .other = handle_or_lose);

static troupe_error inherit(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    const struct word *word = try_word(*message);
    atomic_fetch_add(&shop.handled[word->from][word->number], 1);
    count_done(ALL_WORDS);
    return TROUPE_OK;
}

static const troupe_behavior heir = TROUPE_BEHAVIOR(.name = "heir", .other = inherit);

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
    troupe_ref refs[CHILDREN];
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < CHILDREN && error == TROUPE_OK; i++) {
        error = troupe_lookup(self, shop.names[i], &refs[i]);
    }
    for (uint32_t i = 0; i < WORDS && error == TROUPE_OK; i++) {
        const struct word word = {.from = from, .number = i};
        error =
            troupe_send_struct(self, refs[troupe_self_random(self) % CHILDREN], &word_type, &word);
    }
    if (error) {
        probe_say(shop.seen, "a sender got %s", troupe_error_name(error));
    }
    return error;
}

static troupe_node *open_shop(const troupe_behavior *behavior, const troupe_child_spec *like,
                              troupe_supervisor_spec *spec)
{
    memset(&shop, 0, sizeof shop);
    shop.seen = a_probe();
    atomic_store(&shop.is_poisonous, true);
    for (uint32_t i = 0; i < CHILDREN; i++) {
        (void) snprintf(shop.names[i], sizeof shop.names[i], "c%u", i);
        shop.options[i] = *TROUPE_SPAWN(.name = shop.names[i], .behavior = behavior,
                                        .place = TROUPE_PLACE_ANY, .mailbox_capacity = 16);
        shop.children[i] = *like;
        shop.children[i].actor = &shop.options[i];
    }
    *spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.children = shop.children,
                                                   .child_count = CHILDREN, .restarts_max = 10000);
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = WORKERS));
    if (like->mailbox == TROUPE_MAILBOX_HEIR) {
        (void) a_root_of(
            node, TROUPE_SPAWN(.name = "heir", .behavior = &heir, .mailbox_capacity = ALL_WORDS));
    }
    (void) a_root_of(node, TROUPE_SPAWN(.body = supervise, .argument = spec));
    assert_true(probe_wait(shop.seen, 1));
    for (uint32_t i = 0; i < SENDERS; i++) {
        (void) a_root_of(node, TROUPE_SPAWN(.body = send_words, .place = TROUPE_PLACE_WORKER,
                                            .place_worker = i % WORKERS));
    }
    return node;
}

/* Waits until the quarantine has all that is poisonous, and lets it be handled after all. */
static troupe_error heal(troupe_self *self, void *argument)
{
    (void) argument;
    static troupe_quarantined rows[TROUPE_QUARANTINE_MAX];
    size_t count = 0;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && count < ALL_WORDS / POISON_EACH) {
        error = troupe_quarantine_list(self, 0, rows, TROUPE_QUARANTINE_MAX, &count);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    atomic_store(&shop.is_poisonous, false);
    for (size_t i = 0; i < count && error == TROUPE_OK; i++) {
        if (rows[i].failures != TRIES || rows[i].reason != TROUPE_ERROR_PROTOCOL) {
            probe_say(shop.seen, "%u failures, %s", rows[i].failures,
                      troupe_error_name(rows[i].reason));
        }
        do {
            error = troupe_quarantine_replay(self, rows[i].id, troupe_ref_none());
        } while (error == TROUPE_ERROR_MAILBOX_FULL && troupe_yield(self) == TROUPE_OK);
    }
    probe_say(shop.seen, "healed %s", troupe_error_name(error));
    return error;
}

static void assert_each_handled_once(void)
{
    for (uint32_t from = 0; from < SENDERS; from++) {
        for (uint32_t i = 0; i < WORDS; i++) {
            assert_int_equal(atomic_load(&shop.handled[from][i]), 1);
        }
    }
}

/* Promise: FATE-THREADS */
static void quarantines_what_is_poisonous_and_replays_it(void **state)
{
    (void) state;
    const troupe_child_spec like =
        TROUPE_CHILD(.id = "careful", .retries = TRIES - 1, .backoff_start = TROUPE_CONSTANT_NOW,
                     .healthy_after = TROUPE_CONSTANT_NOW);
    troupe_supervisor_spec spec;
    troupe_node *node = open_shop(&careful, &like, &spec);
    assert_true(probe_wait_for(shop.seen, "all"));
    (void) a_root_of(node, TROUPE_SPAWN(.body = heal));
    assert_true(probe_wait_for(shop.seen, "healed OK"));

    drop_node(&node); /* handles first what it has */

    assert_said(shop.seen, "OK", "all", "healed OK");
    assert_each_handled_once();
    for (uint32_t from = 0; from < SENDERS; from++) {
        for (uint32_t i = 0; i < WORDS; i++) {
            assert_int_equal(atomic_load(&shop.tried[from][i]),
                             i % POISON_EACH == 0 ? TRIES + 1 : 1);
        }
    }
    drop_probe(&shop.seen);
}

/* Promise: FATE-THREADS */
static void leaves_each_waiting_message_to_the_heir_once(void **state)
{
    (void) state;
    const troupe_child_spec like =
        TROUPE_CHILD(.id = "careless", .mailbox = TROUPE_MAILBOX_HEIR, .heir_name = "heir",
                     .backoff_start = TROUPE_CONSTANT_NOW, .healthy_after = TROUPE_CONSTANT_NOW);
    troupe_supervisor_spec spec;
    troupe_node *node = open_shop(&careless, &like, &spec);
    assert_true(probe_wait_for(shop.seen, "all"));

    drop_node(&node);

    assert_said(shop.seen, "OK", "all");
    assert_each_handled_once();
    drop_probe(&shop.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quarantines_what_is_poisonous_and_replays_it),
        cmocka_unit_test(leaves_each_waiting_message_to_the_heir_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
