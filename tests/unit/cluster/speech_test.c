/* SPDX-License-Identifier: MIT */
/* What a session says, and when. */
#include "cluster/speech.h"

#include "unit/cluster/session_fixture.h"

static void says_hello_until_it_is_answered(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    tr_session_link_up(&end.session, end.now_ns);
    const tr_word *hello = last(&end, TR_WORD_HELLO);
    assert_int_equal(end.ways[0], TR_LINK_CONTROL);
    assert_int_equal(hello->session, 1);
    assert_int_equal(hello->known, 0);
    assert_int_equal(hello->version_most, TR_SESSION_VERSION_MOST);
    assert_int_equal(hello->frames_max, TR_SESSION_FRAMES_MAX);
    pass(&end, 3 * TR_SESSION_HELLO_AGAIN_NS);
    assert_int_equal(end.count, 4);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    end.count = 0;
    pass(&end, TR_SESSION_BEAT_NS / 2);
    assert_int_equal(end.count, 1); /* the last says that it knows theirs */
    assert_int_equal(last(&end, TR_WORD_HELLO)->known, 1);
    end_fini(&end);
}

static void answers_hellos_no_closer_than_so(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    tr_session_link_up(&end.session, end.now_ns);
    for (unsigned i = 0; i < 1000; i++) {
        tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1});
    }
    pass(&end, TR_SESSION_HELLO_GAP_NS);
    assert_int_equal(end.count, 2);
    end_fini(&end);
}

/* Promise: SESSION-ACK */
static void acknowledges_later_or_with_a_frame(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    tell_frame(&end, 1, 1);
    assert_int_equal(end.count, 0);
    pass(&end, TR_SESSION_ACK_NS);
    assert_int_equal(end.count, 1);
    assert_int_equal(last(&end, TR_WORD_ACK)->received, 1);
    assert_int_equal(end.ways[0], TR_LINK_CONTROL);

    tell_frame(&end, 1, 2);
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    assert_int_equal(end.count, 2);
    assert_int_equal(last(&end, TR_WORD_DATA)->received, 2);
    assert_int_equal(end.ways[1], TR_LINK_DATA);
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .received = 1});
    pass(&end, TR_SESSION_BEAT_NS / 2);
    assert_int_equal(end.count, 2);

    for (uint64_t i = 3; i < 3 + TR_SESSION_ACK_FRAMES; i++) {
        tell_frame(&end, 1, i);
    }
    assert_int_equal(end.count, 3); /* so much need not wait */
    end_fini(&end);
}

static void shows_that_it_lives(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    for (unsigned i = 1; i <= 3; i++) {
        pass(&end, TR_SESSION_BEAT_NS);
        assert_int_equal(end.count, i);
        (void) last(&end, TR_WORD_ACK);
    }
    end_fini(&end);
}

static void offers_again_what_the_link_did_not_take(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    end.is_full = true;
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    tell_frame(&end, 1, 1);
    pass(&end, 20 * MS);
    end.is_full = false;
    pass(&end, TR_SESSION_AGAIN_NS);
    assert_true(end.count >= 1);
    assert_int_equal(end.session.window.next, 2);
    end_fini(&end);
}

static tr_crate *lent[2];
static unsigned lent_count;

static bool lend(void *context, const void *word, size_t size, tr_crate *crate)
{
    (void) context;
    (void) size;
    assert_true((const unsigned char *) word < crate->data);
    assert_true(lent_count < 2);
    tr_crate_share(crate);
    lent[lent_count++] = crate;
    return true;
}

/* The head of what still is being sent may not be written again. */
static void sends_a_copy_of_what_is_still_being_sent(void **state)
{
    (void) state;
    struct end end;
    tr_crates crates;
    end_init(&end);
    be_open(&end);
    end.session.port.lend = lend;
    lent_count = 0;
    tr_crates_init(&crates, tr_allocator_default(), 0);
    tr_crate *frame = tr_crates_take(&crates, 3);
    frame->size = 3;
    memcpy(frame->data, "abc", 3);
    assert_true(tr_session_give(&end.session, end.now_ns, frame));
    assert_int_equal(lent_count, 1);
    assert_ptr_equal(lent[0], frame);

    end.now_ns += TR_SESSION_REWIND_NS;
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .again = true});
    assert_int_equal(lent_count, 2);
    assert_ptr_not_equal(lent[1], frame);
    assert_memory_equal(lent[1]->data, "abc", 3);
    tr_crate_drop(lent[1]);
    tr_crate_drop(lent[0]);
    end_fini(&end);
    tr_crates_clear(&crates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_hello_until_it_is_answered),
        cmocka_unit_test(answers_hellos_no_closer_than_so),
        cmocka_unit_test(acknowledges_later_or_with_a_frame),
        cmocka_unit_test(shows_that_it_lives),
        cmocka_unit_test(offers_again_what_the_link_did_not_take),
        cmocka_unit_test(sends_a_copy_of_what_is_still_being_sent),
    };
    return cmocka_run_group_tests_name("A session", tests, NULL, NULL);
}
