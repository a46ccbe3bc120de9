/* SPDX-License-Identifier: MIT */
/* Actors that do at random whatever the library lets them, in worlds whose memory fails now and
 * then where the build shakes. No call gives an error that its header does not name; each ask is
 * answered and each monitor told once; every body ends once; at rest nothing is left. */
#include <stdlib.h>
#include <troupe/troupe.h>

#include "shop.pb-c.h"
#include "support/fixtures.h"
#include "support/probe.h"
#include "support/world_fixture.h"
#include "unit/simulation/soak.h"

#define MS UINT64_C(1000000)
#define STEPS 60
#define SEEDS 400

/* What only coroutines may do. */

static void asks(troupe_self *self, struct soak *soak)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    const uint64_t number = 2;
    const troupe_timeout within = a_moment(self);
    const char *text = NULL;
    if (draw(self, 3) == 0) {
        (void) LOOK(troupe_ask(self, somebody(self, soak), &receipt.base, within, &reply), MAY_ASK);
    } else if (draw(self, 2) == 0) {
        (void) LOOK(
            troupe_ask_struct(self, somebody(self, soak), &plain_type, &number, within, &reply),
            MAY_ASK);
    } else if (make_any(self, soak, &message) == TROUPE_OK) {
        (void) LOOK(troupe_ask_message(self, somebody(self, soak), &message, within, &reply),
                    MAY_ASK);
    }
    (void) troupe_last_failure(self, &text);
}

static void calls(troupe_self *self, struct soak *soak)
{
    troupe_service_client client;
    Shop__Order order = SHOP__ORDER__INIT;
    troupe_service_client_init(&client, self, soak->refs[0], &shop__till__descriptor,
                               a_moment(self));
    soak->asked++;
    shop__till__buy(&client.service, &order, count_answer, soak);
    (void) LOOK(client.error, MAY_ASK);
}

static void offloads(troupe_self *self, struct soak *soak)
{
    void *result = NULL;
    soak->jobs++;
    const troupe_error error =
        LOOK(troupe_offload(self, SOAK_JOB(soak), a_moment(self), &result), MAY_OFFLOAD);
    soak->jobs_taken += error == TROUPE_OK ? 1 : 0;
    if (result != (error == TROUPE_OK ? soak : NULL)) {
        probe_say(soak->wrong, "troupe_offload gave the wrong result");
    }
}

static void takes_a_picture(troupe_self *self, struct soak *soak)
{
    troupe_snapshot *snapshot = NULL;
    (void) LOOK(troupe_self_snapshot(self, &snapshot), MAY(NO_MEMORY) | MAY_WAIT);
    troupe_snapshot_destroy(&snapshot);
}

static troupe_error receives(troupe_self *self, struct soak *soak)
{
    static const troupe_accept accepted[] = {{.type = &plain_type},
                                             {.protobuf = &shop__receipt__descriptor}};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = draw(self, 5); i > 0 && error == TROUPE_OK; i--) {
        error = draw(self, 4) == 0
                    ? LOOK(troupe_receive_only(self, accepted, 2, &message, a_moment(self)),
                           MAY_WAIT | MAY(MAILBOX_FULL))
                    : LOOK(troupe_receive(self, &message, a_moment(self)), MAY_WAIT);
        if (error == TROUPE_OK) {
            deals_with(self, soak, &message);
        }
    }
    return error;
}

static void spawns(troupe_self *self, struct soak *soak);

static troupe_error roves(troupe_self *self, void *argument)
{
    struct soak *soak = argument;
    troupe_error error = LOOK(troupe_sleep(self, TROUPE_WITHIN_US(100)), MAY_WAIT);
    for (unsigned i = 0;
         i < STEPS && error != TROUPE_ERROR_STOPPING && error != TROUPE_ERROR_CANCELLED; i++) {
        switch (draw(self, 13)) {
        case 0:
        case 1:
            asks(self, soak);
            break;
        case 12:
            offloads(self, soak);
            break;
        case 2:
            calls(self, soak);
            break;
        case 3:
            takes_a_picture(self, soak);
            break;
        case 4:
        case 5:
        case 6:
            error = receives(self, soak);
            break;
        case 7:
            error = LOOK(troupe_sleep(self, a_moment(self)), MAY_WAIT);
            break;
        case 8:
            spawns(self, soak);
            break;
        default:
            does_anything(self, soak);
            break;
        }
    }
    return draw(self, 4) == 0 ? TROUPE_ERROR_FAILED : error;
}

/* A behavior counts the answers that it still waits for. */
struct reactor {
    struct soak *soak;
    uint64_t open;
};

static troupe_error starts(troupe_self *self, void *state, void *argument)
{
    struct reactor *reactor = state;
    struct soak *soak = argument;
    troupe_timer timer;
    reactor->soak = soak;
    if (soak->is_under_way && draw(self, 16) == 0) {
        return troupe_fail(self, TROUPE_ERROR_FAILED, "at the %s", "start");
    }
    return LOOK(troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_US(400)), &timer),
                MAY(NO_MEMORY));
}

static troupe_error answered(troupe_self *self, void *state, troupe_error error,
                             troupe_message **reply, void *context)
{
    struct reactor *reactor = state;
    struct soak *soak = reactor->soak;
    (void) reply;
    soak->answered++;
    reactor->open--;
    if (context != soak) {
        probe_say(soak->wrong, "an answer has the wrong context");
    }
    (void) soak_look(soak, "troupe_ask_then's answer", error, MAY_ASK);
    return draw(self, 40) == 0 ? TROUPE_ERROR_FAILED : TROUPE_OK;
}

static void asks_and_goes_on(troupe_self *self, struct reactor *reactor)
{
    struct soak *soak = reactor->soak;
    TROUPE_AUTO(troupe_message) *message = NULL;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    if (draw(self, 2) == 0) {
        error = LOOK(troupe_ask_then(self, somebody(self, soak), &receipt.base, a_moment(self),
                                     answered, soak),
                     MAY_SEND);
    } else if (make_any(self, soak, &message) == TROUPE_OK) {
        error = LOOK(troupe_ask_message_then(self, somebody(self, soak), &message, a_moment(self),
                                             answered, soak),
                     MAY_SEND);
    }
    soak->asked += error == TROUPE_OK ? 1 : 0;
    reactor->open += error == TROUPE_OK ? 1 : 0;
}

static troupe_error job_is_over(troupe_self *self, void *state, troupe_error error, void *result,
                                void *context)
{
    struct reactor *reactor = state;
    struct soak *soak = reactor->soak;
    (void) self;
    soak->answered++;
    reactor->open--;
    soak->jobs_taken += error == TROUPE_OK ? 1 : 0;
    if (context != soak || result != (error == TROUPE_OK ? soak : NULL)) {
        probe_say(soak->wrong, "a job has the wrong context or result");
    }
    (void) soak_look(soak, "troupe_offload_then's end", error,
                     MAY(TIMED_OUT) | MAY(CANCELLED) | MAY(NO_MEMORY) | MAY(SYSTEM));
    return TROUPE_OK;
}

static void offloads_and_goes_on(troupe_self *self, struct reactor *reactor)
{
    struct soak *soak = reactor->soak;
    soak->jobs++;
    const troupe_error error = LOOK(
        troupe_offload_then(self, SOAK_JOB(soak), a_moment(self), job_is_over, soak), MAY_OFFLOAD);
    soak->asked += error == TROUPE_OK ? 1 : 0;
    reactor->open += error == TROUPE_OK ? 1 : 0;
}

static troupe_error reacts(troupe_self *self, void *state, troupe_message **message)
{
    struct reactor *reactor = state;
    if (troupe_message_is(*message, &troupe_tick_type)) {
        (draw(self, 3) == 0 ? offloads_and_goes_on : asks_and_goes_on)(self, reactor);
    } else {
        deals_with(self, reactor->soak, message);
    }
    if (draw(self, 12) == 0) {
        spawns(self, reactor->soak);
    } else {
        does_anything(self, reactor->soak);
    }
    return draw(self, 60) == 0 ? TROUPE_ERROR_FAILED : TROUPE_OK;
}

static troupe_error takes_back(troupe_self *self, void *state, troupe_error reason,
                               troupe_message **message)
{
    struct reactor *reactor = state;
    struct soak *soak = reactor->soak;
    (void) soak_look(soak, "a parked message's return", reason, MAY_ASK);
    if (draw(self, 2) == 0) {
        (void) LOOK(troupe_send_message(self, somebody(self, soak), message),
                    MAY_SEND | MAY(BAD_ARGUMENT));
    }
    return TROUPE_OK;
}

static void ends(troupe_self *self, void *state, troupe_error reason)
{
    const struct reactor *reactor = state;
    (void) self;
    (void) reason;
    reactor->soak->abandoned += reactor->open;
}

static const troupe_behavior reactor_behavior =
    TROUPE_BEHAVIOR(.name = "reactor", .state_size = sizeof(struct reactor), .start = starts,
                    .other = reacts, .refused = takes_back, .stop = ends);

#define MAY_SPAWN                                                                                  \
    (MAY(NO_MEMORY) | MAY(NAME_TAKEN) | MAY(LIMIT_REACHED) | MAY_WAIT | MAY(CANNOT_WAIT) |         \
     MAY(FAILED) | MAY(STALE))

/* The children do as their parents do. */
static void spawns(troupe_self *self, struct soak *soak)
{
    static const char *const names[] = {NULL, NULL, "child 1", "child 2"};
    const bool is_behavior = draw(self, 2) == 0;
    troupe_monitor_id monitor = {0};
    troupe_ref ref;
    if (soak->children >= 40) {
        return;
    }
    const troupe_spawn_options options = {
        .size = sizeof options,
        .name = names[draw(self, 4)],
        .body = is_behavior ? NULL : roves,
        .behavior = is_behavior ? &reactor_behavior : NULL,
        .argument = soak,
        .out_monitor = draw(self, 2) == 0 ? &monitor : NULL,
        .mailbox_capacity = 1 + (uint32_t) draw(self, 4),
        .start_timeout = a_moment(self),
        .place = (troupe_place[]) {TROUPE_PLACE_WITH_PARENT, TROUPE_PLACE_ANY,
                                   TROUPE_PLACE_OWN_THREAD}[draw(self, 3)]};
    soak->children++;
    if (draw(self, 2) == 0) {
        (void) LOOK(troupe_spawn_nowait(self, &options, &ref), MAY_SPAWN);
    } else {
        (void) LOOK(troupe_spawn(self, &options, &ref), MAY_SPAWN);
    }
}

static void hear_of(struct soak *soak, size_t index, bool *is_told)
{
    soak->told++;
    if (*is_told) {
        probe_say(soak->wrong, "the warden was told of %zu twice", index);
    }
    *is_told = true;
}

/* Watches each of the crowd, as soon as there is memory for it, and hears of each once. */
static troupe_error guards(troupe_self *self, void *argument)
{
    struct soak *soak = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    bool is_told[CROWD] = {false};
    troupe_monitor_id monitors[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        troupe_error error = TROUPE_ERROR_NO_MEMORY;
        while (error == TROUPE_ERROR_NO_MEMORY) {
            error = LOOK(troupe_monitor(self, soak->refs[i], &monitors[i]), MAY(NO_MEMORY));
        }
    }
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
        for (size_t i = 0; i < CROWD && down != NULL; i++) {
            if (monitors[i].id == down->monitor.id) {
                hear_of(soak, i, &is_told[i]);
            }
        }
    }
    return TROUPE_OK;
}

static troupe_ref one_of_the_crowd(tr_world *world, struct soak *soak, uint64_t index)
{
    const bool is_behavior = index % 3 == 2;
    return a_root(world,
                  TROUPE_SPAWN(.body = index == 0    ? serves
                                       : is_behavior ? NULL
                                                     : roves,
                               .behavior = is_behavior ? &reactor_behavior : NULL, .argument = soak,
                               .mailbox_capacity = 1 + index % 4, .mailbox_bytes = 2000,
                               .reply_bytes = 500, .parked_max = 3, .place = TROUPE_PLACE_ANY));
}

/* Cancels the whole crowd, and with each its children. */
static troupe_error clears_the_field(troupe_self *self, void *argument)
{
    const struct soak *soak = argument;
    for (size_t i = 0; i < CROWD; i++) {
        troupe_error error = TROUPE_ERROR_NO_MEMORY;
        while (error == TROUPE_ERROR_NO_MEMORY) {
            error = LOOK(troupe_cancel(self, soak->refs[i]), MAY_MISS);
        }
    }
    return TROUPE_OK;
}

/* Who has parked messages waits for room somewhere: else nobody will ever deliver them. */
static void look_at_who_waits(tr_world *world, const struct soak *soak)
{
    troupe_snapshot *snapshot = NULL;
    assert_ok(tr_world_snapshot(world, &snapshot));
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        const troupe_actor_info *actor = &snapshot->actors[i];
        if (actor->parked > 0 && actor->wait == TROUPE_WAIT_MESSAGE) {
            probe_say(soak->wrong, "%s %u has parked messages and waits for no room",
                      actor->behavior, actor->ref.slot);
        }
    }
    troupe_snapshot_destroy(&snapshot);
}

static void run_seed(uint64_t seed, void *context)
{
    struct soak *total = context;
    struct soak soak = {.wrong = a_probe(), .memory_fails = SHAKES};
    soak_bodies = (struct soak_bodies) {0};
    tr_world *world = a_shaken_world_of(
        &(const tr_world_options) {.seed = seed,
                                   .workers = 1 + (uint32_t) seed % 3,
                                   .delay_ns_max = seed % 5 * MS / 10,
                                   .memory_budget = seed % 7 == 0 ? 4000 : 0,
                                   .turn_messages = 1 + (uint32_t) seed % 8,
                                   .moves_percent = seed % 2 * (uint32_t) (seed % 20),
                                   .job_ns_max = 2 * MS,
                                   .offload_threads_max = 1 + (uint32_t) seed % 3,
                                   .offload_queue_max = 4,
                                   .refuse_chance_percent = (uint32_t) seed % 3 * 10});
    for (uint64_t i = 0; i < CROWD; i++) {
        soak.refs[i] = one_of_the_crowd(world, &soak, i);
    }
    soak.is_under_way = true;
    (void) a_root(world, TROUPE_SPAWN(.body = guards, .argument = &soak, .monitors_max = CROWD));
    tr_world_advance(world, (1 + seed % 40) * MS);
    assert_sound(world);
    look_at_who_waits(world, &soak);
    total->moves += tr_world_moves(world);
    (void) a_root(world, TROUPE_SPAWN(.body = clears_the_field, .argument = &soak));
    tr_world_advance(world, 60000 * MS);
    drop_world(&world);

    assert_silent(soak.wrong);
    assert_int_equal(soak.told, CROWD);
    assert_int_equal(soak.asked, soak.answered + soak.abandoned);
    assert_int_equal(soak_bodies.made, soak_bodies.ended);
    assert_int_equal(soak.jobs, soak.jobs_taken + soak.jobs_discarded);
    drop_probe(&soak.wrong);
    total->asked += soak.asked;
    total->abandoned += soak.abandoned;
    total->children += soak.children;
    total->jobs_taken += soak.jobs_taken;
    total->jobs_discarded += soak.jobs_discarded;
    total->refused += a_shaken_worlds_refusals();
}

/* Promise: MEMORY-ERROR */
static void leaves_nothing_behind_whatever_fails(void **state)
{
    (void) state;
    struct soak total = {0};
    for_each_seed(SEEDS, run_seed, &total);
    if (getenv("TROUPE_SEED") == NULL) { /* it has not been idle */
        assert_true(total.asked > SEEDS * 10);
        assert_true(total.abandoned > SEEDS / 10);
        assert_true(total.children > SEEDS * 10);
        assert_true(total.moves > SEEDS * 10);
        assert_true(total.jobs_taken > SEEDS * 5);
        assert_true(total.jobs_discarded > SEEDS * 5);
        assert_true(!SHAKES || total.refused > SEEDS * 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_nothing_behind_whatever_fails),
    };
    return cmocka_run_group_tests_name("soak", tests, NULL, NULL);
}
