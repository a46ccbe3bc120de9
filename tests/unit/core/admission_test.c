/* SPDX-License-Identifier: MIT */
/* What refusing by delay promises: that what is served has not waited for long, whatever comes. */
#include "core/admission.h"

#include <string.h>

#include "base/random.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define TARGET (5 * MS)
#define INTERVAL (100 * MS)

static troupe_admission an_admission(void)
{
    troupe_admission admission;
    assert_ok(troupe_admission_init(&admission, NULL));
    return admission;
}

/* Messages that had waited so long, one every 10 ms; how many are admitted. */
static unsigned take(troupe_admission *admission, unsigned count, uint64_t delay_ns,
                     uint64_t *now_ns)
{
    unsigned admitted = 0;
    for (unsigned i = 0; i < count; i++) {
        *now_ns += 10 * MS;
        admitted += troupe_admission_decide(admission, delay_ns, *now_ns) ? 1 : 0;
    }
    return admitted;
}

/* Promise: ADMISSION-STANDING */
static void refuses_when_the_queue_has_stood_for_an_interval(void **state)
{
    (void) state;
    troupe_admission admission = an_admission();
    uint64_t now_ns = 0;
    assert_int_equal(take(&admission, 10, 50 * MS, &now_ns), 10);
    assert_int_equal(take(&admission, 10, 50 * MS, &now_ns), 0);
    assert_int_equal(take(&admission, 1, 2 * TARGET - 1, &now_ns), 1); /* not so late */
    assert_int_equal(take(&admission, 8, 2 * TARGET, &now_ns), 0);
    assert_int_equal(take(&admission, 1, 0, &now_ns), 1);
    assert_int_equal(take(&admission, 10, 50 * MS, &now_ns), 10); /* it had been empty once */
    assert_int_equal(take(&admission, 10, 50 * MS, &now_ns), 0);
    assert_int_equal(admission.admitted, 22);
    assert_int_equal(admission.refused, 28);
}

/* Promise: ADMISSION-STANDING */
static void bears_a_queue_that_empties_now_and_then(void **state)
{
    (void) state;
    troupe_admission admission = an_admission();
    uint64_t now_ns = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(take(&admission, 8, 900 * MS, &now_ns), 8);
        assert_int_equal(take(&admission, 1, TARGET, &now_ns), 1);
    }
}

/* A server that takes a while for each request, and clients that ask again at once. */
struct load {
    uint64_t service_ns;
    uint64_t longest_ns; /* that one that was served had waited, once warm */
    uint64_t warm_ns;
    unsigned served;
    unsigned refused;
    unsigned others;
    troupe_ref server;
};

static troupe_error serve(troupe_self *self, void *argument)
{
    const struct load *load = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        error = troupe_sleep(self, troupe_timeout_of_ns(load->service_ns));
        if (error == TROUPE_OK && troupe_message_wants_reply(message)) {
            error = reply_figure(self, message, 1);
        }
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static troupe_error ask_on(troupe_self *self, void *argument)
{
    struct load *load = argument;
    troupe_error error = TROUPE_OK;
    while (error != TROUPE_ERROR_STOPPING && error != TROUPE_ERROR_STALE) {
        const uint64_t asked_ns = troupe_self_now_ns(self);
        error = ask_figure(self, load->server, 1, TROUPE_FOREVER, NULL);
        const uint64_t took_ns = troupe_self_now_ns(self) - asked_ns;
        load->served += error == TROUPE_OK ? 1 : 0;
        load->refused += error == TROUPE_ERROR_OVERLOADED ? 1 : 0;
        load->others += error != TROUPE_OK && error != TROUPE_ERROR_OVERLOADED ? 1 : 0;
        if (error == TROUPE_OK && asked_ns > load->warm_ns && took_ns > load->longest_ns) {
            load->longest_ns = took_ns;
        }
        if (error) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
        }
    }
    return TROUPE_OK;
}

static void put_under_load(struct load *load, uint64_t seed, unsigned clients, bool is_admitting)
{
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = seed, .workers = 2, .delay_ns_max = MS / 10, .moves_percent = seed % 2 * 2});
    load->warm_ns = tr_world_now_ns(world) + 3 * INTERVAL;
    const troupe_timeout target = {is_admitting ? TARGET : 0};
    load->server =
        a_root(world, TROUPE_SPAWN(.body = serve, .argument = load, .mailbox_capacity = 1000,
                                   .admission_target = target));
    for (unsigned i = 0; i < clients; i++) {
        (void) a_root(world,
                      TROUPE_SPAWN(.body = ask_on, .argument = load, .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(world, 10 * INTERVAL);
    assert_int_equal(load->others, 0);
    drop_world(&world);
}

static void overload(uint64_t seed, void *context)
{
    (void) context;
    struct load load = {.service_ns = MS + seed % 7 * MS / 5};
    put_under_load(&load, seed, 20 + (unsigned) (seed % 60), true);
    assert_true(load.refused > 100);
    /* And the server has hardly ever been idle. */
    assert_true(load.served * load.service_ns >= 10 * INTERVAL - 10 * INTERVAL / 10);
    assert_true(load.longest_ns <= 2 * TARGET + 2 * load.service_ns + MS);
}

/* Promise: ADMISSION-BOUND */
static void serves_what_it_serves_in_time_under_any_load(void **state)
{
    (void) state;
    for_each_seed(200, overload, NULL);
}

static void waits_for_long_without_it(void **state)
{
    (void) state;
    struct load load = {.service_ns = MS};
    put_under_load(&load, 1, 60, false);
    assert_int_equal(load.refused, 0);
    assert_true(load.longest_ns >= 50 * MS);
}

static void refuses_nobody_when_there_is_little_to_do(void **state)
{
    (void) state;
    struct load load = {.service_ns = 20 * MS}; /* longer than the target, but nobody behind */
    put_under_load(&load, 1, 2, true);
    assert_int_equal(load.refused, 0);
    assert_true(load.served >= 40);
}

/* Floods the server with what asks for no reply, and sees to it that all is taken. */
static troupe_error tell_much(troupe_self *self, void *argument)
{
    const struct load *load = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 400 && error == TROUPE_OK; i++) {
        error = send_figure(self, load->server, i);
    }
    return error;
}

/* Promise: ADMISSION-TELLS */
static void never_drops_what_asks_for_no_reply(void **state)
{
    tr_world *world = *state;
    struct load load = {.service_ns = MS};
    load.server = a_root(world, TROUPE_SPAWN(.body = serve, .argument = &load,
                                             .admission_target = TROUPE_WITHIN_MS(5)));
    (void) a_root(world, TROUPE_SPAWN(.body = tell_much, .argument = &load));
    tr_world_advance(world, 1000 * MS);
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_HANDLED], 400);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DROPPED], 0);
}

/* What is queued when the server ends has its receiver again: askers and dead letters are told. */
static troupe_error hoard_then_end(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(50));
}

static troupe_error ask_once(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    (void) tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_FOREVER, NULL));
    return TROUPE_OK;
}

static void gives_back_what_is_queued_when_it_ends(void **state)
{
    static const troupe_on_full policies[] = {TROUPE_ON_FULL_WAIT, TROUPE_ON_FULL_DROP_OLDEST,
                                              TROUPE_ON_FULL_CONFLATE};
    tr_world *world = *state;
    for (size_t i = 0; i < 3; i++) {
        struct cast cast = {.seen = a_probe()};
        const troupe_spawn_options options = {
            .size = sizeof options,
            .body = hoard_then_end,
            .mailbox_capacity = 2,
            .on_full = policies[i],
            .admission_target = TROUPE_WITHIN_MS(5),
        };
        cast.refs[0] = a_root(world, &options);
        for (unsigned asker = 0; asker < 5; asker++) {
            (void) a_root(world, TROUPE_SPAWN(.body = ask_once, .argument = &cast));
        }
        tr_world_advance(world, 1000 * MS);
        assert_int_equal(probe_count(cast.seen), 5);
        assert_int_equal(probe_count_of(cast.seen, "ask NO_REPLY"), 1);
        assert_int_equal(probe_count_of(cast.seen, "ask STALE") +
                             probe_count_of(cast.seen, "ask MAILBOX_FULL"),
                         4);
        drop_probe(&cast.seen);
    }
}

/* The log names the receiver of a message that was queued when it ended. */
static void gives_back_the_receiver_of_what_is_queued(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = log_of(seen);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = 1, .log = &log});
    struct load load = {
        .server = a_root(world, TROUPE_SPAWN(.body = hoard_then_end, .mailbox_capacity = 1000,
                                             .admission_target = TROUPE_WITHIN_MS(5)))};
    (void) a_root(world, TROUPE_SPAWN(.body = tell_much, .argument = &load));
    tr_world_advance(world, 1000 * MS);
    char text[64];
    (void) snprintf(text, sizeof text, " to %u.%u: the receiver ended", load.server.slot,
                    load.server.generation);
    assert_true(probe_has(seen, text));
    drop_world(&world);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_when_the_queue_has_stood_for_an_interval),
        cmocka_unit_test(bears_a_queue_that_empties_now_and_then),
        cmocka_unit_test(serves_what_it_serves_in_time_under_any_load),
        cmocka_unit_test(waits_for_long_without_it),
        cmocka_unit_test(refuses_nobody_when_there_is_little_to_do),
        WITH_WORLD(never_drops_what_asks_for_no_reply),
        WITH_WORLD(gives_back_what_is_queued_when_it_ends),
        cmocka_unit_test(gives_back_the_receiver_of_what_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
