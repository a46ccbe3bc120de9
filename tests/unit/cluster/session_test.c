/* SPDX-License-Identifier: MIT */
/* What a session does at each word of the other's. session_random_test has the rest. */
#include "unit/cluster/session_fixture.h"

/* Both dial at once, and their hellos cross. */
static void begins_when_the_other_has_named_its_number(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 5});
    assert_int_equal(end.begun, 0);
    pass(&end, TR_SESSION_HELLO_GAP_NS);
    assert_int_equal(last(&end, TR_WORD_HELLO)->known, 5);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 5, .known = 1});
    assert_int_equal(end.begun, 1);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 5, .known = 1});
    assert_int_equal(end.begun, 1);
    (void) last(&end, TR_WORD_ACK);
    end_fini(&end);
}

/* The last hello may have been lost: a frame says the same. */
static void begins_with_any_word_of_its_session(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 5});
    tell_frame(&end, 4, 1);
    assert_int_equal(end.begun, 0);
    tell_frame(&end, 5, 1);
    assert_int_equal(end.begun, 1);
    assert_int_equal(end.came, 1);
    assert_int_equal(end.age_ns, 7);
    end_fini(&end);
}

/* Promise: SESSION-OLD */
static void takes_nothing_of_an_old_session_and_says_so(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    tell_frame(&end, 1, 1);
    assert_int_equal(end.came, 1);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 2, .known = 0});
    assert_int_equal(end.lost, 1);
    assert_int_equal(end.reason, TROUPE_ERROR_NODE_LOST);
    pass(&end, TR_SESSION_HELLO_GAP_NS);
    assert_int_equal(last(&end, TR_WORD_HELLO)->session, 2);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 2, .known = 2});
    assert_int_equal(end.begun, 2);

    /* Late words of the first. */
    pass(&end, 10 * MS);
    end.count = 0;
    tell_frame(&end, 1, 1);
    tell_frame(&end, 1, 2);
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .received = 100});
    assert_int_equal(end.came, 1);
    assert_int_equal(end.session.received, 0);
    pass(&end, TR_SESSION_HELLO_GAP_NS);
    assert_int_equal(last(&end, TR_WORD_HELLO)->session, 2);
    pass(&end, 10 * MS);
    end.count = 0;
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    pass(&end, TR_SESSION_HELLO_GAP_NS);
    assert_int_equal(last(&end, TR_WORD_HELLO)->session, 2);
    assert_int_equal(end.lost, 1);

    /* And of another incarnation. */
    tell(&end, (tr_word) {.kind = TR_WORD_DATA,
                          .from = PEER + 1,
                          .session = 2,
                          .sequence = 1,
                          .frame = "a",
                          .frame_size = 1});
    tell(&end, (tr_word) {.kind = TR_WORD_DATA,
                          .to = OWN + 1,
                          .session = 2,
                          .sequence = 1,
                          .frame = "a",
                          .frame_size = 1});
    assert_int_equal(end.came, 1);
    tell_frame(&end, 2, 1);
    assert_int_equal(end.came, 2);
    end_fini(&end);
}

static void asks_again_for_what_is_missing_once(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    tell_frame(&end, 1, 1);
    tell_frame(&end, 1, 3);
    assert_true(last(&end, TR_WORD_ACK)->again);
    tell_frame(&end, 1, 4);
    assert_int_equal(end.count, 1);
    assert_int_equal(end.came, 1);
    tell(&end, (tr_word) {.kind = TR_WORD_PROBE, .session = 1, .sequence = 4});
    assert_int_equal(end.count, 2);
    assert_true(last(&end, TR_WORD_ACK)->again);
    tell_frame(&end, 1, 2);
    tell_frame(&end, 1, 2);
    tell(&end, (tr_word) {.kind = TR_WORD_PROBE, .session = 1, .sequence = 2});
    assert_false(last(&end, TR_WORD_ACK)->again);
    assert_int_equal(end.came, 2);
    end_fini(&end);
}

/* Promise: SESSION-RESUME */
static void goes_on_after_a_break_from_what_the_other_has(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    }
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .received = 1});
    tr_session_link_down(&end.session, end.now_ns);
    pass(&end, 300 * MS);
    assert_true(end.opened > 0);
    end.count = 0;
    tr_session_link_up(&end.session, end.now_ns);
    assert_int_equal(end.count, 1); /* nothing before they have said what they have */
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1, .received = 2});
    assert_int_equal(end.lost, 0);
    assert_int_equal(end.said[end.count - 2].sequence, 3);
    assert_true(end.said[end.count - 2].age_ns >= 300 * MS);
    assert_int_equal(last(&end, TR_WORD_DATA)->sequence, 4);
    assert_int_equal(end.session.window.acked, 2);
    end_fini(&end);
}

static void asks_after_what_nobody_has_acknowledged(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    pass(&end, TR_SESSION_PROBE_NS);
    assert_int_equal(last(&end, TR_WORD_PROBE)->sequence, 1);
    assert_int_equal(end.ways[end.count - 1], TR_LINK_DATA);
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .again = true});
    assert_int_equal(last(&end, TR_WORD_DATA)->sequence, 1);
    const uint32_t count = end.count;
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .again = true});
    assert_int_equal(end.count, count); /* not as often as it is asked */
    end_fini(&end);
}

/* Promise: SESSION-FULL */
static void takes_no_more_than_the_window_and_says_when_there_is_room(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1, .frames_max = 2});
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    assert_false(tr_session_send(&end.session, end.now_ns, "abc", 3));
    assert_int_equal(end.ready, 0);
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .received = 1});
    assert_int_equal(end.ready, 1);
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    end_fini(&end);
}

static void expect_refusal(const struct end *end, uint32_t lost)
{
    assert_int_equal(last(end, TR_WORD_BYE)->reason, TR_BYE_BROKEN);
    assert_int_equal(end->closed, 1);
    assert_int_equal(end->lost, lost);
    assert_int_equal(end->lines, 1);
    assert_null(end->session.window.first);
}

/* Promise: SESSION-BROKEN */
static void ends_with_who_says_what_nobody_may_say(void **state)
{
    (void) state;
    static const tr_word bad[] = {
        {.kind = TR_WORD_ACK, .session = 1, .received = 2},
        {.kind = TR_WORD_ACK, .session = 1, .received = UINT64_MAX},
        {.kind = TR_WORD_PROBE, .session = 1, .sequence = TR_SESSION_FRAMES_MAX + 1},
        {.kind = TR_WORD_PROBE, .session = 1, .sequence = UINT64_MAX},
        {.kind = TR_WORD_HELLO, .session = 1, .known = 2},
        {.kind = TR_WORD_HELLO, .session = 1, .known = 1, .received = 2},
    };
    struct end end;
    for (size_t i = 0; i <= sizeof bad / sizeof bad[0]; i++) {
        end_init(&end);
        be_open(&end);
        assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
        if (i < sizeof bad / sizeof bad[0]) {
            tell(&end, bad[i]);
        } else {
            tr_session_came(&end.session, end.now_ns, "garbage", 7);
        }
        expect_refusal(&end, 1);
        end_fini(&end);
    }
    /* Who is not in a session has nothing to lose. */
    end_init(&end);
    tr_session_link_up(&end.session, end.now_ns);
    tr_session_came(&end.session, end.now_ns, "garbage", 7);
    expect_refusal(&end, 0);
    assert_int_equal(end.session.number, 1);
    /* Again and again, and one line in the log. */
    for (uint32_t i = 0; i < 10; i++) {
        tr_session_link_up(&end.session, end.now_ns);
        tr_session_came(&end.session, end.now_ns, "garbage", 7);
    }
    assert_int_equal(end.lines, 1);
    assert_int_equal(end.closed, 11);
    end_fini(&end);
}

/* Promise: SESSION-VERSION */
static void does_not_begin_with_one_that_speaks_no_common_version(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO,
                          .session = 1,
                          .known = 1,
                          .version_least = TR_SESSION_VERSION_MOST + 1,
                          .version_most = TR_SESSION_VERSION_MOST + 2});
    assert_int_equal(last(&end, TR_WORD_BYE)->reason, TR_BYE_INCOMPATIBLE);
    assert_int_equal(end.begun, 0);
    assert_int_equal(end.closed, 1);
    assert_int_equal(end.lines, 1);
    /* A newer one that still speaks ours is welcome. */
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO,
                          .session = 1,
                          .known = 1,
                          .version_least = 1,
                          .version_most = TR_SESSION_VERSION_MOST + 2,
                          .features = UINT64_MAX});
    assert_int_equal(end.begun, 1);
    end_fini(&end);
}

/* Promise: SESSION-DEATH */
static void takes_for_dead_who_says_nothing_and_dials_no_more(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    pass(&end, TR_SESSION_SUSPECT_NS);
    assert_true(end.session.is_suspect);
    assert_int_equal(end.lost, 0);
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1});
    assert_false(end.session.is_suspect);
    pass(&end, TR_SESSION_DEAD_NS - 1);
    assert_int_equal(end.lost, 0);
    pass(&end, TR_SESSION_BEAT_NS);
    assert_int_equal(end.lost, 1);
    assert_int_equal(end.reason, TROUPE_ERROR_NODE_LOST);
    assert_int_equal(end.closed, 1);
    assert_null(end.session.window.first);
    assert_true(tr_session_due_ns(&end.session) == UINT64_MAX);

    /* It comes back: a new session; its frames of the old one are over. */
    tr_session_link_up(&end.session, end.now_ns);
    assert_int_equal(last(&end, TR_WORD_HELLO)->session, 2);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    assert_int_equal(end.begun, 1);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 2, .known = 2});
    assert_int_equal(end.begun, 2);
    end_fini(&end);
}

/* Promise: SESSION-RENEW */
static void is_renewed_when_its_border_asks_for_it(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    tr_session_renew(&end.session, end.now_ns); /* there is none */
    assert_int_equal(end.session.number, 1);
    be_open(&end);
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    tr_session_renew(&end.session, end.now_ns);
    assert_int_equal(end.lost, 1);
    assert_null(end.session.window.first);
    assert_int_equal(last(&end, TR_WORD_HELLO)->session, 2);
    tell_frame(&end, 1, 1); /* under way in the one before */
    assert_int_equal(end.came, 0);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 2, .known = 2});
    assert_int_equal(end.begun, 2);
    end_fini(&end);
}

/* A border that was told that there is room may find that it has none. */
static bool renews;

static void renew_when_ready(void *context)
{
    struct end *end = context;
    if (renews) {
        tr_session_renew(&end->session, end->now_ns);
    }
}

static void takes_nothing_in_when_it_is_renewed_meanwhile(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    end.session.port.ready = renew_when_ready;
    renews = true;
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1, .frames_max = 1});
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    assert_false(tr_session_send(&end.session, end.now_ns, "abc", 3));
    tell(&end, (tr_word) {.kind = TR_WORD_DATA,
                          .session = 1,
                          .sequence = 1,
                          .received = 1,
                          .frame = "a",
                          .frame_size = 1});
    assert_int_equal(end.lost, 1);
    assert_int_equal(end.came, 0);
    assert_int_equal(end.session.received, 0);
    end_fini(&end);
}

static void dials_while_somebody_wants_it(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    assert_false(tr_session_send(&end.session, end.now_ns, "abc", 3));
    pass(&end, 0);
    assert_int_equal(end.opened, 1);
    pass(&end, TR_SESSION_WANT_NS);
    const uint32_t opened = end.opened;
    assert_in_range(opened, 3, 20);
    pass(&end, 10 * TR_SESSION_WANT_NS);
    assert_int_equal(end.opened, opened);
    assert_true(tr_session_due_ns(&end.session) == UINT64_MAX);
    end_fini(&end);
}

/* Promise: SESSION-LEAVE */
static void leaves_behind_all_that_was_sent(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    be_open(&end);
    assert_true(tr_session_send(&end.session, end.now_ns, "abc", 3));
    tr_session_leave(&end.session, end.now_ns);
    assert_int_equal(last(&end, TR_WORD_BYE)->reason, TR_BYE_LEAVING);
    assert_int_equal(end.ways[end.count - 1], TR_LINK_DATA);
    assert_int_equal(end.said[end.count - 2].kind, TR_WORD_DATA);
    assert_int_equal(end.lost, 0);
    tell(&end, (tr_word) {.kind = TR_WORD_ACK, .session = 1, .received = 1});
    pass(&end, 100 * MS);
    (void) last(&end, TR_WORD_BYE);
    end_fini(&end);

    end_init(&end);
    be_open(&end);
    tell(&end, (tr_word) {.kind = TR_WORD_BYE, .session = 1, .reason = TR_BYE_LEAVING});
    assert_int_equal(end.lost, 1);
    assert_int_equal(end.reason, TROUPE_ERROR_STALE);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 9, .known = 0});
    assert_int_equal(end.begun, 1);
    assert_false(tr_session_send(&end.session, end.now_ns, "abc", 3));
    assert_true(tr_session_due_ns(&end.session) == UINT64_MAX);
    end_fini(&end);
}

/* Promise: SESSION-LEAVE */
static void says_that_it_leaves_to_whom_it_does_not_begin_with(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    end.answer = TROUPE_ERROR_STOPPING;
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    assert_false(end.session.is_open);
    assert_int_equal(end.closed, 0);
    tr_session_leave(&end.session, end.now_ns);
    assert_int_equal(last(&end, TR_WORD_BYE)->reason, TR_BYE_LEAVING);
    assert_int_equal(end.ways[end.count - 1], TR_LINK_CONTROL); /* behind its greeting */
    end_fini(&end);
}

static void does_not_begin_if_the_border_does_not_want_it(void **state)
{
    (void) state;
    struct end end;
    end_init(&end);
    end.answer = TROUPE_ERROR_NO_MEMORY;
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    assert_false(end.session.is_open);
    assert_int_equal(end.closed, 1);
    end.answer = TROUPE_OK;
    tr_session_link_up(&end.session, end.now_ns);
    tell(&end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    assert_int_equal(end.begun, 1);
    assert_int_equal(end.lost, 0);
    end_fini(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_when_the_other_has_named_its_number),
        cmocka_unit_test(begins_with_any_word_of_its_session),
        cmocka_unit_test(takes_nothing_of_an_old_session_and_says_so),
        cmocka_unit_test(asks_again_for_what_is_missing_once),
        cmocka_unit_test(goes_on_after_a_break_from_what_the_other_has),
        cmocka_unit_test(asks_after_what_nobody_has_acknowledged),
        cmocka_unit_test(takes_no_more_than_the_window_and_says_when_there_is_room),
        cmocka_unit_test(ends_with_who_says_what_nobody_may_say),
        cmocka_unit_test(does_not_begin_with_one_that_speaks_no_common_version),
        cmocka_unit_test(takes_for_dead_who_says_nothing_and_dials_no_more),
        cmocka_unit_test(is_renewed_when_its_border_asks_for_it),
        cmocka_unit_test(takes_nothing_in_when_it_is_renewed_meanwhile),
        cmocka_unit_test(dials_while_somebody_wants_it),
        cmocka_unit_test(leaves_behind_all_that_was_sent),
        cmocka_unit_test(says_that_it_leaves_to_whom_it_does_not_begin_with),
        cmocka_unit_test(does_not_begin_if_the_border_does_not_want_it),
    };
    return cmocka_run_group_tests_name("A session", tests, NULL, NULL);
}
