/* SPDX-License-Identifier: MIT */
#include "node/doorman.h"

#include <string.h>

#include "support/fixtures.h"

#define ONE "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define TWO "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

static tr_allowed_key keys[] = {{.key = ONE, .name = "one", .rights = TR_RIGHT_SEND}};
static const tr_allowed from_file = {.keys = keys, .count = 1, .is_from_file = true};
static const tr_allowed given = {.keys = keys, .count = 1};
static char said[512];
static unsigned lines;

static void keep(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    (void) snprintf(said, sizeof said, "%s", text);
    lines++;
}

static const troupe_log log_to_said = {.write = keep, .level = TROUPE_LOG_DEBUG};

/* Promise: KEYS-STRANGERS */
static void tells_of_the_first_strangers(void **state)
{
    (void) state;
    tr_doorman doorman = {.allowed = &from_file, .log = &log_to_said, .node_name = "n"};
    assert_true(tr_doorman_admits(&doorman, ONE, "192.0.2.1"));
    assert_int_equal(lines, 0);
    for (unsigned i = 0; i < 30; i++) {
        assert_false(tr_doorman_admits(&doorman, TWO, "192.0.2.2"));
        assert_non_null(strstr(said, "node 'n': refuses who dials from 192.0.2.2: its key " TWO));
        assert_int_equal(strstr(said, "nothing is said") != NULL, i >= 9);
    }
    assert_int_equal(lines, 10);
    assert_int_equal(doorman.strangers, 30);
}

static uint32_t rights_of(const tr_allowed *allowed, const char *key, bool is_dialled)
{
    const tr_doorman doorman = {.allowed = allowed};
    const tr_guest_key guest = {.key = key, .is_dialled = is_dialled};
    return tr_doorman_rights(&doorman, guest).granted;
}

static bool stays(const tr_allowed *allowed, const char *key, bool is_dialled)
{
    const tr_doorman doorman = {.allowed = allowed};
    const tr_guest_key guest = {.key = key, .is_dialled = is_dialled};
    return tr_doorman_lets_stay(&doorman, guest);
}

/* Promise: KEYS-ROLES */
static void grants_by_key(void **state)
{
    (void) state;
    /* In the list, whoever has dialled. */
    assert_int_equal(rights_of(&from_file, ONE, false), TR_RIGHT_SEND);
    assert_int_equal(rights_of(&from_file, ONE, true), TR_RIGHT_SEND);
    assert_int_equal(rights_of(&given, ONE, true), TR_RIGHT_SEND);
    /* Not in it. */
    assert_int_equal(rights_of(&from_file, TWO, false), 0);
    assert_int_equal(rights_of(&from_file, TWO, true), 0);
    assert_int_equal(rights_of(&given, TWO, false), 0);
    assert_int_equal(rights_of(&given, TWO, true), TR_RIGHTS_ALL);
    /* Plain. */
    assert_int_equal(rights_of(NULL, "", false), TR_RIGHTS_ALL);
    assert_int_equal(rights_of(NULL, NULL, true), TR_RIGHTS_ALL);
    assert_int_equal(rights_of(&from_file, NULL, true), TR_RIGHTS_ALL);

    const tr_doorman doorman = {.allowed = &from_file};
    const tr_guest_key guest = {.key = ONE};
    assert_string_equal(tr_doorman_rights(&doorman, guest).who, "one");
}

static void lets_those_stay_that_are_allowed_or_were_dialled(void **state)
{
    (void) state;
    assert_true(stays(&from_file, ONE, false));
    assert_false(stays(&from_file, TWO, false));
    assert_false(stays(&given, TWO, false));
    assert_false(stays(&given, "", false));
    assert_true(stays(&from_file, TWO, true));
    assert_true(stays(&from_file, NULL, true));
    assert_true(stays(NULL, "", false));
}

/* Promise: KEYS-IDENTITY */
static void tells_keys_apart(void **state)
{
    (void) state;
    const tr_guest_key one = {.key = ONE, .is_dialled = true};
    const tr_guest_key same = {.key = ONE};
    const tr_guest_key two = {.key = TWO};
    const tr_guest_key none = {.key = NULL, .is_dialled = true};
    const tr_guest_key empty = {.key = ""};
    assert_true(tr_doorman_owner(one) == tr_doorman_owner(same));
    assert_true(tr_doorman_owner(one) != tr_doorman_owner(two));
    assert_true(tr_doorman_owner(none) == tr_doorman_owner(empty));
    assert_true(tr_doorman_owner(none) != tr_doorman_owner(one));
    assert_true(tr_doorman_owner(none) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_the_first_strangers),
        cmocka_unit_test(grants_by_key),
        cmocka_unit_test(tells_keys_apart),
        cmocka_unit_test(lets_those_stay_that_are_allowed_or_were_dialled),
    };
    return cmocka_run_group_tests_name("The doorman", tests, NULL, NULL);
}
