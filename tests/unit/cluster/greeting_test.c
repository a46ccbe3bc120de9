/* SPDX-License-Identifier: MIT */
/* A greeting is read as it was written, and nothing else is taken for one. */
#include "cluster/greeting.h"

#include <string.h>

#include "base/random.h"
#include "support/fixtures.h"

/* Promise: MESH-GREETING */
static void is_these_bytes(void **state)
{
    (void) state;
    static const unsigned char expected[] = {0x08, 1,    0x10, 1,    0x19, 0x88, 0x77, 0x66, 0x55,
                                             0x44, 0x33, 0x22, 0x11, 0x22, 3,    'a',  'b',  'c'};
    unsigned char data[TR_GREETING_BYTES_MAX];
    const tr_greeting greeting = tr_greeting_of(UINT64_C(0x1122334455667788), "abc");
    assert_int_equal(tr_greeting_write(&greeting, data), sizeof expected);
    assert_memory_equal(data, expected, sizeof expected);

    tr_greeting read;
    assert_true(tr_greeting_read(expected, sizeof expected, &read));
    assert_true(read.node == UINT64_C(0x1122334455667788));
    assert_string_equal(read.name, "abc");
    assert_true(tr_greeting_is_understood(&read));
}

static void tells_labels(void **state)
{
    (void) state;
    static const unsigned char expected[] = {0x08, 1, 0x10, 1, 0x19, 1,    0, 0,   0,   0,  0,
                                             0,    0, 0x22, 1, 'a',  0x32, 3, 'x', '=', 'y'};
    unsigned char data[TR_GREETING_BYTES_MAX];
    tr_greeting greeting = tr_greeting_of(1, "a");
    tr_greeting read;
    strcpy(greeting.labels, "x=y");
    assert_int_equal(tr_greeting_write(&greeting, data), sizeof expected);
    assert_memory_equal(data, expected, sizeof expected);
    assert_true(tr_greeting_read(expected, sizeof expected, &read));
    assert_string_equal(read.labels, "x=y");
    data[sizeof expected - 1] = ' '; /* no label: there are none */
    assert_true(tr_greeting_read(data, sizeof expected, &read));
    assert_string_equal(read.labels, "");
}

static void cuts_a_name_that_is_too_long(void **state)
{
    (void) state;
    char name[200];
    unsigned char data[TR_GREETING_BYTES_MAX];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    tr_greeting greeting = tr_greeting_of(UINT64_MAX, name);
    assert_int_equal(strlen(greeting.name), TR_NODE_NAME_MAX);
    greeting.version_least = greeting.version_most = UINT32_MAX;
    const size_t size = tr_greeting_write(&greeting, data);
    tr_greeting read;
    assert_true(tr_greeting_read(data, size, &read));
    assert_string_equal(read.name, greeting.name);
    assert_false(tr_greeting_is_understood(&read));
}

static void refuses_what_is_none(void **state)
{
    (void) state;
    tr_greeting read;
    unsigned char data[TR_GREETING_BYTES_READ_MAX + 1] = {0};
    assert_false(tr_greeting_read(data, 0, &read)); /* no node */
    assert_false(tr_greeting_read("\x19garbage!", 9, &read) && read.node == 0);
    assert_false(
        tr_greeting_read("\x08\x02\x10\x01\x19"
                         "abcdefgh",
                         13, &read)); /* 2 to 1 */
    assert_false(tr_greeting_read(data, sizeof data, &read));
    tr_random random;
    tr_random_seed(&random, 1);
    for (uint32_t i = 0; i < 100000; i++) {
        const size_t size = tr_random_below(&random, 64);
        for (size_t at = 0; at < size; at++) {
            data[at] = (unsigned char) tr_random_next(&random);
        }
        if (tr_greeting_read(data, size, &read)) {
            assert_true(read.node != 0 && strlen(read.name) <= TR_NODE_NAME_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_these_bytes),
        cmocka_unit_test(tells_labels),
        cmocka_unit_test(cuts_a_name_that_is_too_long),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
