/* SPDX-License-Identifier: MIT */
/* What the calls on queues, streams, buckets and supervisors promise of a cancel, or a deadline, in
 * the very moment in which they complete. */
#include "support/fixtures.h"
#include "support/races.h"

#define SEEDS 240
#define LATER TROUPE_WITHIN_MS(1)

static troupe_error puts_figure(troupe_self *self, troupe_ref queue, uint64_t number,
                                troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = a_figure(self, number, &message);
    if (error == TROUPE_OK) {
        error = troupe_queue_put(self, queue, &message, timeout);
        error = (error == TROUPE_OK) == (message == NULL) ? error : TROUPE_ERROR_PROTOCOL;
    }
    return error;
}

static void makes_queue(troupe_self *self, struct race *race)
{
    race_expect(race,
                troupe_queue_create(self, TROUPE_QUEUE(.place = TROUPE_PLACE_ANY),
                                    &race->things[0]) == TROUPE_OK,
                "no queue");
}

static void makes_small_queue(troupe_self *self, struct race *race)
{
    race_expect(race,
                troupe_queue_create(self, TROUPE_QUEUE(.capacity = 1, .place = TROUPE_PLACE_ANY),
                                    &race->things[0]) == TROUPE_OK,
                "no queue");
}

/* get */

static void puts_the_next(troupe_self *self, struct race *race, troupe_message **message)
{
    (void) message;
    race->made++;
    race_expect(race, puts_figure(self, race->things[0], race->made, TROUPE_FOREVER) == TROUPE_OK,
                "not put");
}

static void note_got(struct race *race, const troupe_message *message)
{
    race->got++;
    race_expect(race, figure_of(message) == race->got, "out of order");
}

static troupe_error gets(troupe_self *self, struct race *race)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_queue_get(self, race->things[0], &message, TROUPE_FOREVER);
    race_expect(race, (error == TROUPE_OK) == (message != NULL), "a message with an error");
    if (message != NULL) {
        note_got(race, message);
    }
    return error;
}

static troupe_error gets_a_batch(troupe_self *self, struct race *race)
{
    troupe_message *messages[2] = {NULL, NULL};
    const troupe_batch batch = {.messages = messages, .max = 2, .linger = a_moment(self)};
    size_t count = 0;
    const troupe_error error =
        troupe_stream_next_batch(self, race->things[0], &batch, TROUPE_FOREVER, &count);
    race_expect(race, (error == TROUPE_OK) == (count > 0), "messages with an error");
    for (size_t i = 0; i < count; i++) {
        note_got(race, messages[i]);
        troupe_message_destroy(&messages[i]);
    }
    return error;
}

static void gets_the_rest(troupe_self *self, struct race *race)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_queue_get(self, race->things[0], &message, LATER) == TROUPE_OK) {
        note_got(race, message);
    }
    race_expect(race, race->got == race->made, "a message was lost");
}

/* Promise: CANCEL-QUEUE */
static void leaves_what_was_not_got_in_the_queue(void **state)
{
    static const struct race_kind kinds[] = {{.begin = makes_queue,
                                              .prepare = race_order,
                                              .attempt = gets,
                                              .end = gets_the_rest,
                                              .help = puts_the_next},
                                             {.begin = makes_queue,
                                              .prepare = race_order,
                                              .attempt = gets_a_batch,
                                              .end = gets_the_rest,
                                              .help = puts_the_next}};
    (void) state;
    run_races(&kinds[0], SEEDS);
    run_races(&kinds[1], SEEDS);
}

/* put */

static void fills_and_orders(troupe_self *self, struct race *race)
{
    (void) puts_figure(self, race->things[0], 0, TROUPE_NOW); /* or it is full already */
    race_order(self, race);
}

static void gets_one(troupe_self *self, struct race *race, troupe_message **message)
{
    TROUPE_AUTO(troupe_message) *got = NULL;
    (void) message;
    if (troupe_queue_get(self, race->things[0], &got, LATER) == TROUPE_OK) {
        race->marks[figure_of(got)]--;
    }
}

static troupe_error puts_one(troupe_self *self, struct race *race)
{
    const troupe_error error = puts_figure(self, race->things[0], race->round, TROUPE_FOREVER);
    race->marks[race->round] += error == TROUPE_OK ? 1 : 0;
    return error;
}

static void has_got_what_was_put(troupe_self *self, struct race *race)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_queue_get(self, race->things[0], &message, LATER) == TROUPE_OK) {
        race->marks[figure_of(message)]--;
    }
    for (unsigned i = 1; i <= RACE_ROUNDS; i++) {
        race_expect(race, race->marks[i] == 0, "lost, or put and kept");
    }
}

/* Promise: CANCEL-QUEUE */
static void puts_or_gives_back(void **state)
{
    static const struct race_kind kind = {.begin = makes_small_queue,
                                          .prepare = fills_and_orders,
                                          .attempt = puts_one,
                                          .end = has_got_what_was_put,
                                          .help = gets_one};
    (void) state;
    run_races(&kind, SEEDS);
}

/* join, close */

static void puts_and_orders(troupe_self *self, struct race *race)
{
    race_expect(race, puts_figure(self, race->things[0], 1, TROUPE_FOREVER) == TROUPE_OK,
                "not put");
    race_order(self, race);
}

static void gets_and_does(troupe_self *self, struct race *race, troupe_message **message)
{
    gets_one(self, race, message);
    race->got++;
    race_expect(race, troupe_queue_done(self, race->things[0]) == TROUPE_OK, "not done");
}

static troupe_error joins(troupe_self *self, struct race *race)
{
    const troupe_error error = troupe_queue_join(self, race->things[0], TROUPE_FOREVER);
    race_expect(race, error != TROUPE_OK || race->got == race->round, "joined too early");
    return error;
}

static void joins_after_all(troupe_self *self, struct race *race)
{
    race_expect(race, troupe_queue_join(self, race->things[0], LATER) == TROUPE_OK, "not joined");
}

static troupe_error closes(troupe_self *self, struct race *race)
{
    const troupe_error error =
        troupe_queue_close(self, race->things[0], TROUPE_CLOSE_DRAIN, TROUPE_FOREVER);
    race->is_done = error == TROUPE_OK;
    return error;
}

static troupe_error ends(troupe_self *self, struct race *race)
{
    const troupe_error error =
        troupe_stream_end(self, race->things[0], TROUPE_ERROR_USER, TROUPE_FOREVER);
    race->is_done = error == TROUPE_OK;
    return error;
}

/* It may have been closed even so. */
static void is_closed_if_it_says_so(troupe_self *self, struct race *race)
{
    const troupe_error error = puts_figure(self, race->things[0], 1, LATER);
    race_expect(race, error == TROUPE_ERROR_CLOSED || (!race->is_done && error == TROUPE_OK),
                "said to be closed, and open");
    (void) troupe_stop(self, race->things[0]);
}

/* Promise: CANCEL-QUEUE */
static void is_joined_and_closed_if_it_says_so(void **state)
{
    static const struct race_kind kinds[] = {
        {.begin = makes_queue,
         .prepare = puts_and_orders,
         .attempt = joins,
         .settle = joins_after_all,
         .help = gets_and_does},
        {.prepare = makes_queue, .attempt = closes, .settle = is_closed_if_it_says_so},
        {.prepare = makes_queue, .attempt = ends, .settle = is_closed_if_it_says_so}};
    (void) state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        run_races(&kinds[i], SEEDS);
    }
}

/* Tokens of a bucket: one comes each nanosecond. */

#define BURST 32

static troupe_rate_limit bucket;
static uint64_t emptied_ns;

static void empties(troupe_self *self, struct race *race)
{
    emptied_ns = troupe_self_now_ns(self);
    race_expect(race, troupe_rate_limit_init(&bucket, UINT32_C(1000000000), BURST) == TROUPE_OK,
                "no bucket");
    race_expect(race, troupe_rate_limit_try(&bucket, BURST, emptied_ns), "not full");
}

static troupe_error takes_tokens(troupe_self *self, struct race *race)
{
    race->marks[0] = 2 + troupe_self_random(self) % 8;
    const troupe_error error =
        troupe_rate_limit_take(self, &bucket, (uint32_t) race->marks[0], TROUPE_FOREVER);
    race->is_done = error == TROUPE_OK;
    return error;
}

static void has_the_others_still(troupe_self *self, struct race *race)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    const uint64_t come = now_ns - emptied_ns;
    const uint64_t left = come - (race->is_done ? race->marks[0] : 0);
    if (come > BURST || left == 0) {
        return; /* so long that some did not fit */
    }
    race_expect(race, troupe_rate_limit_try(&bucket, (uint32_t) left, now_ns), "tokens are gone");
    race_expect(race, !troupe_rate_limit_try(&bucket, 1, now_ns), "tokens too many");
}

/* Promise: CANCEL-RATE-LIMIT */
static void takes_all_tokens_or_none(void **state)
{
    static const struct race_kind kind = {
        .prepare = empties, .attempt = takes_tokens, .settle = has_the_others_still};
    (void) state;
    run_races(&kind, SEEDS);
}

/* Attempts of a retry: none is cut short, none is made after the cancel. */

static troupe_error fails_often(troupe_self *self, const troupe_retry *retry, void *context)
{
    struct race *race = context;
    race_expect(race, troupe_scope_reason(self, NULL) == TROUPE_OK || retry->attempt == 1,
                "an attempt after the cancel");
    race->got++;
    return retry->attempt < 3 ? TROUPE_ERROR_OVERLOADED : TROUPE_OK;
}

static troupe_error retries(troupe_self *self, struct race *race)
{
    race->got = 0;
    const troupe_error error = troupe_retry_call(
        self,
        TROUPE_RETRY(.first_delay = troupe_timeout_of_ns(2), .delay_max = troupe_timeout_of_ns(2)),
        fails_often, race);
    race_expect(race, (error == TROUPE_OK) == (race->got == 3), "a success that was not told");
    return error;
}

/* Promise: CANCEL-RETRY */
static void makes_no_attempt_after_the_cancel(void **state)
{
    static const struct race_kind kind = {
        .attempt = retries, .never_meets = true, .may_fail = true};
    (void) state;
    run_races(&kind, SEEDS);
}

/* Children of a supervisor. */

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

static void supervises(troupe_self *self, struct race *race)
{
    static const troupe_supervisor_spec spec = TROUPE_SUPERVISOR(.strategy = TROUPE_DYNAMIC);
    race_expect(race, troupe_supervise(self, &spec, &race->things[0]) == TROUPE_OK,
                "no supervisor");
}

static troupe_spawn_options actor; /* borrowed by the supervisor */

static troupe_error adds(troupe_self *self, struct race *race)
{
    actor = (troupe_spawn_options) {.size = sizeof actor,
                                    .body = lives,
                                    .argument = race,
                                    .ready_when = TROUPE_READY_WHEN_SAID,
                                    .place = TROUPE_PLACE_ANY};
    const troupe_child_spec child = TROUPE_CHILD(.id = "child", .actor = &actor);
    const troupe_error error =
        troupe_child_add(self, race->things[0], &child, TROUPE_FOREVER, &race->things[1]);
    race->is_done = error == TROUPE_OK;
    return error;
}

/* What is listed is what lives. */
static uint64_t lists(troupe_self *self, struct race *race)
{
    troupe_child_info infos[2 * RACE_ROUNDS];
    size_t count = 0;
    (void) troupe_sleep(self, LATER);
    race_expect(race,
                troupe_child_list(self, race->things[0], TROUPE_FOREVER, infos, 2 * RACE_ROUNDS,
                                  &count) == TROUPE_OK,
                "no list");
    for (size_t i = 0; i < count; i++) {
        race_expect(race, infos[i].state == TROUPE_CHILD_UP, "a child that is not up");
    }
    race_expect(race, count == race->live, "children that nobody has");
    return count;
}

/* It may have been added even so. */
static void is_there_if_it_says_so(troupe_self *self, struct race *race)
{
    const uint64_t count = lists(self, race);
    race_expect(race, count == race->made + 1 || (count == race->made && !race->is_done),
                "not added, or more than one");
    race->made = count;
}

static void adds_for_sure(troupe_self *self, struct race *race)
{
    race_expect(race, adds(self, race) == TROUPE_OK, "not added");
    race->is_done = false;
}

static troupe_error removes(troupe_self *self, struct race *race)
{
    const troupe_error error =
        troupe_child_remove(self, race->things[0], race->things[1], TROUPE_FOREVER);
    race->is_done = error == TROUPE_OK;
    race_expect(race, !race->is_done || race->live == 0, "it lives");
    return error;
}

static void is_gone_if_it_says_so(troupe_self *self, struct race *race)
{
    race_expect(race, lists(self, race) == 0 || !race->is_done, "not removed");
    (void) troupe_child_remove(self, race->things[0], race->things[1], TROUPE_FOREVER);
    race_expect(race, lists(self, race) == 0, "not removed after all");
}

static troupe_error restarts(troupe_self *self, struct race *race)
{
    return troupe_child_restart(self, race->things[0], race->things[1], TROUPE_FOREVER);
}

static void is_up(troupe_self *self, struct race *race)
{
    race_expect(race, lists(self, race) == race->round, "not up");
}

/* Promise: CANCEL-SUPERVISOR */
static void has_the_children_that_it_says(void **state)
{
    static const struct race_kind kinds[] = {
        {.begin = supervises, .attempt = adds, .settle = is_there_if_it_says_so},
        {.begin = supervises,
         .prepare = adds_for_sure,
         .attempt = removes,
         .settle = is_gone_if_it_says_so},
        {.begin = supervises, .prepare = adds_for_sure, .attempt = restarts, .settle = is_up}};
    (void) state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        run_races(&kinds[i], SEEDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_what_was_not_got_in_the_queue),
        cmocka_unit_test(puts_or_gives_back),
        cmocka_unit_test(is_joined_and_closed_if_it_says_so),
        cmocka_unit_test(takes_all_tokens_or_none),
        cmocka_unit_test(makes_no_attempt_after_the_cancel),
        cmocka_unit_test(has_the_children_that_it_says),
    };
    return cmocka_run_group_tests_name("flow_races", tests, NULL, NULL);
}
