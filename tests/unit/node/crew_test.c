/* SPDX-License-Identifier: MIT */
/* The threads that do jobs: how many there are and when, and what a stop does with what they are
 * at. */
#include "node/crew.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <troupe/troupe.h>

#include "node/node.h"
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/node_fixture.h"
#include "support/works.h"

/* A crew without a node; what has ended is kept. */
struct stage {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    tr_crew *crew;
    struct probe *seen;
};

static void keep_job(void *context, tr_job *job, tr_engine_call *call)
{
    const struct stage *stage = context;
    (void) call;
    tr_crew_port(stage->crew).forget(stage->crew, job, true);
    probe_say(stage->seen, "delivered");
}

static void note_rest(void *context)
{
    const struct stage *stage = context;
    probe_say(stage->seen, "rested");
}

static tr_crew_options options_of(struct stage *stage, uint64_t idle_ns)
{
    static const troupe_log silent;
    return (tr_crew_options) {.allocator = &stage->allocator,
                              .log = &silent,
                              .node_name = "stage",
                              .clock = tr_clock_real(),
                              .idle_ns = idle_ns,
                              .threads_max = 2,
                              .queue_max = 8,
                              .deliver = keep_job,
                              .rested = note_rest,
                              .context = stage};
}

static void make(struct stage *stage, uint64_t idle_ns)
{
    *stage = (struct stage) {.memory = TR_FAILING_ALLOCATOR_INIT, .seen = a_probe()};
    stage->allocator = tr_failing_allocator_port(&stage->memory);
    const tr_crew_options options = options_of(stage, idle_ns);
    assert_ok(tr_crew_create(&options, &stage->crew));
}

static void drop(struct stage *stage)
{
    tr_crew_stop(stage->crew);
    while (!tr_crew_is_at_rest(stage->crew)) {
        (void) sched_yield();
    }
    tr_crew_destroy(&stage->crew);
    assert_null(stage->crew);
    assert_int_equal(tr_failing_allocator_live(&stage->memory), 0);
    drop_probe(&stage->seen);
}

static tr_job *begin(struct stage *stage, struct piece *piece)
{
    const tr_jobs_port port = tr_crew_port(stage->crew);
    const tr_job wanted = {
        .what = {.work = work_on_piece, .argument = piece, .discard = discard_piece}};
    tr_job *job = NULL;
    assert_ok(port.begin(port.context, &wanted, &job));
    return job;
}

static troupe_offload_counts counts_of(const struct stage *stage)
{
    troupe_offload_counts counts;
    const tr_jobs_port port = tr_crew_port(stage->crew);
    port.count(port.context, &counts);
    return counts;
}

/* Promise: OFFLOAD-THREADS */
static void starts_threads_when_needed_and_no_more_than_it_may(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, TR_NEVER / 2);
    struct latch *latch = a_latch();
    struct piece pieces[4] = {{.seen = NULL}};
    assert_int_equal(counts_of(&stage).threads, 0);
    for (unsigned i = 0; i < 4; i++) {
        pieces[i].latch = latch;
        pieces[i].seen = stage.seen;
        (void) begin(&stage, &pieces[i]);
        assert_int_equal(counts_of(&stage).threads, i < 2 ? i + 1 : 2);
    }
    assert_true(probe_wait(stage.seen, 2));
    assert_said(stage.seen, "works", "works");
    assert_int_equal(counts_of(&stage).running, 2);
    assert_int_equal(counts_of(&stage).queued, 2);
    assert_true(tr_crew_is_awaited(stage.crew));
    latch_open(latch);
    assert_true(probe_wait(stage.seen, 8));
    assert_int_equal(counts_of(&stage).done, 4);
    assert_false(tr_crew_is_awaited(stage.crew));
    drop(&stage);
    drop_latch(&latch);
}

/* Promise: OFFLOAD-THREADS */
static void ends_threads_that_have_nothing_to_do(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, 1000);
    struct piece pieces[3] = {{.seen = NULL}};
    for (unsigned i = 0; i < 3; i++) { /* a thread that has gone is replaced */
        (void) begin(&stage, &pieces[i]);
        assert_true(probe_wait(stage.seen, 2 * i + 2));
        assert_int_equal(counts_of(&stage).threads, 0);
        assert_int_equal(pieces[i].begun, 1);
    }
    drop(&stage);
}

/* Promise: OFFLOAD-STOP */
static void begins_nothing_once_it_is_stopped(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, TR_NEVER / 2);
    struct latch *latch = a_latch();
    struct piece pieces[4] = {{.seen = NULL}};
    for (unsigned i = 0; i < 3; i++) {
        pieces[i].latch = latch;
        pieces[i].seen = stage.seen;
        (void) begin(&stage, &pieces[i]);
    }
    assert_true(probe_wait(stage.seen, 2));
    tr_crew_stop(stage.crew);
    const tr_jobs_port port = tr_crew_port(stage.crew);
    const tr_job wanted = {.what = {.work = work_on_piece, .argument = &pieces[3]}};
    tr_job *job = NULL;
    assert_fails(port.begin(port.context, &wanted, &job), STOPPING);
    assert_int_equal(tr_crew_join(stage.crew), 2);
    latch_open(latch);
    assert_true(probe_wait(stage.seen, 6));
    drop(&stage);
    assert_int_equal(pieces[0].begun + pieces[1].begun, 2);
    assert_int_equal(pieces[2].begun, 0);
    assert_int_equal(pieces[2].undone, 1);
    drop_latch(&latch);
}

static void is_whole_or_not_at_all_when_memory_is_out(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, TR_NEVER / 2);
    tr_crew *other = NULL;
    tr_job *job = NULL;
    const tr_job wanted = {.what = {.work = work_on_piece}};
    const tr_crew_options options = options_of(&stage, 1);
    const tr_jobs_port port = tr_crew_port(stage.crew);
    tr_failing_allocator_fail_after(&stage.memory, 0);
    assert_fails(tr_crew_create(&options, &other), NO_MEMORY);
    assert_null(other);
    assert_fails(port.begin(port.context, &wanted, &job), NO_MEMORY);
    assert_int_equal(counts_of(&stage).threads, 0);
    tr_failing_allocator_fail_never(&stage.memory);
    drop(&stage);
}

/* Of a node. */

struct player {
    struct piece piece;
    troupe_timeout timeout;
};

static troupe_error play_offloader(troupe_self *self, void *argument)
{
    struct player *player = argument;
    (void) offload_piece(self, &player->piece, player->timeout);
    return TROUPE_OK;
}

static troupe_error start_offload(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    (void) state;
    return troupe_offload_then(self, PIECE_JOB(&player->piece), player->timeout, piece_is_over,
                               &player->piece);
}

static const troupe_behavior offloader =
    TROUPE_BEHAVIOR(.name = "offloader", .start = start_offload);

/* Promise: OFFLOAD-STOP */
static void is_drained_before_the_actors_are_stopped(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct probe *seen = a_probe();
    struct latch *latch = a_latch();
    struct player player = {.piece = {.seen = seen, .latch = latch}};
    a_root_of(node, TROUPE_SPAWN(.behavior = &offloader, .argument = &player));
    assert_true(probe_wait(seen, 1));
    troupe_node_stop(node);
    latch_open(latch);
    assert_ok(troupe_node_join(node));
    assert_said(seen, "works", "then OK");
    drop_node(&node);
    drop_probe(&seen);
    drop_latch(&latch);
}

/* Promise: OFFLOAD-STOP */
static void is_named_and_left_behind_when_it_does_not_end(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .drain_timeout = TROUPE_NOW,
                                                   .stop_timeout = TROUPE_WITHIN_MS(10)));
    struct probe *seen = a_probe();
    struct latch *latch = a_latch();
    struct player player = {.piece = {.seen = seen, .latch = latch}};
    a_root_of(node, TROUPE_SPAWN(.body = play_offloader, .argument = &player, .name = "patient"));
    assert_true(probe_wait_for(seen, "works"));
    troupe_node_stop(node);
    assert_fails(troupe_node_join(node), TIMED_OUT);
    assert_said(seen, "works", "offload CANCELLED");
    assert_non_null(strstr(report_of(node), "job 'piece' of actor 'patient'"));
    assert_non_null(strstr(report_of(node), "for nobody any more"));
    assert_int_equal(player.piece.discarded, 0);
    latch_open(latch);
    troupe_node_destroy(&node); /* it ends meanwhile */
    assert_int_equal(player.piece.discarded, 1);
    drop_probe(&seen);
    drop_latch(&latch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_threads_when_needed_and_no_more_than_it_may),
        cmocka_unit_test(ends_threads_that_have_nothing_to_do),
        cmocka_unit_test(begins_nothing_once_it_is_stopped),
        cmocka_unit_test(is_whole_or_not_at_all_when_memory_is_out),
        cmocka_unit_test(is_drained_before_the_actors_are_stopped),
        cmocka_unit_test(is_named_and_left_behind_when_it_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
