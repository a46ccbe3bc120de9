/* SPDX-License-Identifier: MIT */
#include "integration/upsets.h"

#include <poll.h>

#include "node/node.h"
#include "simulation/mover.h"
#include "support/fixtures.h"

struct upset_jobs upset_jobs;

static uint64_t below(troupe_self *self, uint64_t limit)
{
    return troupe_self_random(self) % limit;
}

static void *block_for_ms(void *argument)
{
    const int *ms = argument;
    (void) poll(NULL, 0, *ms);
    return argument;
}

static void discard_job(void *argument, void *result)
{
    (void) argument;
    (void) result;
    atomic_fetch_add(&upset_jobs.discarded, 1);
}

static const troupe_job *a_job(troupe_self *self)
{
    static int ms[] = {0, 1, 2, 3};
    static const troupe_job some[] = {
        {.size = sizeof *some, .work = block_for_ms, .argument = &ms[0], .discard = discard_job},
        {.size = sizeof *some, .work = block_for_ms, .argument = &ms[1], .discard = discard_job},
        {.size = sizeof *some, .work = block_for_ms, .argument = &ms[2], .discard = discard_job}};
    atomic_fetch_add(&upset_jobs.begun, 1);
    return &some[below(self, sizeof some / sizeof some[0])];
}

void upset_by_work(troupe_self *self)
{
    const troupe_error error =
        troupe_offload(self, a_job(self), TROUPE_WITHIN_US(below(self, 2000)), NULL);
    atomic_fetch_add(&upset_jobs.taken, error == TROUPE_OK ? 1 : 0);
}

static troupe_error job_is_over(troupe_self *self, void *state, troupe_error error, void *result,
                                void *context)
{
    (void) self;
    (void) state;
    (void) result;
    (void) context;
    atomic_fetch_add(&upset_jobs.taken, error == TROUPE_OK ? 1 : 0);
    return TROUPE_OK;
}

void upset_by_work_then(troupe_self *self)
{
    (void) troupe_offload_then(self, a_job(self), TROUPE_WITHIN_US(below(self, 2000)), job_is_over,
                               NULL);
}

/* As handlers should not, but do. */
void upset_by_blocking(troupe_self *self)
{
    int ms = 1 + (int) below(self, 3);
    if (below(self, 40) == 0) {
        (void) block_for_ms(&ms);
    }
}

/* A thread from outside that comes and goes, until the node stops. */
static void *visit(void *argument)
{
    struct upsets *upsets = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t rounds = 1; error != TROUPE_ERROR_STOPPING; rounds++) {
        troupe_self *self = NULL;
        error = troupe_attach(upsets->node,
                              TROUPE_ATTACH(.mailbox_capacity = 1 + (uint32_t) rounds % 4), &self);
        if (error == TROUPE_OK) {
            (void) upsets->visit(self, NULL);
            atomic_fetch_add(&upsets->visits, 1);
            if (rounds % 2 == 0 && below(self, 50) == 0) {
                return NULL; /* attached still */
            }
            (void) troupe_detach(&self);
        }
    }
    return NULL;
}

/* On the thread that runs the worker, between two passes. */
static void move_some(tr_worker *worker, void *context)
{
    struct upsets *upsets = context;
    upsets->moves += tr_mover_give_from(worker, &upsets->random, upsets->to);
}

static void *move_about(void *argument)
{
    struct upsets *upsets = argument;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; error == TROUPE_OK && !atomic_load(&upsets->may_end); i++) {
        upsets->to = (uint32_t) tr_random_below(&upsets->random, upsets->workers);
        error = tr_engine_call_and_wait(upsets->node->engines[i % upsets->workers], move_some,
                                        upsets, TR_NEVER);
    }
    return NULL;
}

void begin_upsets(struct upsets *upsets, uint64_t seed)
{
    tr_random_seed(&upsets->random, seed);
    assert_int_equal(pthread_create(&upsets->mover, NULL, move_about, upsets), 0);
    for (size_t i = 0; i < UPSETS_OUTSIDERS; i++) {
        assert_int_equal(pthread_create(&upsets->visitors[i], NULL, visit, upsets), 0);
    }
}

void end_moves(struct upsets *upsets)
{
    atomic_store(&upsets->may_end, true);
    assert_int_equal(pthread_join(upsets->mover, NULL), 0);
}

void end_upsets(struct upsets *upsets)
{
    for (size_t i = 0; i < UPSETS_OUTSIDERS; i++) {
        assert_int_equal(pthread_join(upsets->visitors[i], NULL), 0);
    }
}
