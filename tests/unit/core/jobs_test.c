/* SPDX-License-Identifier: MIT */
/* The rules of a pool of jobs, without threads and without time. */
#include "core/jobs.h"

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

struct pool {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    tr_jobs jobs;
    unsigned discarded;
    void *last_result;
};

static void *do_nothing(void *argument)
{
    return argument;
}

static void discard(void *argument, void *result)
{
    struct pool *pool = argument;
    pool->discarded++;
    pool->last_result = result;
}

static void make(struct pool *pool, uint32_t threads_max, uint32_t queue_max)
{
    *pool = (struct pool) {.memory = TR_FAILING_ALLOCATOR_INIT};
    pool->allocator = tr_failing_allocator_port(&pool->memory);
    tr_jobs_init(&pool->jobs, sizeof(tr_job) + 8, threads_max, queue_max);
}

static void drop(struct pool *pool)
{
    for (tr_job *job = tr_jobs_pop(&pool->jobs); job != NULL; job = tr_jobs_pop(&pool->jobs)) {
        tr_job_free(&pool->allocator, &job);
    }
    assert_true(tr_jobs_are_sound(&pool->jobs));
    assert_int_equal(tr_failing_allocator_live(&pool->memory), 0);
}

static troupe_error add(struct pool *pool, bool may_wait, tr_job **out_job)
{
    const tr_job wanted = {
        .what = {.work = do_nothing, .argument = pool, .discard = discard},
        .actor = {.slot = 7, .generation = 3},
        .may_wait = may_wait,
    };
    return tr_jobs_add(&pool->jobs, &pool->allocator, &wanted, out_job);
}

static void begins_in_order_as_many_as_may_run(void **state)
{
    (void) state;
    struct pool pool;
    tr_job *jobs[3];
    make(&pool, 2, 8);
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(add(&pool, false, &jobs[i]));
    }
    assert_ptr_equal(tr_jobs_begin(&pool.jobs, 5), jobs[0]);
    assert_ptr_equal(tr_jobs_begin(&pool.jobs, 5), jobs[1]);
    assert_null(tr_jobs_begin(&pool.jobs, 5));
    assert_int_equal(jobs[1]->begun_ns, 5);
    assert_int_equal(pool.jobs.counts.queued, 1);
    assert_true(tr_jobs_are_sound(&pool.jobs));

    assert_true(tr_jobs_end(&pool.jobs, jobs[1], &pool));
    assert_ptr_equal(tr_jobs_begin(&pool.jobs, 6), jobs[2]);
    assert_true(tr_jobs_end(&pool.jobs, jobs[0], NULL));
    assert_true(tr_jobs_end(&pool.jobs, jobs[2], NULL));
    assert_null(tr_jobs_begin(&pool.jobs, 7));
    assert_int_equal(pool.jobs.counts.done, 3);
    drop(&pool);
    assert_int_equal(pool.discarded, 3);
}

/* Promise: OFFLOAD-QUEUE */
static void is_full_for_those_that_may_not_wait(void **state)
{
    (void) state;
    struct pool pool;
    tr_job *job = NULL;
    make(&pool, 1, 2);
    assert_ok(add(&pool, false, &job));
    assert_ok(add(&pool, false, &job));
    assert_fails(add(&pool, false, &job), LIMIT_REACHED);
    assert_int_equal(pool.jobs.counts.refused, 1);
    assert_ok(add(&pool, true, &job));
    assert_int_equal(pool.jobs.counts.queued, 3);
    assert_non_null(tr_jobs_begin(&pool.jobs, 0));
    assert_fails(add(&pool, false, &job), LIMIT_REACHED);
    tr_job *first = TR_CONTAINER_OF(tr_list_first(&pool.jobs.running), tr_job, link);
    assert_true(tr_jobs_end(&pool.jobs, first, NULL));
    assert_non_null(tr_jobs_begin(&pool.jobs, 0));
    assert_ok(add(&pool, false, &job));
    first = TR_CONTAINER_OF(tr_list_first(&pool.jobs.running), tr_job, link);
    assert_true(tr_jobs_end(&pool.jobs, first, NULL));
    drop(&pool);
}

static void is_gone_when_given_up_before_it_began(void **state)
{
    (void) state;
    struct pool pool;
    tr_job *job = NULL;
    void *result = NULL;
    make(&pool, 1, 2);
    assert_ok(add(&pool, false, &job));
    assert_int_equal(tr_jobs_give_up(&pool.jobs, job, &result), TR_JOB_UNDONE);
    tr_job_free(&pool.allocator, &job);
    assert_null(job);
    assert_int_equal(pool.discarded, 0); /* that is for who gave it up */
    assert_int_equal(pool.jobs.counts.given_up, 1);
    assert_null(tr_jobs_begin(&pool.jobs, 0));
    drop(&pool);
}

static void is_abandoned_when_given_up_while_it_runs(void **state)
{
    (void) state;
    struct pool pool;
    tr_job *job = NULL;
    void *result = NULL;
    make(&pool, 1, 2);
    assert_ok(add(&pool, false, &job));
    assert_non_null(tr_jobs_begin(&pool.jobs, 0));
    assert_int_equal(tr_jobs_give_up(&pool.jobs, job, &result), TR_JOB_LEFT);
    assert_int_equal(pool.jobs.counts.abandoned, 1);
    assert_true(tr_jobs_are_sound(&pool.jobs));
    assert_false(tr_jobs_end(&pool.jobs, job, &pool));
    assert_int_equal(pool.jobs.counts.abandoned, 0);
    tr_job_free(&pool.allocator, &job);
    assert_int_equal(pool.discarded, 1);
    assert_ptr_equal(pool.last_result, &pool);
    drop(&pool);
}

static void leaves_its_result_when_given_up_after_its_end(void **state)
{
    (void) state;
    struct pool pool;
    tr_job *job = NULL;
    void *result = NULL;
    make(&pool, 1, 2);
    assert_ok(add(&pool, false, &job));
    assert_non_null(tr_jobs_begin(&pool.jobs, 0));
    assert_true(tr_jobs_end(&pool.jobs, job, &pool));
    assert_int_equal(tr_message_kind(&job->message), TR_KIND_JOB);
    assert_int_equal(job->message.receiver.slot, 7);
    assert_ptr_equal(tr_job_of(&job->message), job);
    assert_int_equal(tr_jobs_give_up(&pool.jobs, job, &result), TR_JOB_DONE);
    assert_ptr_equal(result, &pool);
    drop(&pool); /* its message never came */
    assert_int_equal(pool.discarded, 0);
}

static void takes_nothing_when_memory_is_out(void **state)
{
    (void) state;
    struct pool pool;
    tr_job *job = NULL;
    make(&pool, 1, 2);
    tr_failing_allocator_fail_after(&pool.memory, 0);
    assert_fails(add(&pool, false, &job), NO_MEMORY);
    assert_null(job);
    assert_int_equal(pool.jobs.counts.queued, 0);
    drop(&pool);
    assert_int_equal(pool.discarded, 0);
}

static void has_a_name_for_people(void **state)
{
    (void) state;
    assert_string_equal(tr_job_name(&(const tr_job) {.what = {.name = "thumbnail"}}), "thumbnail");
    assert_string_equal(tr_job_name(&(const tr_job) {.state = TR_JOB_QUEUED}), "job");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_in_order_as_many_as_may_run),
        cmocka_unit_test(is_full_for_those_that_may_not_wait),
        cmocka_unit_test(is_gone_when_given_up_before_it_began),
        cmocka_unit_test(is_abandoned_when_given_up_while_it_runs),
        cmocka_unit_test(leaves_its_result_when_given_up_after_its_end),
        cmocka_unit_test(takes_nothing_when_memory_is_out),
        cmocka_unit_test(has_a_name_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
