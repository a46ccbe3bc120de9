/* SPDX-License-Identifier: MIT */
/* What the calls on scopes refuse, and what they leave as it was. */
#include <string.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

static void play(void **state, troupe_body *body, struct cast *cast)
{
    cast->seen = a_probe();
    cast->refs[0] = a_root(*state, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(*state, 10000 * MS);
}

static void never(troupe_self *self, void *context)
{
    (void) self;
    (void) tell(context, "never", TROUPE_ERROR_FAILED);
}

static troupe_error leaves_out_of_order(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_scope *outer = NULL;
    troupe_scope *inner = NULL;
    (void) troupe_scope_enter(self, NULL, &outer);
    (void) troupe_scope_enter(self, NULL, &inner);
    (void) tell(cast, "outer", troupe_scope_leave(self, &outer));
    (void) tell(cast, "inner", troupe_scope_leave(self, &inner));
    (void) tell(cast, "inner", troupe_scope_leave(self, &inner));
    (void) tell(cast, "outer", troupe_scope_leave(self, &outer));
    (void) tell(
        cast, "options",
        troupe_scope_enter(self, TROUPE_SCOPE(.on_failure = (troupe_on_failure) 2), &outer));
    (void) tell(cast, "cancel", troupe_scope_cancel(self, NULL, TROUPE_OK, NULL));
    return tell(cast, "defer", troupe_defer(self, NULL, NULL)) == TROUPE_ERROR_BAD_ARGUMENT
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

/* Promise: SCOPE-ARGUMENTS */
static void refuse_what_is_out_of_order(void **state)
{
    struct cast cast = {0};
    play(state, leaves_out_of_order, &cast);
    assert_said(cast.seen, "outer BAD_ARGUMENT", "inner OK", "inner BAD_ARGUMENT", "outer OK",
                "options BAD_ARGUMENT", "cancel BAD_ARGUMENT", "defer BAD_ARGUMENT");
    drop_probe(&cast.seen);
}

struct shared {
    struct cast *cast;
    troupe_scope *scope;
};

static troupe_error leaves_what_is_not_its_own(troupe_self *self, void *argument)
{
    struct shared *shared = argument;
    troupe_scope *scope = shared->scope;
    return tell(shared->cast, "leave", troupe_scope_leave(self, &scope)) ==
                   TROUPE_ERROR_BAD_ARGUMENT
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

static troupe_error shares_a_scope(troupe_self *self, void *argument)
{
    struct shared shared = {.cast = argument};
    (void) troupe_scope_enter(self, NULL, &shared.scope);
    (void) troupe_task_start(self, shared.scope,
                             TROUPE_TASK(.body = leaves_what_is_not_its_own, .argument = &shared),
                             NULL);
    return tell(shared.cast, "owner", troupe_scope_leave(self, &shared.scope));
}

/* Promise: SCOPE-ARGUMENTS */
static void let_nobody_leave_but_the_task_that_entered(void **state)
{
    struct cast cast = {0};
    play(state, shares_a_scope, &cast);
    assert_said(cast.seen, "leave BAD_ARGUMENT", "owner OK");
    drop_probe(&cast.seen);
}

static troupe_error behaves(troupe_self *self, void *state, void *argument)
{
    struct cast *cast = argument;
    (void) state;
    troupe_scope *scope = NULL;
    (void) tell(cast, "enter", troupe_scope_enter(self, NULL, &scope));
    (void) tell(cast, "shield", troupe_shield(self, TROUPE_FOREVER, &scope));
    (void) tell(cast, "defer", troupe_defer(self, never, cast));
    (void) tell(cast, "reason", troupe_scope_reason(self, NULL));
    return TROUPE_OK;
}

static const troupe_behavior behaving = TROUPE_BEHAVIOR(.name = "behaving", .start = behaves);

/* Promise: SCOPE-ARGUMENTS */
static void are_not_for_behaviors(void **state)
{
    struct cast cast = {.seen = a_probe()};
    a_root(*state, TROUPE_SPAWN(.behavior = &behaving, .argument = &cast));
    tr_world_run(*state);
    assert_said(cast.seen, "enter CANNOT_WAIT", "shield CANNOT_WAIT", "defer CANNOT_WAIT",
                "reason OK");
    drop_probe(&cast.seen);
}

/* Does all that takes memory; whatever fails leaves nothing behind. */
static troupe_error naps(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(1));
}

static void counts(troupe_self *self, void *context)
{
    uint64_t *count = context;
    (void) self;
    (*count)++;
}

static troupe_error takes_memory(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    uint64_t deferred = 0;
    troupe_scope *scope = NULL;
    troupe_task task;
    tr_failing_allocator_fail_one(cast->more, (int64_t) cast->number);
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < 100 && error == TROUPE_OK; i++) {
        error = troupe_defer(self, counts, &cast->count);
        deferred += error == TROUPE_OK ? 1 : 0;
        error = error ? error
                      : troupe_task_start(self, scope, TROUPE_TASK(.body = naps),
                                          i % 2 == 0 ? NULL : &task);
    }
    if (scope != NULL) {
        const troupe_error left = troupe_scope_leave(self, &scope);
        error = error ? error : left;
    }
    cast->number = deferred;
    return tell(cast, "done", error) == TROUPE_ERROR_NO_MEMORY ? TROUPE_OK : error;
}

/* Promise: SCOPE-MEMORY */
static void fail_cleanly_when_memory_is_out(void **state)
{
    (void) state;
    bool was_refused = true;
    for (unsigned allowed = 0; was_refused; allowed++) {
        tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
        struct cast cast = {.seen = a_probe(), .number = allowed, .more = &memory};
        const troupe_allocator port = tr_failing_allocator_port(&memory);
        tr_world *world =
            a_world_of(&(const tr_world_options) {.seed = 1, .workers = 1, .allocator = &port});
        a_root(world, TROUPE_SPAWN(.body = takes_memory, .argument = &cast));
        tr_world_advance(world, 10 * MS);
        was_refused = tr_failing_allocator_has_refused(&memory);
        assert_int_equal(probe_count_of(cast.seen, was_refused ? "done NO_MEMORY" : "done OK"), 1);
        assert_int_equal(cast.count, cast.number);
        tr_failing_allocator_fail_never(&memory);
        drop_world(&world);
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
        drop_probe(&cast.seen);
        assert_true(!was_refused || allowed < 1000);
    }
}

static void say_remaining(troupe_self *self, const struct cast *cast, const char *where)
{
    const troupe_timeout left = troupe_scope_remaining(self);
    if (left.ns == TROUPE_FOREVER.ns) {
        probe_say(cast->seen, "%s: for ever", where);
    } else {
        probe_say(cast->seen, "%s: %llu ms", where, (unsigned long long) (left.ns / MS));
    }
}

static troupe_error serves_in_time(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_scope *inner = NULL;
    say_remaining(self, cast, "nothing");
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    say_remaining(self, cast, "asked");
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(10)), &scope);
    say_remaining(self, cast, "scope");
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(50)), &inner);
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(4));
    say_remaining(self, cast, "inner");
    (void) tell(cast, "inner", troupe_scope_leave(self, &inner));
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(20));
    say_remaining(self, cast, "late");
    (void) tell(cast, "scope", troupe_scope_leave(self, &scope));
    say_remaining(self, cast, "after");
    error = error ? error : reply_figure(self, message, 1);
    say_remaining(self, cast, "replied");
    return error;
}

static troupe_error reads_a_late_one(troupe_self *self, const struct cast *cast)
{
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_NOW), &scope);
    say_remaining(self, cast, "none");
    return troupe_scope_leave(self, &scope);
}

static troupe_error asks_in_time(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    uint64_t answer = 0;
    troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = serves_in_time, .argument = cast), &cast->refs[1]);
    error = error ? error : ask_figure(self, cast->refs[1], 1, TROUPE_WITHIN_MS(30), &answer);
    (void) tell(cast, "read", reads_a_late_one(self, cast));
    return tell(cast, "ask", error);
}

/* Promise: SCOPE-REMAINING */
static void tell_how_long_a_wait_may_last(void **state)
{
    struct cast cast = {0};
    play(state, asks_in_time, &cast);
    assert_said(cast.seen, "nothing: for ever", "asked: 30 ms", "scope: 10 ms", "inner: 6 ms",
                "inner OK", "late: 0 ms", "scope TIMED_OUT", "after: 20 ms", "replied: for ever",
                "none: 0 ms", "read OK", "ask OK");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(refuse_what_is_out_of_order),
        WITH_WORLD(let_nobody_leave_but_the_task_that_entered),
        WITH_WORLD(are_not_for_behaviors),
        WITH_WORLD(tell_how_long_a_wait_may_last),
        cmocka_unit_test(fail_cleanly_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
