/* SPDX-License-Identifier: MIT */
/* The sessions of a node, between its border and links that the test plays. */
#include "cluster/sessions.h"

#include <string.h>

#include "cluster/frame.h"
#include "cluster/limits.h"
#include "cluster/peer.h"
#include "cluster/squeeze.h"
#include "support/world_fixture.h"

#define PEER UINT64_C(0xbeef)
#define SAID_MAX 64

struct stage {
    tr_world *world;
    tr_border border;
    tr_sessions sessions;
    uint64_t own;
    tr_word said[SAID_MAX];
    uint64_t to[SAID_MAX];
    uint32_t count;
    uint32_t opened;
    uint32_t closed;
};

static bool send_word(void *context, uint64_t node, tr_link_kind kind, const void *word,
                      size_t size)
{
    struct stage *stage = context;
    (void) kind;
    assert_in_range(stage->count, 0, SAID_MAX - 1);
    assert_true(tr_word_read(word, size, &stage->said[stage->count]));
    stage->to[stage->count++] = node;
    return true;
}

static void open_link(void *context, uint64_t node)
{
    (void) node;
    ((struct stage *) context)->opened++;
}

static void close_link(void *context, uint64_t node)
{
    (void) node;
    ((struct stage *) context)->closed++;
}

static void init(struct stage *stage)
{
    const tr_link_port links = {
        .context = stage, .send = send_word, .open = open_link, .close = close_link};
    *stage = (struct stage) {.world = a_world(1, 1)};
    tr_system *system = tr_world_worker(stage->world, 0)->system;
    stage->own = system->options.node_id;
    tr_sessions_init(&stage->sessions, &stage->border, system, &links, NULL);
    const tr_wire_port wire = tr_sessions_wire(&stage->sessions);
    tr_border_init(&stage->border, system, &wire);
    const troupe_spawn_options spawn = tr_border_spawn_options(&stage->border);
    (void) a_root(stage->world, &spawn);
}

static void fini(struct stage *stage)
{
    assert_true(tr_world_stop(stage->world));
    assert_sound(stage->world);
    tr_sessions_fini(&stage->sessions);
    tr_border_fini(&stage->border);
    tr_world_destroy(&stage->world);
}

static void tell(struct stage *stage, uint64_t link, tr_word word)
{
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX + TR_FRAME_HEAD_BYTES_MAX];
    unsigned char *end = bytes + TR_WORD_HEAD_BYTES_MAX;
    word.from = word.from != 0 ? word.from : PEER;
    word.to = word.to != 0 ? word.to : stage->own;
    if (word.kind == TR_WORD_HELLO) {
        word.version_least = 1;
        word.version_most = 1;
    }
    const unsigned char *start = tr_word_write_before(&word, end);
    if (word.frame_size > 0) {
        memcpy(end, word.frame, word.frame_size);
    }
    tr_sessions_came(&stage->sessions, link, start, (size_t) (end - start) + word.frame_size);
}

static void be_connected(struct stage *stage)
{
    tr_sessions_link_up(&stage->sessions, PEER);
    tell(stage, PEER, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    assert_true(tr_border_is_connected(&stage->border, PEER));
    tr_world_advance(stage->world, 1000000);
}

static void connect_the_border_and_beat_by_its_worker(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    be_connected(&stage);
    stage.count = 0;
    tr_world_advance(stage.world, TR_SESSION_BEAT_NS);
    assert_int_equal(stage.said[0].kind, TR_WORD_PROBE); /* after the border's first frame */
    assert_int_equal(stage.said[stage.count - 1].kind, TR_WORD_ACK);
    const tr_session *session = tr_sessions_find(&stage.sessions, PEER);
    assert_non_null(session);
    assert_int_equal(session->window.sent, 1);
    assert_null(tr_sessions_find(&stage.sessions, PEER + 1));
    fini(&stage);
}

/* Promise: SQUEEZE-AGREED, REPEATS-AGREED */
static void squeeze_and_repeat_only_for_who_says_that_it_can_read_it(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    tr_border_set_squeezes(&stage.border, true);
    for (uint64_t session = 1; session <= 4; session++) {
        const uint64_t features = session == 2   ? TR_FEATURE_LZ4
                                  : session == 3 ? TR_FEATURE_REPEATS | 4
                                                 : 0;
        tr_sessions_link_up(&stage.sessions, PEER);
        tell(
            &stage, PEER,
            (tr_word) {
                .kind = TR_WORD_HELLO, .session = session, .known = session, .features = features});
        tr_world_advance(stage.world, 1000000);
        assert_true(tr_border_is_connected(&stage.border, PEER));
        assert_int_equal(tr_border_peer(&stage.border, PEER)->squeezes, session == 2);
        assert_int_equal(tr_border_peer(&stage.border, PEER)->repeats, session == 3);
        tell(&stage, PEER,
             (tr_word) {.kind = TR_WORD_HELLO, .session = session + 1, .known = session});
        tr_world_advance(stage.world, 1000000);
    }
    fini(&stage);
}

/* Promise: SESSION-OVER */
static void say_to_whom_a_word_was_for_an_incarnation_that_is_over(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    tr_sessions_link_up(&stage.sessions, PEER);
    stage.count = 0;
    tell(&stage, PEER,
         (tr_word) {.kind = TR_WORD_HELLO, .to = stage.own + 1, .session = 1, .known = 1});
    assert_int_equal(stage.count, 1);
    assert_int_equal(stage.said[0].kind, TR_WORD_BYE);
    assert_int_equal(stage.said[0].reason, TR_BYE_OVER);
    assert_int_equal(stage.said[0].over, stage.own + 1);
    assert_int_equal(stage.to[0], PEER);
    assert_false(tr_border_is_connected(&stage.border, PEER));
    fini(&stage);
}

static void end_with_an_incarnation_that_is_over(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    be_connected(&stage);
    /* Whoever is at that address now says so. */
    tell(&stage, PEER,
         (tr_word) {.kind = TR_WORD_BYE, .from = PEER + 1, .reason = TR_BYE_OVER, .over = PEER});
    assert_false(tr_border_is_connected(&stage.border, PEER));
    assert_fails(tr_border_connected(&stage.border, PEER), STALE);
    /* Nobody says it of this one, or of itself. */
    tell(&stage, PEER + 1,
         (tr_word) {
             .kind = TR_WORD_BYE, .from = PEER + 1, .reason = TR_BYE_OVER, .over = stage.own});
    tell(&stage, PEER + 1,
         (tr_word) {.kind = TR_WORD_HELLO, .from = PEER + 1, .session = 1, .known = 1});
    assert_true(tr_border_is_connected(&stage.border, PEER + 1));
    fini(&stage);
}

/* Promise: KEYS-IDENTITY */
static void belong_to_who_had_them_first(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    assert_true(tr_sessions_claim(&stage.sessions, PEER, 1));
    be_connected(&stage);
    assert_true(tr_sessions_claim(&stage.sessions, PEER, 1));
    assert_false(tr_sessions_claim(&stage.sessions, PEER, 3));
    assert_true(tr_sessions_claim(&stage.sessions, PEER + 1, 3));
    /* Nor can another say that it is over. */
    const tr_word over = {
        .kind = TR_WORD_BYE, .from = PEER + 1, .reason = TR_BYE_OVER, .over = PEER};
    tell(&stage, PEER + 1, over);
    assert_true(tr_border_is_connected(&stage.border, PEER));
    assert_true(tr_sessions_claim(&stage.sessions, PEER + 2, 1));
    tell(&stage, PEER + 2, over);
    assert_false(tr_border_is_connected(&stage.border, PEER));
    fini(&stage);
}

static void are_told_by_the_link_that_an_incarnation_is_over(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    be_connected(&stage);
    tr_sessions_link_down(&stage.sessions, PEER, TROUPE_ERROR_NODE_LOST);
    assert_true(tr_border_is_connected(&stage.border, PEER)); /* only the link is */
    tr_world_advance(stage.world, UINT64_C(200000000));
    assert_true(stage.opened > 0);
    tr_sessions_link_down(&stage.sessions, PEER, TROUPE_ERROR_STALE);
    assert_false(tr_border_is_connected(&stage.border, PEER));
    fini(&stage);
}

static void leave_when_the_border_ends(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    be_connected(&stage);
    stage.count = 0;
    assert_true(tr_world_stop(stage.world));
    assert_int_equal(stage.said[stage.count - 1].kind, TR_WORD_BYE);
    assert_int_equal(stage.said[stage.count - 1].reason, TR_BYE_LEAVING);
    const uint32_t count = stage.count;
    tell(&stage, PEER, (tr_word) {.kind = TR_WORD_HELLO, .session = 2});
    tr_world_run(stage.world);
    assert_int_equal(stage.count, count);
    fini(&stage);
}

static void bear_words_that_are_none(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    be_connected(&stage);
    tr_sessions_came(&stage.sessions, PEER + 7, "garbage", 7);
    assert_true(tr_border_is_connected(&stage.border, PEER)); /* others are not disturbed */
    tr_sessions_came(&stage.sessions, PEER, "garbage", 7);
    assert_false(tr_border_is_connected(&stage.border, PEER));
    assert_int_equal(stage.closed, 2);
    fini(&stage);
}

static void forget_those_that_are_over_when_there_are_many(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    for (uint64_t i = 1; i <= 3 * TR_PEERS_MAX; i++) {
        stage.count = 0;
        tr_sessions_link_up(&stage.sessions, PEER + i);
        assert_non_null(tr_sessions_find(&stage.sessions, PEER + i));
        assert_in_range(stage.sessions.members.count, 1, TR_PEERS_MAX);
        if (i > 1) {
            tr_sessions_link_down(&stage.sessions, PEER + i, TROUPE_ERROR_STALE);
        }
    }
    assert_non_null(tr_sessions_find(&stage.sessions, PEER + 1));
    fini(&stage);
}

/* Promise: SESSION-ROOM */
static void forget_who_is_dead_for_longest_when_there_are_many(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    be_connected(&stage);
    tr_sessions_link_down(&stage.sessions, PEER, TROUPE_ERROR_NODE_LOST);
    tr_world_advance(stage.world, 2 * TR_SESSION_DEAD_NS);
    assert_false(tr_border_is_connected(&stage.border, PEER));
    stage.count = 0;
    tr_sessions_link_up(&stage.sessions, PEER + 1); /* is there all the while */
    for (uint64_t i = 2; i <= 3 * TR_PEERS_MAX; i++) {
        stage.count = 0;
        tr_sessions_link_up(&stage.sessions, PEER + i);
        assert_non_null(tr_sessions_find(&stage.sessions, PEER + i));
        assert_in_range(stage.sessions.members.count, 1, TR_PEERS_MAX);
        tr_sessions_link_down(&stage.sessions, PEER + i, TROUPE_ERROR_NODE_LOST);
        stage.count = 0;
        tr_world_advance(stage.world, 1000000);
    }
    assert_non_null(tr_sessions_find(&stage.sessions, PEER + 1));
    /* Those that never had a session go first. */
    assert_non_null(tr_sessions_find(&stage.sessions, PEER));
    for (uint64_t i = 1; i <= TR_PEERS_MAX; i++) {
        stage.count = 0;
        tr_sessions_link_up(&stage.sessions, 2 * PEER + i);
    }
    /* It is over, as is who comes with its number. */
    assert_null(tr_sessions_find(&stage.sessions, PEER));
    assert_int_equal(tr_border_connected(&stage.border, PEER), TROUPE_ERROR_STALE);
    for (uint64_t i = 1; i <= TR_PEERS_MAX; i++) {
        tr_sessions_link_down(&stage.sessions, 2 * PEER + i, TROUPE_ERROR_NODE_LOST);
    }
    stage.count = 0;
    fini(&stage);
}

/* `node` has a session, and says in a frame of it that PEER is over. */
static void says_that_the_peer_is_over(struct stage *stage, uint64_t node, uint64_t owner)
{
    unsigned char data[TR_FRAME_HEAD_BYTES_MAX];
    tr_frame_writer writer = {.data = data, .capacity = sizeof data};
    const tr_frame_head head = {.from = node, .to = stage->own, .gone = PEER};
    tr_frame_begin(&writer, &head);
    assert_true(tr_sessions_claim(&stage->sessions, node, owner));
    stage->count = 0;
    tr_sessions_link_up(&stage->sessions, node);
    tell(stage, node, (tr_word) {.kind = TR_WORD_HELLO, .from = node, .session = 1, .known = 1});
    tell(stage, node,
         (tr_word) {.kind = TR_WORD_DATA,
                    .from = node,
                    .session = 1,
                    .sequence = 1,
                    .frame = data,
                    .frame_size = writer.size});
    assert_int_equal(tr_sessions_find(&stage->sessions, node)->received, 1);
}

/* Promise: KEYS-IDENTITY */
static void believe_a_frame_too_if_it_is_its_owners(void **state)
{
    (void) state;
    struct stage stage;
    init(&stage);
    assert_true(tr_sessions_claim(&stage.sessions, PEER, 7));
    be_connected(&stage);
    says_that_the_peer_is_over(&stage, PEER + 1, 8);
    assert_true(tr_border_is_connected(&stage.border, PEER));
    says_that_the_peer_is_over(&stage, PEER + 2, 7);
    assert_false(tr_border_is_connected(&stage.border, PEER));
    stage.count = 0;
    fini(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_the_border_and_beat_by_its_worker),
        cmocka_unit_test(squeeze_and_repeat_only_for_who_says_that_it_can_read_it),
        cmocka_unit_test(forget_who_is_dead_for_longest_when_there_are_many),
        cmocka_unit_test(believe_a_frame_too_if_it_is_its_owners),
        cmocka_unit_test(say_to_whom_a_word_was_for_an_incarnation_that_is_over),
        cmocka_unit_test(end_with_an_incarnation_that_is_over),
        cmocka_unit_test(belong_to_who_had_them_first),
        cmocka_unit_test(are_told_by_the_link_that_an_incarnation_is_over),
        cmocka_unit_test(leave_when_the_border_ends),
        cmocka_unit_test(bear_words_that_are_none),
        cmocka_unit_test(forget_those_that_are_over_when_there_are_many),
    };
    return cmocka_run_group_tests_name("Sessions", tests, NULL, NULL);
}
