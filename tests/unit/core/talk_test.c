/* SPDX-License-Identifier: MIT */
/* What the samples of who talks to whom promise. */
#include "core/talk.h"

#include "core/limits.h"
#include "support/fixtures.h"

static tr_address nth(uint32_t slot)
{
    return (tr_address) {.slot = slot, .generation = 1};
}

static void note_often(tr_talk *talk, uint32_t slot, uint32_t to, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        tr_talk_note(talk, nth(slot), to);
    }
}

/* The first epoch in which this worker may give to the other. */
static uint64_t an_epoch_from(uint32_t from, uint32_t to)
{
    uint64_t epoch = 1;
    while (!tr_talk_may_go(epoch, from, to)) {
        epoch++;
        assert_true(epoch < 100);
    }
    return epoch;
}

static tr_talk a_talk(uint64_t epoch)
{
    tr_talk talk = {.epoch = 0};
    tr_talk_set_time(&talk, epoch * TR_TALK_EPOCH_NS);
    return talk;
}

static void takes_who_talks_most(void **state)
{
    (void) state;
    tr_talk_entry entry;
    uint32_t percent = 0;
    tr_talk talk = a_talk(an_epoch_from(1, 2));
    note_often(&talk, 7, 2, TR_TALK_SAMPLES_MIN);
    note_often(&talk, 8, 2, 3 * TR_TALK_SAMPLES_MIN);
    note_often(&talk, 8, 0, TR_TALK_SAMPLES_MIN);

    assert_true(tr_talk_take(&talk, 1, &entry, &percent));
    assert_int_equal(entry.sender.slot, 8);
    assert_int_equal(entry.to, 2);
    assert_int_equal(percent, 75);

    assert_true(tr_talk_take(&talk, 1, &entry, &percent));
    assert_int_equal(entry.sender.slot, 7);
    assert_int_equal(percent, 100);
    assert_false(tr_talk_take(&talk, 1, &entry, &percent)); /* each once an epoch */
}

static void takes_so_many_in_an_epoch(void **state)
{
    (void) state;
    tr_talk_entry entry;
    uint32_t percent = 0;
    tr_talk talk = a_talk(an_epoch_from(1, 2));
    for (uint32_t i = 0; i < 2 * TR_TALK_TRIES; i++) {
        note_often(&talk, i, 2, TR_TALK_SAMPLES_MIN);
    }
    for (uint32_t i = 0; i < TR_TALK_TRIES; i++) {
        assert_true(tr_talk_take(&talk, 1, &entry, &percent));
    }
    assert_false(tr_talk_take(&talk, 1, &entry, &percent));
}

static void leaves_who_talks_little(void **state)
{
    (void) state;
    tr_talk_entry entry;
    uint32_t percent = 0;
    tr_talk talk = a_talk(an_epoch_from(1, 2));
    note_often(&talk, 7, 2, TR_TALK_SAMPLES_MIN - 1);

    assert_false(tr_talk_take(&talk, 1, &entry, &percent));
}

static void forgets_what_was_said_in_the_last_epoch(void **state)
{
    (void) state;
    tr_talk_entry entry;
    uint32_t percent = 0;
    const uint64_t epoch = an_epoch_from(1, 2);
    tr_talk talk = a_talk(epoch - 1);
    note_often(&talk, 7, 2, 100);
    tr_talk_set_time(&talk, epoch * TR_TALK_EPOCH_NS);

    assert_false(tr_talk_take(&talk, 1, &entry, &percent));
}

static void counts_as_many_senders_as_there_is_room_for(void **state)
{
    (void) state;
    tr_talk talk = a_talk(1);
    for (uint32_t i = 0; i < 10 * TR_TALK_ENTRIES; i++) {
        tr_talk_note(&talk, nth(i), 1);
    }
    assert_int_equal(talk.count, TR_TALK_ENTRIES);
}

static void lets_go_in_one_direction_at_a_time(void **state)
{
    (void) state;
    uint32_t went = 0;
    for (uint64_t epoch = 0; epoch < 200; epoch++) {
        for (uint32_t from = 0; from < 4; from++) {
            for (uint32_t to = 0; to < 4; to++) {
                assert_true(from == to || !tr_talk_may_go(epoch, from, to) ||
                            !tr_talk_may_go(epoch, to, from));
                went += from != to && tr_talk_may_go(epoch, from, to) ? 1 : 0;
            }
        }
    }
    assert_in_range(went, 400, 800); /* a quarter of 2400 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_who_talks_most),
        cmocka_unit_test(takes_so_many_in_an_epoch),
        cmocka_unit_test(leaves_who_talks_little),
        cmocka_unit_test(forgets_what_was_said_in_the_last_epoch),
        cmocka_unit_test(counts_as_many_senders_as_there_is_room_for),
        cmocka_unit_test(lets_go_in_one_direction_at_a_time),
    };
    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
