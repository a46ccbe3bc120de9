/* SPDX-License-Identifier: MIT */
/* The words of JSON, one after the other. */
#include "node/json_scan.h"

#include <string.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

static tr_json_reader reader_of(const char *text, char *why)
{
    why[0] = '\0';
    return (tr_json_reader) {.start = text, .at = text, .end = text + strlen(text), .why = why};
}

static void come_in_order(void **state)
{
    (void) state;
    char why[TR_JSON_WHY_SIZE];
    tr_json_word word;
    tr_json_reader reader = reader_of(" { \"a\\tb\" : -1.5e+3 , null true", why);
    assert_true(tr_json_take(&reader, '{'));
    assert_false(tr_json_take(&reader, '}'));
    assert_true(tr_json_scan_word(&reader, &word));
    assert_string_equal(word.text, "a\tb");
    assert_true(tr_json_need(&reader, ':'));
    assert_true(tr_json_scan_digits(&reader, &word));
    assert_string_equal(word.text, "-1.5e+3");
    assert_true(tr_json_need(&reader, ','));
    assert_false(tr_json_take_word(&reader, "nulls"));
    assert_true(tr_json_take_word(&reader, "null"));
    assert_int_equal(tr_json_peek(&reader), 't');
    assert_string_equal(why, "");
    assert_false(tr_json_need(&reader, 'x'));
    assert_string_equal(why, "at character 28: there should be 'x'");
    assert_false(tr_json_blame(&reader, "something else"));
    assert_string_equal(why, "at character 28: there should be 'x'");
}

static void tell_characters_from_bytes(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        size_t length;
    } samples[] = {
        {"a", 1},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\xc3", 0},
        {"\x80", 0},
        {"\xc1\xbf", 0},
        {"\xe0\x80\x80", 0},
        {"\xf8\x88", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xe2\x82", 0},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_int_equal(
            tr_json_character((const unsigned char *) samples[i].text, strlen(samples[i].text)),
            samples[i].length);
    }
}

static void a_buffer_takes_no_more_than_it_may(void **state)
{
    (void) state;
    tr_json_buffer buffer = {.allocator = tr_allocator_default(), .limit = 10};
    tr_json_buffer_append(&buffer, "12345678", 8);
    assert_false(buffer.is_full);
    tr_json_buffer_append(&buffer, "123", 3);
    assert_true(buffer.is_full);
    assert_int_equal(buffer.size, 8);
    tr_json_buffer_free(&buffer);
    assert_null(buffer.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_in_order),
        cmocka_unit_test(tell_characters_from_bytes),
        cmocka_unit_test(a_buffer_takes_no_more_than_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
