/* SPDX-License-Identifier: MIT */
/* What an agenda promises: the earliest first, of the same time the lowest order. */
#include "simulation/agenda.h"

#include "base/random.h"
#include "support/fixtures.h"

#define DATES 500

static void gives_the_earliest_first_whatever_was_changed(void **state)
{
    (void) state;
    static tr_date dates[DATES];
    tr_agenda agenda = {0};
    tr_random random;
    tr_random_seed(&random, 1);
    assert_ok(tr_agenda_reserve(&agenda, DATES));
    for (uint32_t i = 0; i < DATES; i++) {
        dates[i] = (tr_date) {.due_ns = tr_random_below(&random, 50), .order = i};
        tr_agenda_put(&agenda, &dates[i]);
    }
    for (uint32_t i = 0; i < DATES; i += 3) {
        dates[i].due_ns = tr_random_below(&random, 50);
        tr_agenda_put(&agenda, &dates[i]);
        assert_true(tr_agenda_is_sound(&agenda));
    }
    for (uint32_t i = 1; i < DATES; i += 3) {
        tr_agenda_remove(&agenda, &dates[i]);
        tr_agenda_remove(&agenda, &dates[i]); /* again: nothing */
        assert_true(tr_agenda_is_sound(&agenda));
    }

    tr_date last = {0};
    size_t taken = 0;
    for (tr_date *date = tr_agenda_first(&agenda); date != NULL; date = tr_agenda_first(&agenda)) {
        assert_true(date->due_ns > last.due_ns ||
                    (date->due_ns == last.due_ns && (taken == 0 || date->order > last.order)));
        last = *date;
        tr_agenda_remove(&agenda, date);
        taken++;
    }
    assert_int_equal(taken, DATES - (DATES + 1) / 3);
    tr_agenda_fini(&agenda);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_earliest_first_whatever_was_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
