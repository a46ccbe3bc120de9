/* SPDX-License-Identifier: MIT */
#include "transport/curve.h"

#include <string.h>

#include "support/fixtures.h"

static void makes_pairs_that_differ_and_belong_together(void **state)
{
    (void) state;
    char public_keys[2][TR_CURVE_KEY_BYTES];
    char secret_keys[2][TR_CURVE_KEY_BYTES];
    char again[TR_CURVE_KEY_BYTES];
    for (int i = 0; i < 2; i++) {
        assert_ok(tr_curve_make(public_keys[i], secret_keys[i]));
        assert_true(tr_curve_is_key(public_keys[i]) && tr_curve_is_key(secret_keys[i]));
        assert_ok(tr_curve_public_of(secret_keys[i], again));
        assert_string_equal(again, public_keys[i]);
        assert_string_not_equal(public_keys[i], secret_keys[i]);
    }
    assert_string_not_equal(public_keys[0], public_keys[1]);
}

static void knows_what_is_no_key(void **state)
{
    (void) state;
    char again[TR_CURVE_KEY_BYTES];
    static const char key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    assert_true(tr_curve_is_key(key));
    assert_false(tr_curve_is_key(""));
    assert_false(tr_curve_is_key(key + 1));
    assert_false(tr_curve_is_key("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf77"));
    assert_false(tr_curve_is_key("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7~"));
    assert_false(tr_curve_is_key("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf~"));
    assert_false(tr_curve_is_key("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y f"));
    assert_fails(tr_curve_public_of("short", again), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_pairs_that_differ_and_belong_together),
        cmocka_unit_test(knows_what_is_no_key),
    };
    return cmocka_run_group_tests_name("Curve", tests, NULL, NULL);
}
