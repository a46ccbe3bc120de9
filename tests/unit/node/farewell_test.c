/* SPDX-License-Identifier: MIT */
/* A node leaves when what it said last is acknowledged, or after a time. */
#include "node/farewell.h"

#include "cluster/limits.h"
#include "support/world_fixture.h"

#define PEER UINT64_C(0xbeef)

/* A border with a session whose other end the test plays. */
struct stage {
    tr_world *world;
    tr_border border;
    tr_sessions sessions;
    tr_farewell farewell;
    uint64_t own;
    uint32_t byes;
};

static bool send_word(void *context, uint64_t node, tr_link_kind kind, const void *bytes,
                      size_t size)
{
    tr_word word;
    (void) node;
    (void) kind;
    assert_true(tr_word_read(bytes, size, &word));
    ((struct stage *) context)->byes += word.kind == TR_WORD_BYE ? 1 : 0;
    return true;
}

static void ignore(void *context, uint64_t node)
{
    (void) context;
    (void) node;
}

static void tell(struct stage *stage, tr_word word)
{
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX];
    unsigned char *end = bytes + sizeof bytes;
    word.from = PEER;
    word.to = stage->own;
    word.session = 1;
    const unsigned char *start = tr_word_write_before(&word, end);
    tr_sessions_came(&stage->sessions, PEER, start, (size_t) (end - start));
}

static int make(void **state)
{
    static struct stage stage;
    const tr_link_port links = {
        .context = &stage, .send = send_word, .open = ignore, .close = ignore};
    stage = (struct stage) {.world = a_world(1, 1)};
    tr_system *system = tr_world_worker(stage.world, 0)->system;
    stage.own = system->options.node_id;
    tr_sessions_init(&stage.sessions, &stage.border, system, &links, NULL);
    tr_farewell_init(&stage.farewell, &stage.sessions);
    const tr_wire_port wire = tr_farewell_wire(&stage.farewell);
    tr_border_init(&stage.border, system, &wire);
    const troupe_spawn_options spawn = tr_border_spawn_options(&stage.border);
    (void) a_root(stage.world, &spawn);
    tr_sessions_link_up(&stage.sessions, PEER);
    tell(&stage,
         (tr_word) {.kind = TR_WORD_HELLO, .known = 1, .version_least = 1, .version_most = 1});
    tr_world_advance(stage.world, 1000000); /* the border's first frame is on its way */
    assert_false(tr_sessions_are_quiet(&stage.sessions));
    *state = &stage;
    return 0;
}

static int drop(void **state)
{
    struct stage *stage = *state;
    tr_sessions_fini(&stage->sessions);
    tr_border_fini(&stage->border);
    tr_world_destroy(&stage->world);
    return 0;
}

static void stop(struct stage *stage)
{
    assert_false(tr_farewell_look(&stage->farewell));
    assert_true(tr_farewell_due_ns(&stage->farewell) == TR_NEVER);
    assert_true(tr_world_stop(stage->world));
    assert_false(tr_farewell_look(&stage->farewell));
    assert_true(tr_farewell_due_ns(&stage->farewell) != TR_NEVER);
    assert_int_equal(stage->byes, 0);
}

/* Promise: HOSTS-FAREWELL */
static void waits_for_what_is_not_acknowledged(void **state)
{
    struct stage *stage = *state;
    stop(stage);
    const tr_session *session = tr_sessions_find(&stage->sessions, PEER);
    tell(stage, (tr_word) {.kind = TR_WORD_ACK, .received = session->window.sent});
    assert_true(tr_farewell_look(&stage->farewell));
    assert_true(tr_farewell_is_said(&stage->farewell));
    assert_int_equal(stage->byes, 1);
    assert_false(tr_farewell_look(&stage->farewell)); /* once */
    assert_true(tr_farewell_due_ns(&stage->farewell) == TR_NEVER);
}

static void does_not_wait_for_ever(void **state)
{
    struct stage *stage = *state;
    stop(stage);
    tr_world_advance(stage->world, UINT64_C(1000000000));
    assert_true(tr_farewell_look(&stage->farewell));
    assert_int_equal(stage->byes, 1);
}

static void does_not_wait_where_there_is_no_link(void **state)
{
    struct stage *stage = *state;
    stop(stage);
    tr_sessions_link_down(&stage->sessions, PEER, TROUPE_ERROR_NODE_LOST);
    assert_true(tr_farewell_look(&stage->farewell));
}

int main(void)
{
#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_STAGE(waits_for_what_is_not_acknowledged),
        WITH_STAGE(does_not_wait_for_ever),
        WITH_STAGE(does_not_wait_where_there_is_no_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
