/* SPDX-License-Identifier: MIT */
/* What troupe_run promises: a node for the life of one actor, and that actor's error. */
#include <troupe/node.h>

#include "support/failing_allocator.h"
#include "support/node_fixture.h"

static troupe_error returning_body(troupe_self *self, void *argument)
{
    (void) self;
    return *(const troupe_error *) argument;
}

static troupe_error parent_body(troupe_self *self, void *argument)
{
    troupe_ref ref;
    for (unsigned i = 0; i < 3; i++) {
        const troupe_error error = troupe_spawn(
            self, TROUPE_SPAWN(.body = idle_body, .argument = argument, .place = TROUPE_PLACE_ANY),
            &ref);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK; /* without waiting for them */
}

/* Promise: RUN-RESULT */
static void returns_what_the_body_returned(void **state)
{
    (void) state;
    const troupe_error errors[] = {TROUPE_OK, TROUPE_ERROR_FAILED, TROUPE_ERROR_USER + 9};
    for (size_t i = 0; i < sizeof errors / sizeof(troupe_error); i++) {
        troupe_error given = errors[i];
        assert_int_equal(troupe_run(NULL, returning_body, &given), errors[i]);
    }
}

/* Promise: RUN-ENDS */
static void ends_with_the_body_and_all_its_children(void **state)
{
    (void) state;
    struct probe *seen = a_probe();

    assert_ok(troupe_run(TROUPE_NODE_OPTIONS(.workers = 2), parent_body, seen));

    assert_int_equal(probe_count_of(seen, "started"), 3);
    assert_int_equal(probe_count_of(seen, "stopped"), 3);
    drop_probe(&seen);
}

static void says_why_it_could_not_run(void **state)
{
    (void) state;
    troupe_error given = TROUPE_OK;

    assert_fails(troupe_run(NULL, NULL, NULL), BAD_ARGUMENT);
    assert_fails(troupe_run(TROUPE_NODE_OPTIONS(.workers = 1000), returning_body, &given),
                 BAD_ARGUMENT);
}

static void frees_everything_when_memory_is_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    troupe_error given = TROUPE_OK;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;

    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_failing_allocator_fail_after(&memory, allowed);
        error = troupe_run(TROUPE_NODE_OPTIONS(.workers = 2, .allocator = &allocator),
                           returning_body, &given);
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }

    assert_ok(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_what_the_body_returned),
        cmocka_unit_test(ends_with_the_body_and_all_its_children),
        cmocka_unit_test(says_why_it_could_not_run),
        cmocka_unit_test(frees_everything_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
