/* SPDX-License-Identifier: MIT */
/* What is promised of messages that nobody handles: counted, logged at a bounded rate, told. */
#include <string.h>

#include "core/worker.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* Subscribes, and says the reason of each letter. */
static troupe_error reads_letters(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_dead_letters_subscribe(self);
    error = error ? error : troupe_dead_letters_subscribe(self); /* again: told once all the same */
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        const troupe_dead_letter *letter = troupe_message_struct(message, &troupe_dead_letter_type);
        probe_say(cast->seen, "%s: %s", letter->type, troupe_dead_reason_text(letter->reason));
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static troupe_error sleeps_a_little(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(10));
}

static const troupe_behavior deaf = TROUPE_BEHAVIOR(.name = "deaf");

/* Sends to one that is full, to one that has no handler, and to one that ends soon. */
static troupe_error writes_letters(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref full;
    troupe_ref unhandling;
    troupe_error error =
        troupe_spawn(self,
                     TROUPE_SPAWN(.body = sleeps_a_little, .mailbox_capacity = 1,
                                  .place = TROUPE_PLACE_ANY, .on_full = TROUPE_ON_FULL_DEAD_LETTER),
                     &full);
    error = error ? error : troupe_spawn(self, TROUPE_SPAWN(.behavior = &deaf), &unhandling);
    error = error ? error : send_figure(self, full, 1);
    error = error ? error : send_figure(self, full, 2);
    error = error ? error : send_figure(self, unhandling, 3);
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(100));
}

/* Promise: DEAD-REASON, DEAD-SUBSCRIBE */
static void are_told_with_their_reason(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = reads_letters, .argument = &cast));
    (void) a_root(*state, TROUPE_SPAWN(.body = writes_letters));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "figure: the mailbox was full",
                "figure: the receiver has no handler for its type",
                "figure: the receiver ended while it was queued");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 3);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_OVERFLOW], 1);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_UNHANDLED], 1);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_ENDED], 1);
    drop_probe(&cast.seen);
}

/* Sends as many as the cast says to one that has no handler. */
static troupe_error writes_many(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < cast->number && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return error;
}

/* Promise: DEAD-LOG */
static void are_logged_ten_and_then_once_a_second(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe(), .number = 50};
    const troupe_log log = log_of(cast.seen);
    tr_world *world = a_world_of(&(const tr_world_options) {.log = &log});
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.behavior = &deaf));
    (void) a_root(world, TROUPE_SPAWN(.body = writes_many, .argument = &cast));
    tr_world_run(world);
    assert_int_equal(probe_count(cast.seen), 10);
    assert_true(probe_has(cast.seen, "type 'figure'"));

    tr_world_advance(world, 1500 * MS);
    assert_int_equal(probe_count(cast.seen), 11); /* though nothing more came */
    (void) a_root(world, TROUPE_SPAWN(.body = writes_many, .argument = &cast));
    tr_world_run(world);
    assert_int_equal(probe_count(cast.seen), 12);
    assert_non_null(strstr(probe_line(cast.seen, 10), "40 more"));
    drop_world(&world);
    drop_probe(&cast.seen);
}

/* Promise: DEAD-LOG */
static void are_logged_ten_times_whatever_worker_they_are_on(void **state)
{
    (void) state;
    struct cast casts[3] = {{.number = 7}, {.number = 7}, {.number = 7}};
    struct probe *lines = a_probe();
    const troupe_log log = log_of(lines);
    tr_world *world = a_world_of(&(const tr_world_options) {.workers = 3, .log = &log});
    for (uint32_t i = 0; i < 3; i++) {
        casts[i].refs[0] =
            a_root(world, TROUPE_SPAWN(.behavior = &deaf, .place = TROUPE_PLACE_WORKER,
                                       .place_worker = i));
        (void) a_root(world, TROUPE_SPAWN(.body = writes_many, .argument = &casts[i]));
    }
    tr_world_run(world);
    assert_int_equal(probe_count(lines), 10);
    tr_world_advance(world, 1500 * MS);
    assert_int_equal(probe_count(lines), 11);
    assert_non_null(strstr(probe_line(lines, 10), "11 more"));
    drop_world(&world);
    drop_probe(&lines);
}

/* Subscribes and reads nothing. */
static troupe_error hoards_letters(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_dead_letters_subscribe(self);
    return error ? error : sleeps_a_little(self, argument);
}

/* Promise: DEAD-DEAD */
static void about_dead_letters_are_only_counted(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe(), .number = 5};
    const troupe_log log = log_of(cast.seen);
    tr_world *world = a_world_of(&(const tr_world_options) {.log = &log});
    (void) a_root(world, TROUPE_SPAWN(.body = hoards_letters, .mailbox_capacity = 3));
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.behavior = &deaf));
    (void) a_root(world, TROUPE_SPAWN(.body = writes_many, .argument = &cast));
    tr_world_advance(world, 100 * MS);

    assert_int_equal(probe_count(cast.seen), 5); /* of the figures alone */
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 5 + 3);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DROPPED], 2); /* no room in its mailbox */
    drop_world(&world);
    drop_probe(&cast.seen);
}

static troupe_error subscribes(troupe_self *self, void *argument)
{
    (void) tell(argument, "subscribed", troupe_dead_letters_subscribe(self));
    return play_idle(self, NULL);
}

/* Promise: DEAD-SUBSCRIBE */
static void are_told_to_eight_actors_at_most(void **state)
{
    struct cast cast = {.seen = a_probe()};
    for (unsigned i = 0; i < 8; i++) {
        (void) a_root(*state, TROUPE_SPAWN(.body = hoards_letters));
    }
    (void) a_root(*state, TROUPE_SPAWN(.body = subscribes, .argument = &cast));
    tr_world_advance(*state, 100 * MS); /* the first eight have ended */
    (void) a_root(*state, TROUPE_SPAWN(.body = subscribes, .argument = &cast));
    assert_said(cast.seen, "subscribed LIMIT_REACHED", "subscribed OK");
    assert_fails(troupe_dead_letters_subscribe(NULL), BAD_ARGUMENT);
    drop_probe(&cast.seen);
}

static void have_reasons_with_texts(void **state)
{
    (void) state;
    for (unsigned i = 0; i < TROUPE_DEAD_REASON_COUNT; i++) {
        assert_true(strlen(troupe_dead_reason_text((troupe_dead_reason) i)) > 4);
    }
    assert_string_equal(troupe_dead_reason_text(TROUPE_DEAD_REASON_COUNT), "unknown");
    assert_string_equal(troupe_dead_reason_text((troupe_dead_reason) -1), "unknown");
}

/* Sends without end to one that ends, over workers: some arrive when it has gone. */
static troupe_error sends_until_stale(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = send_figure(self, cast->refs[0], 1);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(100));
    }
    return error == TROUPE_ERROR_STALE ? TROUPE_OK : error;
}

/* Promise: DEAD-REASON */
static void come_of_what_was_under_way_to_an_ended_actor(void **state)
{
    struct cast cast = {0};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = sleeps_a_little, .mailbox_capacity = 1024,
                                               .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    (void) a_root(*state, TROUPE_SPAWN(.body = sends_until_stale, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_true(tr_world_worker(*state, 1)->ledger.dead_letters[TROUPE_DEAD_STALE] > 0);
    assert_true(tr_world_worker(*state, 1)->ledger.dead_letters[TROUPE_DEAD_ENDED] > 0);
}

/* To one that is full and redirects: a letter, and a request. */
static troupe_error meets_a_redirect(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    bool is_dropped = false;
    uint64_t answer = 0;
    troupe_error error = send_figure(self, cast->refs[0], 1); /* fills it */
    error = error ? error : a_figure(self, 2, &message);
    error = error ? error
                  : troupe_send_message_with(self, cast->refs[0], &message,
                                             TROUPE_SEND(.out_dropped = &is_dropped));
    (void) tell(cast, is_dropped ? "dropped" : "not dropped", error);
    return tell(cast, "asked", ask_figure(self, cast->refs[0], 3, TROUPE_WITHIN_S(1), &answer));
}

static void redirect_to(tr_world *world, struct cast *cast, troupe_ref ref)
{
    cast->refs[0] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1,
                                               .on_full = TROUPE_ON_FULL_REDIRECT,
                                               .redirect_to = ref, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = meets_a_redirect, .argument = cast));
    tr_world_advance(world, 100 * MS);
}

/* Promise: DEAD-REASON, MAILBOX-REDIRECT */
static void come_of_redirects_to_nobody(void **state)
{
    struct cast cast = {.seen = a_probe()};
    const troupe_ref ended = a_root(*state, TROUPE_SPAWN(.body = sleeps_a_little));
    troupe_ref never = ended;
    never.slot += 1000;
    tr_world_advance(*state, 100 * MS);

    redirect_to(*state, &cast, ended);
    redirect_to(*state, &cast, never);

    assert_said(cast.seen, "dropped OK", "asked STALE", "dropped OK", "asked NO_SUCH_ACTOR");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_STALE], 2);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_NO_SUCH_ACTOR], 2);
    drop_probe(&cast.seen);
}

/* Promise: DEAD-REASON */
static void come_of_a_stop_of_the_node(void **state)
{
    (void) state;
    struct cast cast = {.number = 5};
    tr_world *world = a_world(1, 1);
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 8));
    (void) a_root(world, TROUPE_SPAWN(.body = writes_many, .argument = &cast));
    tr_world_run(world);
    assert_true(tr_world_stop(world));
    assert_int_equal(tr_world_worker(world, 0)->ledger.dead_letters[TROUPE_DEAD_STOPPING], 5);
    drop_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(are_told_with_their_reason),
        cmocka_unit_test(are_logged_ten_and_then_once_a_second),
        cmocka_unit_test(are_logged_ten_times_whatever_worker_they_are_on),
        cmocka_unit_test(about_dead_letters_are_only_counted),
        WITH_WORLD(are_told_to_eight_actors_at_most),
        cmocka_unit_test(have_reasons_with_texts),
        WITH_WORLD_OF_TWO(come_of_what_was_under_way_to_an_ended_actor),
        WITH_WORLD(come_of_redirects_to_nobody),
        WITH_WORLD_OF_TWO(come_of_redirects_to_nobody),
        cmocka_unit_test(come_of_a_stop_of_the_node),
    };
    return cmocka_run_group_tests_name("dead_letter", tests, NULL, NULL);
}
