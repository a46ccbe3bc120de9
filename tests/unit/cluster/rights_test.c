/* SPDX-License-Identifier: MIT */
#include "cluster/rights.h"

#include "support/fixtures.h"

static void are_read_by_name(void **state)
{
    (void) state;
    uint32_t rights = 0;
    assert_true(tr_rights_read("send", &rights));
    assert_int_equal(rights, TR_RIGHT_SEND);
    assert_true(tr_rights_read("monitor,spawn,inspect", &rights));
    assert_int_equal(rights, TR_RIGHT_MONITOR | TR_RIGHT_SPAWN | TR_RIGHT_INSPECT);
    assert_true(tr_rights_read("all", &rights));
    assert_int_equal(rights, TR_RIGHTS_ALL);
    static const char *const bad[] = {"",      ",",    "send,", ",send",        "sen",
                                      "sends", "SEND", "none",  "send;monitor", "all,send,x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rights = 77;
        assert_false(tr_rights_read(bad[i], &rights));
        assert_int_equal(rights, 77);
    }
}

static void have_names(void **state)
{
    (void) state;
    uint32_t rights = 0;
    for (uint32_t right = 1; right <= TR_RIGHT_INSPECT; right *= 2) {
        assert_true(tr_rights_read(tr_right_name(right), &rights));
        assert_int_equal(rights, right);
    }
    assert_string_equal(tr_right_name(0), "none");
}

/* Promise: KEYS-ANSWERS */
static void are_not_needed_to_answer(void **state)
{
    (void) state;
    assert_int_equal(tr_rights_for(TR_ENVELOPE_TELL), TR_RIGHT_SEND);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_ASK), TR_RIGHT_SEND);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_MONITOR), TR_RIGHT_MONITOR);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_LINK), TR_RIGHT_MONITOR | TR_RIGHT_SPAWN);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_SPAWN), TR_RIGHT_SPAWN);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_SIGNAL), TR_RIGHT_SPAWN);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_REPLY), 0);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_CANCEL), 0);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_DEMONITOR), 0);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_EXIT), 0);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_SPAWNED), 0);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_DOWN), 0);
    assert_int_equal(tr_rights_for(TR_ENVELOPE_LOOKUP), 0);
}

/* Promise: INSPECT-ROLES */
static void are_needed_to_inspect(void **state)
{
    (void) state;
    assert_int_equal(tr_rights_to_inspect("troupe.inspect.ListActors"), TR_RIGHT_INSPECT);
    assert_int_equal(tr_rights_to_inspect("troupe.inspect.Tap"), TR_RIGHT_INSPECT);
    assert_int_equal(tr_rights_to_inspect("troupe.inspect.Say"), TR_RIGHT_SEND);
    assert_int_equal(tr_rights_to_inspect("troupe.inspect.Stop"), TR_RIGHT_SPAWN);
    assert_int_equal(tr_rights_to_inspect("troupe.inspect.Other"), TR_RIGHTS_ALL);
    assert_int_equal(tr_rights_to_inspect("ListActors"), TR_RIGHTS_ALL);
    assert_int_equal(tr_rights_to_inspect(NULL), TR_RIGHTS_ALL);
    assert_true(tr_rights_is_to_inspect("troupe.inspect.Tap"));
    assert_false(tr_rights_is_to_inspect("troupe.inspected"));
    assert_false(tr_rights_is_to_inspect(NULL));
}

static void are_written_as_they_are_read(void **state)
{
    (void) state;
    char text[64];
    for (uint32_t rights = 1; rights <= TR_RIGHTS_ALL; rights++) {
        uint32_t read = 0;
        tr_rights_write(rights, text, sizeof text);
        assert_true(tr_rights_read(text, &read));
        assert_int_equal(read, rights);
    }
    tr_rights_write(TR_RIGHTS_ALL, text, sizeof text);
    assert_string_equal(text, "all");
    tr_rights_write(0, text, sizeof text);
    assert_string_equal(text, "");
    tr_rights_write(TR_RIGHT_SEND | TR_RIGHT_MONITOR, text, 8);
    assert_string_equal(text, "send,mo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_read_by_name),
        cmocka_unit_test(have_names),
        cmocka_unit_test(are_not_needed_to_answer),
        cmocka_unit_test(are_needed_to_inspect),
        cmocka_unit_test(are_written_as_they_are_read),
    };
    return cmocka_run_group_tests_name("Rights", tests, NULL, NULL);
}
