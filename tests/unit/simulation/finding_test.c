/* SPDX-License-Identifier: MIT */
/* What a finding promises: what was found first, with actors by the names that people know. */
#include "simulation/finding.h"

#include "unit/simulation/checker_stage.h"

static void keeps_what_was_found_first(void **state)
{
    (void) state;
    tr_finding finding = {.text = ""};
    assert_true(tr_finding_is_open(&finding));
    tr_finding_note(&finding, "number %d", 1);
    assert_false(tr_finding_is_open(&finding));
    tr_finding_note(&finding, "number %d", 2);
    assert_string_equal(finding.text, "number 1");
}

static void finds_nothing_when_it_is_blind(void **state)
{
    (void) state;
    tr_finding finding = {.is_blind = true};
    tr_finding_note(&finding, "something");
    assert_string_equal(finding.text, "");
}

static void names_actors(void **state)
{
    (void) state;
    struct stage stage;
    set_stage(&stage);
    char title[TR_TITLE_SIZE];
    const tr_system *system = stage.workers[0]->system;
    tr_title_print(system, stage.actor->address, title, sizeof title);
    assert_string_equal(title, "'it'");
    const troupe_ref ref = a_root(stage.world, TROUPE_SPAWN(.body = waits));
    tr_title_print(system, (tr_address) {ref.slot, ref.generation}, title, sizeof title);
    assert_string_equal(title, "coroutine 2.1");
    tr_title_print(system, (tr_address) {99, 1}, title, sizeof title);
    assert_string_equal(title, "actor 99.1");
    tr_title_print(system, (tr_address) {0}, title, sizeof title);
    assert_string_equal(title, "nobody");
    strike_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_found_first),
        cmocka_unit_test(finds_nothing_when_it_is_blind),
        cmocka_unit_test(names_actors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
