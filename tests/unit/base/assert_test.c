/* SPDX-License-Identifier: MIT */
/* What assertions promise: a line that says where and what, and an end. */
#include "base/assert.h"
#include "support/child.h"
#include "support/fixtures.h"

struct inner {
    int number;
};

struct outer {
    char before;
    struct inner inner;
};

static troupe_error require_positive(int number)
{
    TR_REQUIRE(number > 0, BAD_ARGUMENT);
    return TROUPE_OK;
}

static void goes_on_when_the_condition_holds(void **state)
{
    (void) state;
    TR_ASSERT(sizeof(int) > 1);
}

static void break_an_invariant(void *context)
{
    const int *number = context;
    TR_ASSERT(*number == 1);
}

static void prints_where_and_what_and_aborts(void **state)
{
    (void) state;
    int number = 2;
    assert_child_aborts(break_an_invariant, &number, "assert_test.c:");
    assert_child_aborts(break_an_invariant, &number, ": broken invariant: *number == 1\n");
    number = 1;
    assert_child_returns(break_an_invariant, &number);
}

static void misuse(void *context)
{
    tr_misused("troupe_do", "the %s of %d", (const char *) context, 7);
}

static void prints_which_call_was_wrong_and_aborts(void **state)
{
    (void) state;
    char name[] = "thing";
    assert_child_aborts(misuse, name,
                        "troupe_do: called with what it must not be: the thing of 7\n");
}

static void returns_the_named_error_to_a_caller_at_fault(void **state)
{
    (void) state;
    assert_ok(require_positive(1));
    assert_fails(require_positive(0), BAD_ARGUMENT);
}

static void finds_the_container_of_a_member(void **state)
{
    (void) state;
    struct outer outer = {.inner.number = 7};
    struct inner *inner = &outer.inner;
    const struct inner *inner_const = inner;

    assert_ptr_equal(TR_CONTAINER_OF(inner, struct outer, inner), &outer);
    assert_ptr_equal(TR_CONTAINER_OF_CONST(inner_const, struct outer, inner), &outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_when_the_condition_holds),
        cmocka_unit_test(prints_where_and_what_and_aborts),
        cmocka_unit_test(prints_which_call_was_wrong_and_aborts),
        cmocka_unit_test(returns_the_named_error_to_a_caller_at_fault),
        cmocka_unit_test(finds_the_container_of_a_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
