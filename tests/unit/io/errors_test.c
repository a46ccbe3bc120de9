/* SPDX-License-Identifier: MIT */
#include "io/errors.h"

#include <errno.h>

#include "support/fixtures.h"

static void tells_callers_what_they_can_act_upon(void **state)
{
    (void) state;
    assert_int_equal(tr_io_error(ECONNREFUSED), TROUPE_ERROR_DISCONNECTED);
    assert_int_equal(tr_io_error(EPIPE), TROUPE_ERROR_DISCONNECTED);
    assert_int_equal(tr_io_error(EMFILE), TROUPE_ERROR_LIMIT_REACHED);
    assert_int_equal(tr_io_error(ENOMEM), TROUPE_ERROR_NO_MEMORY);
    assert_int_equal(tr_io_error(EACCES), TROUPE_ERROR_NOT_AUTHORISED);
    assert_int_equal(tr_io_error(EBADF), TROUPE_ERROR_BAD_ARGUMENT);
    assert_int_equal(tr_io_error(EIO), TROUPE_ERROR_SYSTEM);
    assert_int_equal(tr_io_error(ENOENT), TROUPE_ERROR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_callers_what_they_can_act_upon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
