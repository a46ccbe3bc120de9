/* SPDX-License-Identifier: MIT */
/* Each bug that can be planted in the library (base/chance) is found by the mixed scenarios. */
#include "base/chance.h"
#include "support/fixtures.h"
#include "support/mix.h"

enum {
    SEEDS = 500 /* within which each is found */
};

static void keep_quiet(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    (void) text;
}

struct planted {
    tr_bug bug;
    const char *name;
};

static const struct planted all[] = {
    {TR_BUG_LOST_WAKE_UP, "a lost wake-up"},
    {TR_BUG_OFF_BY_ONE, "a bound off by one"},
    {TR_BUG_NO_MARK, "a mark that is not waited for"},
    {TR_BUG_LEAKED_PLACE, "a place that leaks"},
    {TR_BUG_LONGER_DEADLINE, "a deadline that grows"},
    {TR_BUG_OUT_OF_ORDER, "restarts out of order"},
    {TR_BUG_REPLY_TWICE, "a reply that answers two"},
};

/* Promise: SIMULATION-MIXED-FINDS */
static void finds_each_within_a_few_hundred_seeds(void **state)
{
    (void) state;
    const troupe_log log = {.write = keep_quiet};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct mix mix = {0};
        tr_bug_plant(all[i].bug);
        const troupe_error error = troupe_simulate(
            TROUPE_SIMULATE(.seeds = SEEDS, .log = &log, .shrink_runs = 1), play_mix, &mix);
        tr_bug_plant(TR_BUG_NONE);
        print_message("%s: %d seeds\n", all[i].name, (int) mix.runs);
        assert_fails(error, FAILED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_within_a_few_hundred_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
