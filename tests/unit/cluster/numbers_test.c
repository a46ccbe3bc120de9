/* SPDX-License-Identifier: MIT */
/* What numbers promise: each names one thing, and is found from both sides. */
#include "cluster/numbers.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cluster/limits.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

static troupe_message a_request(uint64_t correlation)
{
    troupe_message message = {.sender = {.slot = 3, .generation = 4}, .correlation = correlation};
    tr_message_set_kind(&message, TR_KIND_USER);
    return message;
}

static void find_ours_by_number_and_by_who_waits(void **state)
{
    (void) state;
    tr_numbers numbers;
    tr_numbers_init(&numbers, tr_allocator_default());
    troupe_message requests[3] = {a_request(1), a_request(2), a_request(1)};
    tr_message_set_kind(&requests[2], TR_KIND_MONITOR);
    tr_own *own[3];
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(tr_numbers_add_own(&numbers, &requests[i], &own[i]));
        assert_int_not_equal(own[i]->number, 0);
        assert_ptr_equal(tr_numbers_find_own(&numbers, own[i]->number), own[i]);
    }

    const tr_address asker = requests[0].sender;
    assert_ptr_equal(tr_numbers_find_by_key(&numbers, TR_KIND_USER, asker, 1), own[0]);
    assert_ptr_equal(tr_numbers_find_by_key(&numbers, TR_KIND_USER, asker, 2), own[1]);
    assert_ptr_equal(tr_numbers_find_by_key(&numbers, TR_KIND_MONITOR, asker, 1), own[2]);
    assert_null(tr_numbers_find_by_key(&numbers, TR_KIND_MONITOR, asker, 2));
    const uint64_t number = own[1]->number;
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(tr_numbers_remove_own(&numbers, own[i]), &requests[i]);
    }
    assert_null(tr_numbers_find_own(&numbers, number));
    assert_null(tr_numbers_find_by_key(&numbers, TR_KIND_USER, asker, 1));
    tr_numbers_fini(&numbers);
}

static void find_theirs_by_number_and_by_monitor(void **state)
{
    (void) state;
    tr_numbers numbers;
    tr_numbers_init(&numbers, tr_allocator_default());
    tr_their *ask = NULL;
    tr_their *monitor = NULL;
    tr_their *again = NULL;
    assert_ok(tr_numbers_add_their(&numbers, 7, false, &ask));
    assert_ok(tr_numbers_add_their(&numbers, 8, true, &monitor));
    assert_fails(tr_numbers_add_their(&numbers, 7, true, &again), BAD_ARGUMENT);
    tr_numbers_note_monitor(&numbers, monitor, 99);

    assert_ptr_equal(tr_numbers_find_their(&numbers, 7), ask);
    assert_ptr_equal(tr_numbers_find_monitor(&numbers, 99), monitor);
    tr_numbers_void_their(&numbers, ask);
    assert_null(tr_numbers_find_their(&numbers, 7));
    assert_ok(tr_numbers_add_their(&numbers, 7, false, &again));
    tr_numbers_remove_their(&numbers, ask);
    tr_numbers_remove_their(&numbers, again);
    tr_numbers_remove_their(&numbers, monitor);
    assert_null(tr_numbers_find_monitor(&numbers, 99));
    assert_null(tr_numbers_first_their(&numbers));
    tr_numbers_fini(&numbers);
}

static void are_not_given_without_memory(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    for (int allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_numbers numbers;
        tr_numbers_init(&numbers, &port);
        troupe_message request = a_request(1);
        tr_own *own = NULL;
        tr_their *their = NULL;
        tr_failing_allocator_fail_after(&memory, allowed);
        error = tr_numbers_add_own(&numbers, &request, &own);
        if (error == TROUPE_OK) {
            error = tr_numbers_add_their(&numbers, 1, true, &their);
            (void) tr_numbers_remove_own(&numbers, own);
        }
        if (error == TROUPE_OK) {
            tr_numbers_remove_their(&numbers, their);
        }
        tr_numbers_fini(&numbers);
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }
    assert_int_equal(error, TROUPE_OK);
}

/* Promise: REMOTE-HOSTILE */
static void are_so_many_and_no_more(void **state)
{
    (void) state;
    tr_numbers numbers;
    tr_numbers_init(&numbers, tr_allocator_default());
    troupe_message request = a_request(0);
    tr_their *their = NULL;
    tr_own *own = NULL;
    for (uint64_t i = 1; i <= TR_NUMBERS_MAX; i++) {
        assert_ok(tr_numbers_add_their(&numbers, i, i % 2 == 0, &their));
    }
    assert_fails(tr_numbers_add_their(&numbers, TR_NUMBERS_MAX + UINT64_C(1), false, &their),
                 LIMIT_REACHED);
    while ((their = tr_numbers_first_their(&numbers)) != NULL) {
        tr_numbers_remove_their(&numbers, their);
    }
    troupe_message *many = calloc(TR_NUMBERS_MAX, sizeof *many);
    for (uint64_t i = 0; i < TR_NUMBERS_MAX; i++) {
        many[i] = a_request(i);
        assert_ok(tr_numbers_add_own(&numbers, &many[i], &own));
    }
    assert_fails(tr_numbers_add_own(&numbers, &request, &own), LIMIT_REACHED);
    uint64_t number = 0;
    while ((own = tr_numbers_next_own(&numbers, &number)) != NULL) {
        (void) tr_numbers_remove_own(&numbers, own);
    }
    free(many);
    tr_numbers_fini(&numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_ours_by_number_and_by_who_waits),
        cmocka_unit_test(find_theirs_by_number_and_by_monitor),
        cmocka_unit_test(are_not_given_without_memory),
        cmocka_unit_test(are_so_many_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
