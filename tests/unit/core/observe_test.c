/* SPDX-License-Identifier: MIT */
/* What observing promises: whoever looks on in a thread hears what is told there, and nobody else;
 * in a build without it nothing is told. */
#include "core/observe.h"

#include "support/fixtures.h"

#if defined(TR_CHANCES)

static tr_told heard;
static unsigned count;

static void hear(const tr_told *told)
{
    heard = *told;
    count++;
}

static void reaches_the_one_who_looks_on(void **state)
{
    (void) state;
    TR_TELL(SCOPE_LEFT, .number = 1);
    assert_int_equal(count, 0);
    assert_true(tr_observer_set(hear) == NULL);
    TR_TELL(SCOPE_LEFT, .number = 2);
    assert_int_equal(count, 1);
    assert_int_equal(heard.tale, TR_TALE_SCOPE_LEFT);
    assert_int_equal(heard.number, 2);
    assert_true(tr_observer_set(NULL) == hear);
    TR_TELL(SCOPE_LEFT, .number = 3);
    assert_int_equal(count, 1);
}

#else

static void reaches_the_one_who_looks_on(void **state)
{
    (void) state;
    TR_TELL(SCOPE_LEFT, .number = this_is_not_even_compiled());
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reaches_the_one_who_looks_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
