/* SPDX-License-Identifier: MIT */
/* What an actor whose code is a thread from outside needs: a worker with a guard. How such threads
 * fare is in tests/unit/node/proxy_test.c. */
#include "core/attached.h"

#include "support/world_fixture.h"

/* Promise: ATTACH-ARGUMENTS */
static void is_refused_where_no_worker_has_a_guard(void **state)
{
    troupe_ref ref;
    assert_fails(tr_world_spawn(*state, TROUPE_SPAWN(.body = tr_attached_body), &ref),
                 LIMIT_REACHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(is_refused_where_no_worker_has_a_guard),
    };
    return cmocka_run_group_tests_name("attached", tests, NULL, NULL);
}
