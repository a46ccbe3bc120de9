/* SPDX-License-Identifier: MIT */
/* What each call that waits promises of a cancel, or a deadline, in the very moment in which it
 * completes: what is said to have happened has, the rest has not, and nothing is lost. */
#include "shop.pb-c.h"
#include "support/fixtures.h"
#include "support/races.h"

#define SEEDS 240
#define LATER TROUPE_WITHIN_MS(1)

/* Waits outside of what is cancelled: it completes. */
static void must(struct race *race, troupe_error error)
{
    race_expect(race, error == TROUPE_OK, "what remained was not to be had");
}

/* sleep */

static troupe_error sleeps(troupe_self *self, struct race *race)
{
    const uint64_t begin_ns = troupe_self_now_ns(self);
    const troupe_timeout moment = a_moment(self);
    const troupe_error error = troupe_sleep(self, moment);
    const uint64_t slept_ns = troupe_self_now_ns(self) - begin_ns;
    race_expect(race, error != TROUPE_OK || slept_ns == moment.ns, "a sleep of another length");
    race_expect(race, slept_ns <= moment.ns, "too long a sleep");
    return error;
}

/* Promise: CANCEL-SLEEP */
static void ends_a_sleep_in_time_or_with_the_cancel(void **state)
{
    static const struct race_kind kind = {.attempt = sleeps};
    (void) state;
    run_races(&kind, SEEDS);
}

/* receive */

static void sends_the_next(troupe_self *self, struct race *race, troupe_message **message)
{
    (void) message;
    race->made++;
    race_expect(race, send_figure(self, race->player, race->made) == TROUPE_OK, "not sent");
}

static void note_received(struct race *race, const troupe_message *message)
{
    race->got++;
    race_expect(race, figure_of(message) == race->got, "out of order");
}

static troupe_error receives(troupe_self *self, struct race *race)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    race_expect(race, (error == TROUPE_OK) == (message != NULL), "a message with an error");
    if (message != NULL) {
        note_received(race, message);
    }
    return error;
}

static void receives_the_rest(troupe_self *self, struct race *race)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, LATER) == TROUPE_OK) {
        note_received(race, message);
    }
    race_expect(race, race->got == race->made, "a message was lost");
}

/* Promise: CANCEL-RECEIVE */
static void leaves_what_was_not_received_in_the_mailbox(void **state)
{
    static const struct race_kind kind = {.prepare = race_order,
                                          .attempt = receives,
                                          .end = receives_the_rest,
                                          .help = sends_the_next,
                                          .is_receive = true};
    (void) state;
    run_races(&kind, SEEDS);
}

static troupe_error send_other(troupe_self *self, troupe_ref to)
{
    const uint64_t number = 0;
    return troupe_send_struct(self, to, &other_figure_type, &number);
}

static void sends_another_and_the_next(troupe_self *self, struct race *race,
                                       troupe_message **message)
{
    race_expect(race, send_other(self, race->player) == TROUPE_OK, "not sent");
    sends_the_next(self, race, message);
}

static troupe_error receives_only(troupe_self *self, struct race *race)
{
    static const troupe_accept figures = {.type = &figure_type};
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive_only(self, &figures, 1, &message, TROUPE_FOREVER);
    race_expect(race, (error == TROUPE_OK) == (message != NULL), "a message with an error");
    if (message != NULL) {
        note_received(race, message);
    }
    return error;
}

static void receives_the_others_too(troupe_self *self, struct race *race)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, LATER) == TROUPE_OK) {
        if (troupe_message_is(message, &other_figure_type)) {
            race->lost++;
        } else {
            note_received(race, message);
        }
    }
    race_expect(race, race->got == race->made && race->lost == race->made, "a message was lost");
}

/* Promise: CANCEL-RECEIVE */
static void leaves_what_was_not_accepted_in_the_mailbox(void **state)
{
    static const struct race_kind kind = {.prepare = race_order,
                                          .attempt = receives_only,
                                          .end = receives_the_others_too,
                                          .help = sends_another_and_the_next,
                                          .is_receive = true};
    (void) state;
    run_races(&kind, SEEDS);
}

/* ask */

static void replies(troupe_self *self, struct race *race, troupe_message **message)
{
    if (reply_figure(self, *message, figure_of(*message) + 1) == TROUPE_OK) {
        race->made++;
    }
}

static troupe_error asks(troupe_self *self, struct race *race)
{
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, race->helper, race->round, TROUPE_FOREVER, &answer);
    race_expect(race, (error == TROUPE_OK) == (answer == race->round + 1), "a wrong answer");
    race->got += error == TROUPE_OK ? 1 : 0;
    return error;
}

static void are_counted(struct race *race, const troupe_counts *counts)
{
    /* Late are the answers to requests that ended unanswered, too. */
    race_expect(race, race->got <= race->made && race->made <= race->got + counts->late_replies,
                "a reply was lost");
}

/* Promise: CANCEL-ASK */
static void delivers_a_reply_or_drops_and_counts_it(void **state)
{
    static const struct race_kind kind = {.attempt = asks, .help = replies, .check = are_counted};
    (void) state;
    run_races(&kind, SEEDS);
}

/* a call of a service, which is an ask */

static void till_buy(Shop__Till_Service *service, const Shop__Order *order,
                     Shop__Receipt_Closure closure, void *closure_data)
{
    (void) service;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.order_id = order->id;
    closure(&receipt, closure_data);
}

static void till_cancel(Shop__Till_Service *service, const Shop__Receipt *receipt,
                        Shop__Empty_Closure closure, void *closure_data)
{
    (void) service;
    (void) receipt;
    closure(NULL, closure_data);
}

static Shop__Till_Service till = SHOP__TILL__INIT(till_);

static void serves(troupe_self *self, struct race *race, troupe_message **message)
{
    race_expect(race, troupe_service_handle(self, &till.base, message), "not a call");
}

static void has_bought(const Shop__Receipt *receipt, void *closure_data)
{
    struct race *race = closure_data;
    race->got++;
    race->is_done = receipt != NULL;
    race_expect(race, receipt == NULL || receipt->order_id == race->round, "a wrong receipt");
}

static troupe_error calls(troupe_self *self, struct race *race)
{
    troupe_service_client client;
    Shop__Order order = SHOP__ORDER__INIT;
    order.id = race->round;
    const uint64_t got = race->got;
    troupe_service_client_init(&client, self, race->helper, &shop__till__descriptor,
                               TROUPE_FOREVER);
    shop__till__buy(&client.service, &order, has_bought, race);
    race_expect(race, race->got == got + 1, "not told once");
    race_expect(race, race->is_done == (client.error == TROUPE_OK), "a receipt with an error");
    return client.error;
}

/* Promise: CANCEL-ASK */
static void tells_once_what_became_of_a_call(void **state)
{
    static const struct race_kind kind = {.attempt = calls, .help = serves};
    (void) state;
    run_races(&kind, SEEDS);
}

/* send */

static void takes_one(troupe_self *self, struct race *race, troupe_message **message)
{
    (void) self;
    race->marks[figure_of(*message)] += 1;
}

/* One that the helper is busy with for a moment, and one for its mailbox. */
static void fills(troupe_self *self, struct race *race)
{
    for (unsigned i = 0; i < 2; i++) {
        race_expect(race, send_figure(self, race->helper, 0) == TROUPE_OK, "not filled");
    }
}

static troupe_error sends(troupe_self *self, struct race *race)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    race_expect(race, a_figure(self, race->round, &message) == TROUPE_OK, "no message");
    const troupe_error error = troupe_send_message(self, race->helper, &message);
    race_expect(race, (error == TROUPE_OK) == (message == NULL), "kept and sent");
    race->is_done = error == TROUPE_OK;
    return error;
}

static void has_come_if_it_was_sent(troupe_self *self, struct race *race)
{
    (void) troupe_sleep(self, LATER);
    race_expect(race, race->marks[race->round] == (race->is_done ? 1 : 0), "lost or sent twice");
}

/* Promise: CANCEL-SEND */
static void sends_or_keeps_what_waits_for_room(void **state)
{
    static const struct race_kind kind = {.prepare = fills,
                                          .attempt = sends,
                                          .settle = has_come_if_it_was_sent,
                                          .help = takes_one,
                                          .helper_capacity = 1};
    (void) state;
    run_races(&kind, SEEDS);
}

/* future */

static void discard(void *result)
{
    struct race *race = result;
    race->lost++;
}

static void keeps_promise(troupe_self *self, struct race *race, troupe_message **message)
{
    (void) self;
    (void) message;
    race_expect(race, troupe_promise_complete(&race->promise, race, discard) == TROUPE_OK,
                "not kept");
}

static void promises(troupe_self *self, struct race *race)
{
    must(race, troupe_future_create(self, &race->future, &race->promise));
    race_order(self, race);
}

static troupe_error waits_for_future(troupe_self *self, struct race *race)
{
    void *result = NULL;
    const troupe_error error = troupe_future_wait(self, &race->future, TROUPE_FOREVER, &result);
    race_expect(race, (error == TROUPE_OK) == (result == race), "a wrong result");
    race_expect(race, (error == TROUPE_OK) == (race->future == NULL), "a future and its result");
    return error;
}

static troupe_error waits_for_any(troupe_self *self, struct race *race)
{
    troupe_future *futures[] = {NULL, race->future};
    size_t index = 9;
    troupe_error error = troupe_future_wait_any(self, futures, 2, TROUPE_FOREVER, &index);
    if (error == TROUPE_OK) {
        race_expect(race, index == 1, "a wrong future");
        error = troupe_future_wait(self, &race->future, TROUPE_NOW, NULL);
        race_expect(race, error == TROUPE_OK, "a future that was not kept");
    }
    return error;
}

static void has_future_still(troupe_self *self, struct race *race)
{
    if (race->future != NULL) {
        must(race, troupe_future_wait(self, &race->future, LATER, NULL));
    }
    race_expect(race, race->lost == 0, "a result was discarded");
}

/* Promise: CANCEL-FUTURE */
static void leaves_a_result_that_was_not_waited_for_to_be_had(void **state)
{
    static const struct race_kind kinds[] = {{.prepare = promises,
                                              .attempt = waits_for_future,
                                              .settle = has_future_still,
                                              .help = keeps_promise},
                                             {.prepare = promises,
                                              .attempt = waits_for_any,
                                              .settle = has_future_still,
                                              .help = keeps_promise}};
    (void) state;
    run_races(&kinds[0], SEEDS);
    run_races(&kinds[1], SEEDS);
}

/* spawn */

static troupe_error lives(troupe_self *self, void *argument)
{
    struct race *race = argument;
    race->live++;
    troupe_error error = troupe_sleep(self, a_moment(self));
    if (error == TROUPE_OK) {
        troupe_ready(self);
        error = play_idle(self, NULL);
    }
    race->live--;
    return error;
}

static troupe_error spawns(troupe_self *self, struct race *race)
{
    const troupe_error error =
        troupe_spawn(self,
                     TROUPE_SPAWN(.body = lives, .argument = race,
                                  .ready_when = TROUPE_READY_WHEN_SAID, .place = TROUPE_PLACE_ANY),
                     &race->things[0]);
    race->is_done = error == TROUPE_OK;
    return error;
}

static void has_a_child_or_none(troupe_self *self, struct race *race)
{
    (void) troupe_sleep(self, LATER);
    race_expect(race, race->live == (race->is_done ? 1 : 0), "a child too many or too few");
    if (race->is_done) {
        (void) troupe_stop(self, race->things[0]);
        (void) troupe_sleep(self, LATER);
    }
    race_expect(race, race->live == 0, "a child is left");
}

/* Promise: CANCEL-SPAWN */
static void has_a_child_that_is_ready_or_none(void **state)
{
    static const struct race_kind kind = {.attempt = spawns, .settle = has_a_child_or_none};
    (void) state;
    run_races(&kind, SEEDS);
}

/* offload */

static void *works(void *argument)
{
    struct race *race = argument;
    race->made++;
    return race;
}

static void discard_job(void *argument, void *result)
{
    struct race *race = argument;
    (void) result;
    race->lost++;
}

static troupe_error offloads(troupe_self *self, struct race *race)
{
    void *result = NULL;
    const troupe_error error =
        troupe_offload(self, TROUPE_JOB(.work = works, .argument = race, .discard = discard_job),
                       TROUPE_FOREVER, &result);
    race_expect(race, (error == TROUPE_OK) == (result == race), "a wrong result");
    race->got += error == TROUPE_OK ? 1 : 0;
    race->live++;
    return error;
}

static void are_taken_or_discarded(struct race *race, const troupe_counts *counts)
{
    (void) counts;
    race_expect(race, race->got + race->lost == race->live, "a job was lost");
}

/* Promise: CANCEL-OFFLOAD */
static void takes_or_discards_the_result_of_a_job(void **state)
{
    static const struct race_kind kind = {.attempt = offloads, .check = are_taken_or_discarded};
    (void) state;
    run_races(&kind, SEEDS);
}

/* snapshot */

static troupe_error looks_around(troupe_self *self, struct race *race)
{
    troupe_snapshot *snapshot = NULL;
    const troupe_error error = troupe_self_snapshot(self, &snapshot);
    race_expect(race, (error == TROUPE_OK) == (snapshot != NULL), "a picture with an error");
    troupe_snapshot_destroy(&snapshot);
    return error;
}

/* Promise: CANCEL-SNAPSHOT */
static void has_a_picture_or_none(void **state)
{
    static const struct race_kind kind = {.attempt = looks_around};
    (void) state;
    run_races(&kind, SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_a_sleep_in_time_or_with_the_cancel),
        cmocka_unit_test(leaves_what_was_not_received_in_the_mailbox),
        cmocka_unit_test(leaves_what_was_not_accepted_in_the_mailbox),
        cmocka_unit_test(delivers_a_reply_or_drops_and_counts_it),
        cmocka_unit_test(tells_once_what_became_of_a_call),
        cmocka_unit_test(sends_or_keeps_what_waits_for_room),
        cmocka_unit_test(leaves_a_result_that_was_not_waited_for_to_be_had),
        cmocka_unit_test(has_a_child_that_is_ready_or_none),
        cmocka_unit_test(takes_or_discards_the_result_of_a_job),
        cmocka_unit_test(has_a_picture_or_none),
    };
    return cmocka_run_group_tests_name("races", tests, NULL, NULL);
}
