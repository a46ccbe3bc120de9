/* SPDX-License-Identifier: MIT */
/* Refs and addresses of a node, and what is made when memory runs out. */
#include "core/system.h"

#include "core/actor.h"
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

static void turns_addresses_into_refs_and_back(void **state)
{
    const tr_system *system = tr_world_worker(*state, 0)->system;
    const tr_address address = {.slot = 3, .generation = 2};
    tr_address back;
    const troupe_ref ref = tr_system_ref(system, address);
    assert_ok(tr_system_address(system, ref, &back));
    assert_true(tr_address_is_same(address, back));
    assert_true(troupe_ref_is_none(tr_system_ref(system, (tr_address) {0})));
    troupe_ref other = ref;
    other.node++;
    assert_fails(tr_system_address(system, other, &back), STALE);
    other = ref;
    other.slot = UINT32_MAX;
    assert_fails(tr_system_address(system, other, &back), NO_SUCH_ACTOR);
    assert_fails(tr_system_address(system, troupe_ref_none(), &back), NO_SUCH_ACTOR);
}

/* Fails the n-th allocation of each thing an actor can do, until it succeeds. */
struct attempt {
    tr_failing_allocator *memory;
    struct cast cast;
    troupe_error (*run)(troupe_self *self, struct attempt *attempt);
    int64_t allowed;
    troupe_error error;
    bool is_changed; /* something was done in spite of the error */
};

static troupe_error tries(troupe_self *self, void *argument)
{
    struct attempt *attempt = argument;
    tr_failing_allocator_fail_after(attempt->memory, attempt->allowed);
    attempt->error = attempt->run(self, attempt);
    tr_failing_allocator_fail_never(attempt->memory);
    return TROUPE_OK;
}

static troupe_error try_spawn(troupe_self *self, struct attempt *attempt)
{
    troupe_ref ref;
    const troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = play_idle, .name = "child", .reply_bytes = 7), &ref);
    troupe_ref found;
    attempt->is_changed = error && troupe_lookup(self, "child", &found) == TROUPE_OK;
    return error;
}

static troupe_error try_ask(troupe_self *self, struct attempt *attempt)
{
    const troupe_error error = ask_figure(self, attempt->cast.refs[0], 1, TROUPE_WITHIN_S(1), NULL);
    /* The callee had no memory either. */
    return error == TROUPE_ERROR_HANDLER_FAILED ? TROUPE_ERROR_NO_MEMORY : error;
}

static troupe_error try_timer(troupe_self *self, struct attempt *attempt)
{
    (void) attempt;
    troupe_timer timer;
    return troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(1)), &timer);
}

static troupe_error try_monitor(troupe_self *self, struct attempt *attempt)
{
    troupe_monitor_id monitor;
    return troupe_monitor(self, attempt->cast.refs[0], &monitor);
}

static troupe_error try_send(troupe_self *self, struct attempt *attempt)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = a_figure(self, 1, &message);
    error = error ? error : troupe_send_message(self, attempt->cast.refs[1], &message);
    /* To one that is full: waits in vain. */
    error = error ? error : a_figure(self, 2, &message);
    error =
        error
            ? error
            : troupe_send_message_with(self, attempt->cast.refs[1], &message,
                                       TROUPE_SEND(.timeout = TROUPE_WITHIN_MS(1), .trace_id = 5));
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

static troupe_error try_snapshot(troupe_self *self, struct attempt *attempt)
{
    (void) attempt;
    troupe_snapshot *snapshot = NULL;
    const troupe_error error = troupe_self_snapshot(self, &snapshot);
    troupe_snapshot_destroy(&snapshot);
    return error;
}

static troupe_error try_signals(troupe_self *self, struct attempt *attempt)
{
    const troupe_error error = troupe_stop(self, attempt->cast.refs[0]);
    return error ? error : troupe_cancel(self, attempt->cast.refs[1]);
}

static const struct {
    const char *name;
    troupe_error (*run)(troupe_self *self, struct attempt *attempt);
} attempts[] = {{"spawn", try_spawn},     {"ask", try_ask},   {"timer", try_timer},
                {"monitor", try_monitor}, {"send", try_send}, {"snapshot", try_snapshot},
                {"signals", try_signals}};

/* The error of the try in a world of its own, in which so many allocations succeed. */
static troupe_error try_in_world(size_t which, int64_t allowed)
{
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_world *world = a_world_of(
        &(const tr_world_options) {.allocator = &allocator, .workers = 2, .delay_ns_max = MS});
    struct attempt attempt = {.memory = &memory, .run = attempts[which].run, .allowed = allowed};
    attempt.cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = play_doubler));
    attempt.cast.refs[1] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    (void) a_root(world, TROUPE_SPAWN(.body = tries, .argument = &attempt,
                                      .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    tr_world_advance(world, 1000 * MS);
    assert_false(attempt.is_changed);
    drop_world(&world);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    return attempt.error;
}

/* Promise: SPAWN-NO-MEMORY */
static void says_so_and_changes_nothing_when_memory_runs_out(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        int64_t allowed = 0;
        troupe_error error = try_in_world(i, allowed);
        while (error == TROUPE_ERROR_NO_MEMORY && allowed < 100) {
            error = try_in_world(i, ++allowed);
        }
        if (error != TROUPE_OK) {
            print_error("%s: %s after %d\n", attempts[i].name, troupe_error_name(error),
                        (int) allowed);
        }
        assert_int_equal(error, TROUPE_OK);
    }
}

static void is_made_or_not_when_memory_runs_out(void **state)
{
    (void) state;
    tr_world *world = NULL;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
        const troupe_allocator allocator = tr_failing_allocator_port(&memory);
        tr_failing_allocator_fail_after(&memory, allowed);
        error = tr_world_create(&(const tr_world_options) {.allocator = &allocator, .workers = 2},
                                &world);
        assert_true(error == TROUPE_OK || world == NULL);
        tr_failing_allocator_fail_never(&memory);
        drop_world(&world);
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }
    assert_ok(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(turns_addresses_into_refs_and_back),
        cmocka_unit_test(says_so_and_changes_nothing_when_memory_runs_out),
        cmocka_unit_test(is_made_or_not_when_memory_runs_out),
    };
    return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
