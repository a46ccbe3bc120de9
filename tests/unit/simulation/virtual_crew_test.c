/* SPDX-License-Identifier: MIT */
/* Jobs in virtual time: when they end, how many at once, and what is left of them. */
#include "simulation/virtual_crew.h"

#include <troupe/offload.h>

#include "base/memory.h"
#include "support/fixtures.h"

#define MS UINT64_C(1000000)

struct stage {
    tr_random random;
    tr_virtual_crew crew;
    uint64_t now_ns;
    unsigned worked;
    unsigned discarded;
};

static uint64_t read_clock(void *context)
{
    return ((const struct stage *) context)->now_ns;
}

static void *work(void *argument)
{
    struct stage *stage = argument;
    stage->worked++;
    return NULL;
}

static void discard(void *argument, void *result)
{
    struct stage *stage = argument;
    (void) result;
    stage->discarded++;
}

static void make(struct stage *stage, uint64_t seed)
{
    *stage = (struct stage) {.now_ns = 1};
    tr_random_seed(&stage->random, seed);
    stage->crew = (tr_virtual_crew) {.allocator = tr_allocator_default(),
                                     .random = &stage->random,
                                     .clock = {.now_ns = read_clock, .context = stage},
                                     .job_ns_max = MS};
    tr_virtual_crew_init(&stage->crew, 2, 8);
}

static tr_job *begin(struct stage *stage)
{
    const tr_jobs_port port = tr_virtual_crew_port(&stage->crew);
    const tr_job wanted = {.what = {.work = work, .argument = stage, .discard = discard}};
    tr_job *job = NULL;
    assert_ok(port.begin(port.context, &wanted, &job));
    return job;
}

/* Given up, so that no worker has to be told. */
static void give_up(struct stage *stage, tr_job *job, tr_job_fate expected)
{
    const tr_jobs_port port = tr_virtual_crew_port(&stage->crew);
    void *result = NULL;
    assert_int_equal(port.give_up(port.context, job, &result), expected);
}

static void ends_within_its_time_and_not_before(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, 5);
    assert_true(tr_virtual_crew_is_empty(&stage.crew));
    assert_int_equal(tr_virtual_crew_next_due_ns(&stage.crew), TR_NEVER);
    give_up(&stage, begin(&stage), TR_JOB_LEFT);
    assert_false(tr_virtual_crew_is_empty(&stage.crew));
    const uint64_t due_ns = tr_virtual_crew_next_due_ns(&stage.crew);
    assert_true(due_ns > 1 && due_ns <= 1 + MS);
    stage.now_ns = due_ns - 1;
    assert_int_equal(tr_virtual_crew_due_count(&stage.crew), 0);
    stage.now_ns = due_ns;
    assert_int_equal(tr_virtual_crew_due_count(&stage.crew), 1);
    assert_null(tr_virtual_crew_work(&stage.crew, 0, NULL));
    assert_int_equal(stage.worked, 1);
    assert_int_equal(stage.discarded, 1);
    assert_true(tr_virtual_crew_is_empty(&stage.crew));
    tr_virtual_crew_fini(&stage.crew);
}

static void runs_as_many_as_it_has_threads(void **state)
{
    (void) state;
    struct stage stage;
    troupe_offload_counts counts;
    make(&stage, 6);
    const tr_jobs_port port = tr_virtual_crew_port(&stage.crew);
    for (unsigned i = 0; i < 4; i++) {
        tr_job *job = begin(&stage);
        if (i < 2) {
            give_up(&stage, job, TR_JOB_LEFT);
        }
    }
    port.count(port.context, &counts);
    assert_int_equal(counts.threads, 2);
    assert_int_equal(counts.running, 2);
    assert_int_equal(counts.queued, 2);
    stage.now_ns += MS;
    assert_int_equal(tr_virtual_crew_due_count(&stage.crew), 2);
    assert_null(tr_virtual_crew_work(&stage.crew, 1, NULL));
    assert_null(tr_virtual_crew_work(&stage.crew, 0, NULL));
    port.count(port.context, &counts);
    assert_int_equal(counts.running, 2);
    assert_int_equal(counts.queued, 0);
    tr_virtual_crew_fini(&stage.crew);
    assert_int_equal(stage.discarded, 4);
    assert_int_equal(stage.worked, 2);
}

static void drops_what_is_given_up_in_the_queue(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, 7);
    (void) begin(&stage);
    (void) begin(&stage);
    give_up(&stage, begin(&stage), TR_JOB_UNDONE);
    assert_int_equal(stage.discarded, 0);
    tr_virtual_crew_fini(&stage.crew);
    assert_int_equal(stage.discarded, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_within_its_time_and_not_before),
        cmocka_unit_test(runs_as_many_as_it_has_threads),
        cmocka_unit_test(drops_what_is_given_up_in_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
