/* SPDX-License-Identifier: MIT */
/* What a ref promises: a value that is compared, printed and read back. */
#include <string.h>
#include <troupe/ref.h>

#include "support/fixtures.h"

static const troupe_ref examples[] = {
    {0},
    {.node = 1, .slot = 2, .generation = 3},
    {.node = UINT64_C(0x65a1f00000000001), .slot = 12, .generation = 3},
    {.node = UINT64_MAX, .slot = UINT32_MAX, .generation = UINT32_MAX},
    {.node = UINT64_MAX, .slot = UINT32_MAX, .generation = UINT32_MAX, .seal = UINT64_MAX},
    {.node = 5, .slot = 0, .generation = 1, .seal = 1},
};

/* Promise: REF-TEXT */
static void is_read_back_as_it_was_printed(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char text[TROUPE_REF_TEXT_SIZE];
        troupe_ref read = {.slot = 99};
        troupe_ref_print(examples[i], text);
        assert_true(strlen(text) < TROUPE_REF_TEXT_SIZE);
        assert_ok(troupe_ref_parse(text, &read));
        assert_memory_equal(&read, &examples[i], sizeof read);
    }
}

static void looks_as_documented(void **state)
{
    (void) state;
    char text[TROUPE_REF_TEXT_SIZE];
    troupe_ref_print(examples[2], text);
    assert_string_equal(text, "65a1f00000000001.12.3");
    troupe_ref_print(examples[2], NULL); /* nothing happens */
}

/* Promise: REF-TEXT */
static void is_not_read_from_what_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        ".",
        "1",
        "1.",
        "1.2",
        "1.2.",
        "1..3",
        ".2.3",
        "1.2.3.",
        "1.2.3.4.5",
        "1.2.3 ",
        " 1.2.3",
        "1.2.-3",
        "+1.2.3",
        "g.2.3",
        "1.a.3",
        "1.2.b",
        "0x1.2.3",
        "1.2.3.x",
        "1 .2.3",
        "FF.2.3",
        "1.2.3\n",
        "1,2,3",
        "10000000000000000.2.3",
        "1.4294967296.3",
        "1.2.4294967296",
        "1.2.3.10000000000000000",
        "1.99999999999999999999999.3",
    };
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        troupe_ref read = {.slot = 99};
        assert_fails(troupe_ref_parse(texts[i], &read), BAD_ARGUMENT);
        assert_int_equal(read.slot, 99);
    }
    troupe_ref read;
    assert_fails(troupe_ref_parse(NULL, &read), BAD_ARGUMENT);
    assert_fails(troupe_ref_parse("1.2.3", NULL), BAD_ARGUMENT);
}

/* Promise: REF-SAME */
static void is_the_same_whatever_its_seal(void **state)
{
    (void) state;
    const troupe_ref sealed = {.node = 1, .slot = 2, .generation = 3, .seal = 9};
    const troupe_ref later = {.node = 1, .slot = 2, .generation = 4};
    assert_true(troupe_ref_is_same(sealed, examples[1]));
    assert_int_equal(troupe_ref_hash(sealed), troupe_ref_hash(examples[1]));
    assert_false(troupe_ref_is_same(later, examples[1]));
    assert_int_not_equal(troupe_ref_hash(later), troupe_ref_hash(examples[1]));
    assert_true(troupe_ref_is_none(troupe_ref_none()));
    assert_false(troupe_ref_is_none(sealed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_back_as_it_was_printed),
        cmocka_unit_test(looks_as_documented),
        cmocka_unit_test(is_not_read_from_what_is_none),
        cmocka_unit_test(is_the_same_whatever_its_seal),
    };
    return cmocka_run_group_tests_name("ref", tests, NULL, NULL);
}
