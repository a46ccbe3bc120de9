/* SPDX-License-Identifier: MIT */
/* Calls without a deadline, in worlds in which one allocation fails: each is answered, by NO_MEMORY
 * or by what the other side could still say. In a build that shakes each message is an
 * allocation. */
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "unit/simulation/soak.h"

#define MS UINT64_C(1000000)

static troupe_error echoes(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const uint64_t number = 1;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        if (troupe_message_wants_reply(message)) {
            (void) troupe_reply_struct(self, message, &plain_type, &number); /* else NO_REPLY */
        }
    }
    return TROUPE_OK;
}

/* Hears of the end of a child that it stops. */
static void sees_a_child_end(troupe_self *self, struct soak *soak)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitor;
    troupe_ref child;
    if (LOOK(troupe_spawn(self,
                          TROUPE_SPAWN(.body = echoes, .name = "child", .out_monitor = &monitor,
                                       .place = TROUPE_PLACE_OWN_THREAD),
                          &child),
             MAY(NO_MEMORY)) != TROUPE_OK) {
        return;
    }
    while (LOOK(troupe_stop(self, child), MAY(NO_MEMORY)) != TROUPE_OK) {
        /* one fails, not two */
    }
    (void) LOOK(troupe_receive(self, &message, TROUPE_FOREVER), 0);
}

static troupe_error needs_answers(troupe_self *self, void *argument)
{
    struct soak *soak = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_service_client client;
    troupe_snapshot *snapshot = NULL;
    Shop__Order order = SHOP__ORDER__INIT;
    const uint64_t number = 1;
    troupe_service_client_init(&client, self, soak->refs[0], &shop__till__descriptor,
                               TROUPE_FOREVER);
    shop__till__buy(&client.service, &order, count_answer, soak);
    (void) LOOK(client.error, MAY(NO_MEMORY));
    (void) LOOK(
        troupe_ask_struct(self, soak->refs[1], &plain_type, &number, TROUPE_FOREVER, &reply),
        MAY(NO_MEMORY) | MAY(NO_REPLY));
    (void) LOOK(troupe_self_snapshot(self, &snapshot), MAY(NO_MEMORY));
    troupe_snapshot_destroy(&snapshot);
    for (int i = 0; i < 5; i++) {
        (void) LOOK(troupe_send_struct(self, soak->refs[1], &plain_type, &number), MAY(NO_MEMORY));
    }
    soak->jobs++;
    const troupe_error error =
        LOOK(troupe_offload(self, SOAK_JOB(soak), TROUPE_FOREVER, NULL), MAY(NO_MEMORY));
    soak->jobs_taken += error == TROUPE_OK ? 1 : 0;
    sees_a_child_end(self, soak);
    soak->answered++;
    return TROUPE_OK;
}

/* The same for a behavior, whose state is a client of the till. */
struct customer {
    troupe_service_client client;
    struct soak *soak;
};

static troupe_error has_its_answer(troupe_self *self, void *state, troupe_error error,
                                   troupe_message **reply, void *context)
{
    struct soak *soak = context;
    (void) self;
    (void) state;
    (void) reply;
    (void) LOOK(error, MAY(NO_MEMORY) | MAY(NO_REPLY));
    soak->answered++;
    return TROUPE_OK;
}

static troupe_error has_its_job_done(troupe_self *self, void *state, troupe_error error,
                                     void *result, void *context)
{
    struct soak *soak = context;
    (void) self;
    (void) state;
    (void) result;
    (void) LOOK(error, MAY(NO_MEMORY));
    soak->jobs_taken += error == TROUPE_OK ? 1 : 0;
    soak->answered++;
    return TROUPE_OK;
}

static troupe_error goes_shopping(troupe_self *self, void *state, void *argument)
{
    struct customer *customer = state;
    struct soak *soak = argument;
    Shop__Order order = SHOP__ORDER__INIT;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    troupe_service_client_init(&customer->client, self, soak->refs[0], &shop__till__descriptor,
                               TROUPE_FOREVER);
    shop__till__buy(&customer->client.service, &order, count_answer, soak);
    troupe_error error = LOOK(
        troupe_ask_then(self, soak->refs[1], &receipt.base, TROUPE_FOREVER, has_its_answer, soak),
        MAY(NO_MEMORY));
    soak->answered += error ? 1 : 0;
    soak->jobs++;
    error = LOOK(troupe_offload_then(self, SOAK_JOB(soak), TROUPE_FOREVER, has_its_job_done, soak),
                 MAY(NO_MEMORY));
    soak->answered += error ? 1 : 0;
    for (uint64_t i = 0; i < 5; i++) { /* parked, most of them */
        (void) LOOK(troupe_send_struct(self, soak->refs[1], &plain_type, &i), MAY(NO_MEMORY));
    }
    return TROUPE_OK;
}

static const troupe_behavior customer_behavior =
    TROUPE_BEHAVIOR(.name = "customer", .state_size = sizeof(struct customer),
                    .start = goes_shopping);

static uint32_t count_parked(tr_world *world)
{
    troupe_snapshot *snapshot = NULL;
    uint32_t parked = 0;
    assert_ok(tr_world_snapshot(world, &snapshot));
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        parked += snapshot->actors[i].parked;
    }
    troupe_snapshot_destroy(&snapshot);
    return parked;
}

/* Whether the allocation was reached. */
static bool run_without_one(int64_t number)
{
    static tr_failing_allocator memory;
    struct soak soak = {.wrong = a_probe(), .memory_fails = true};
    memory = (tr_failing_allocator) TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = 1, .workers = 2, .delay_ns_max = MS, .moves_percent = 20, .allocator = &port});
    soak.refs[0] = a_root(world, TROUPE_SPAWN(.body = serves, .place = TROUPE_PLACE_ANY));
    soak.refs[1] = a_root(
        world, TROUPE_SPAWN(.body = echoes, .place = TROUPE_PLACE_ANY, .mailbox_capacity = 1));
    tr_failing_allocator_fail_one(&memory, number);
    troupe_ref ref;
    const troupe_spawn_options *const needy[] = {
        TROUPE_SPAWN(.body = needs_answers, .argument = &soak),
        TROUPE_SPAWN(.behavior = &customer_behavior, .argument = &soak)};
    for (size_t i = 0; i < 2; i++) {
        const troupe_error error = tr_world_spawn(world, needy[i], &ref);
        assert_true(error == TROUPE_OK || error == TROUPE_ERROR_NO_MEMORY);
        soak.answered += error ? 2 + i : 0;
    }
    tr_world_advance(world, 60000 * MS);
    assert_silent(soak.wrong);
    assert_int_equal(soak.answered, 5);
    assert_int_equal(soak.jobs, soak.jobs_taken + soak.jobs_discarded);
    assert_int_equal(count_parked(world), 0);
    drop_world(&world);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    drop_probe(&soak.wrong);
    return atomic_load(&memory.refused) > 0;
}

/* Promise: MEMORY-ANSWER */
static void answers_every_call_whichever_allocation_fails(void **state)
{
    (void) state;
    int64_t number = 0;
    while (run_without_one(number)) {
        number++;
    }
    assert_true(number > (SHAKES ? 40 : 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_every_call_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
