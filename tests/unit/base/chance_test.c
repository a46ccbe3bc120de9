/* SPDX-License-Identifier: MIT */
/* The faults of the library's own: off unless a thread is given a chance of them. */
#include "base/chance.h"

#include "support/fixtures.h"

#if defined(TR_CHANCES)

struct seen {
    int asked;
    int steps;
};

static bool wakes_up(void *context, tr_rare rare)
{
    struct seen *seen = context;
    seen->asked++;
    return rare == TR_RARE_WAKE_UP;
}

static void steps(void *context)
{
    struct seen *seen = context;
    seen->steps++;
}

static void happens_as_the_chance_says(void **state)
{
    (void) state;
    struct seen seen = {0};
    const tr_chance chance = {.context = &seen, .happens = wakes_up, .step = steps};
    assert_null(tr_chance_set(&chance));

    assert_true(TR_RARELY(TR_RARE_WAKE_UP));
    assert_false(TR_RARELY(TR_RARE_SHORT_TURN));
    TR_STEP();

    assert_ptr_equal(tr_chance_set(NULL), &chance);
    assert_int_equal(seen.asked, 2);
    assert_int_equal(seen.steps, 1);
}

#endif

static void never_happens_without_a_chance(void **state)
{
    (void) state;
    for (int rare = 0; rare < TR_RARE_COUNT; rare++) {
        assert_false(TR_RARELY((tr_rare) rare));
    }
    TR_STEP();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(TR_CHANCES)
        cmocka_unit_test(happens_as_the_chance_says),
#endif
        cmocka_unit_test(never_happens_without_a_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
