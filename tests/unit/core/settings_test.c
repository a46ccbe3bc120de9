/* SPDX-License-Identifier: MIT */
/* What spawn options say when they say nothing, and what they must not say. */
#include "core/settings.h"

#include <string.h>

#include "core/limits.h"
#include "support/cast.h"
#include "support/fixtures.h"

static const troupe_behavior plain = TROUPE_BEHAVIOR(.name = "plain");

/* Promise: SPAWN-DEFAULTS */
static void have_the_documented_defaults(void **state)
{
    (void) state;
    troupe_spawn_options complete;
    assert_ok(tr_settings_complete(TROUPE_SPAWN(.behavior = &plain), 1024, &complete));
    assert_int_equal(complete.mailbox_capacity, 1024);
    assert_int_equal(complete.mailbox_bytes, 1048576);
    assert_int_equal(complete.reply_bytes, 65536);
    assert_int_equal(complete.parked_bytes, 65536);
    assert_int_equal(complete.high_water, 768);
    assert_int_equal(complete.low_water, 256);
    assert_int_equal(complete.parked_max, 64);
    assert_int_equal(complete.asks_max, 1024);
    assert_int_equal(complete.timers_max, 1024);
    assert_int_equal(complete.monitors_max, 1024);
    assert_int_equal(complete.on_full, TROUPE_ON_FULL_WAIT);
    assert_int_equal(complete.start_timeout.ns, UINT64_C(5000000000));
}

static void keep_what_is_given(void **state)
{
    (void) state;
    troupe_spawn_options complete;
    assert_ok(tr_settings_complete(TROUPE_SPAWN(.body = play_idle, .mailbox_capacity = 1,
                                                .asks_max = 2, .timers_max = 3, .monitors_max = 4,
                                                .parked_max = 5, .reply_bytes = 6,
                                                .parked_bytes = 7, .on_full = TROUPE_ON_FULL_FAIL),
                                   1024, &complete));
    const tr_settings settings = tr_settings_of(&complete);
    assert_int_equal(complete.high_water, 1);
    assert_int_equal(complete.low_water, 0);
    assert_int_equal(settings.asks_max, 2);
    assert_int_equal(settings.timers_max, 3);
    assert_int_equal(settings.monitors_max, 4);
    assert_int_equal(settings.parked_max, 5);
    assert_int_equal(settings.reply_bytes, 6);
    assert_int_equal(settings.parked_bytes, 7);
    assert_int_equal(settings.on_full, TROUPE_ON_FULL_FAIL);
}

/* Promise: SPAWN-ARGUMENTS */
static void may_not_say_what_is_not_known(void **state)
{
    (void) state;
    struct {
        troupe_spawn_options known;
        uint64_t unknown;
    } newer = {.known = {.size = sizeof newer, .body = play_idle}};
    troupe_spawn_options complete = {.size = 77};
    assert_ok(tr_settings_complete(&newer.known, 8, &complete));
    newer.unknown = 1;
    complete.size = 77;
    assert_fails(tr_settings_complete(&newer.known, 8, &complete), BAD_ARGUMENT);
    assert_int_equal(complete.size, 77); /* untouched */
    assert_fails(tr_settings_complete(NULL, 8, &complete), BAD_ARGUMENT);
    assert_fails(tr_settings_complete(TROUPE_SPAWN(.body = play_idle,
                                                   .mailbox_capacity = TR_MAILBOX_CAPACITY_MAX + 1),
                                      8, &complete),
                 BAD_ARGUMENT);
}

/* An older program's options are shorter. */
static void may_be_of_an_older_program(void **state)
{
    (void) state;
    troupe_spawn_options older;
    memset(&older, 0xff, sizeof older);
    older.size = offsetof(troupe_spawn_options, argument);
    older.name = NULL;
    older.body = play_idle;
    older.behavior = NULL;
    troupe_spawn_options complete;
    assert_ok(tr_settings_complete(&older, 8, &complete));
    assert_int_equal(complete.asks_max, TR_ASKS_MAX_DEFAULT);
    assert_null(complete.argument);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(have_the_documented_defaults),
        cmocka_unit_test(keep_what_is_given),
        cmocka_unit_test(may_not_say_what_is_not_known),
        cmocka_unit_test(may_be_of_an_older_program),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
