/* SPDX-License-Identifier: MIT */
#include "simulation/passes.h"

#include "base/assert.h"
#include "base/chance.h"
#include "base/memory.h"
#include "core/coroutine.h"

/* A pass calls user code only on actors' own stacks, but for behaviors. */
#define STACK_SIZE ((size_t) 256 * 1024)

struct pass {
    tr_stack *stack; /* NULL: none yet */
    tr_coroutine *coroutine;
    tr_worker *worker;
    bool is_open;
    bool is_over;
    bool is_more;
};

struct tr_passes {
    tr_passes_options options;
    tr_chance chance;
    tr_stacks *stacks;
    tr_stack_cache cache;
    struct pass *running; /* the one that steps now */
    uint32_t closing;     /* so many are run to their ends */
    uint64_t stops;
    struct pass table[]; /* workers_max */
};

#if defined(TR_CHANCES)

bool tr_passes_can_stop(void)
{
    return true;
}

static const tr_chance *set_chance(const tr_chance *chance)
{
    return tr_chance_set(chance);
}

#else

bool tr_passes_can_stop(void)
{
    return false;
}

static const tr_chance *set_chance(const tr_chance *chance)
{
    return chance;
}

#endif

static bool happens(void *context, tr_rare rare)
{
    const tr_passes *passes = context;
    (void) rare;
    return tr_random_chance(passes->options.random, passes->options.rare_percent, 100);
}

static void step(void *context)
{
    tr_passes *passes = context;
    struct pass *pass = passes->running;
    if (pass == NULL || passes->closing > 0 || passes->options.stop_percent == 0 ||
        !passes->options.may_stop(passes->options.context) ||
        !tr_random_chance(passes->options.random, passes->options.stop_percent, 100)) {
        return;
    }
    passes->stops++;
    tr_coroutine_suspend(pass->coroutine);
}

static void run_pass(void *argument)
{
    struct pass *pass = argument;
    for (;;) {
        pass->is_more = tr_worker_pass(pass->worker);
        pass->is_over = true;
        tr_coroutine_suspend(pass->coroutine);
    }
}

troupe_error tr_passes_create(const tr_passes_options *options, tr_passes **out_passes)
{
    const size_t size = sizeof(tr_passes) + options->workers_max * sizeof(struct pass);
    tr_passes *passes = tr_allocate(tr_allocator_default(), size);
    TR_REQUIRE(passes != NULL, NO_MEMORY);
    passes->options = *options;
    passes->chance = (tr_chance) {.context = passes, .happens = happens, .step = step};
    const tr_stacks_options stacks = {.stack_size = STACK_SIZE};
    const troupe_error error = tr_stacks_create(tr_allocator_default(), &stacks, &passes->stacks);
    if (error) {
        tr_free(tr_allocator_default(), passes, size);
        return error;
    }
    tr_stack_cache_init(&passes->cache, passes->stacks);
    *out_passes = passes;
    return TROUPE_OK;
}

void tr_passes_destroy(tr_passes **in_passes)
{
    tr_passes *passes = *in_passes;
    if (passes == NULL) {
        return;
    }
    for (uint32_t i = 0; i < passes->options.workers_max; i++) {
        if (passes->table[i].stack != NULL) {
            tr_stack_cache_give(&passes->cache, &passes->table[i].stack);
        }
    }
    tr_stack_cache_fini(&passes->cache);
    tr_stacks_destroy(&passes->stacks);
    tr_free(tr_allocator_default(), passes,
            sizeof *passes + passes->options.workers_max * sizeof(struct pass));
    *in_passes = NULL;
}

static void go_on(tr_passes *passes, struct pass *pass)
{
    struct pass *before = passes->running;
    const tr_chance *chance_before = set_chance(&passes->chance);
    passes->running = pass;
    pass->is_over = false;
    tr_coroutine_resume(pass->coroutine);
    pass->is_open = !pass->is_over;
    passes->running = before;
    (void) set_chance(chance_before);
}

bool tr_passes_run(tr_passes *passes, tr_worker *worker, bool *out_is_more)
{
    TR_ASSERT(worker->index < passes->options.workers_max);
    struct pass *pass = &passes->table[worker->index];
    if (pass->stack == NULL) {
        if (tr_stack_cache_take(&passes->cache, &pass->stack) != TROUPE_OK) {
            *out_is_more = tr_worker_pass(worker);
            return true;
        }
        pass->coroutine = tr_coroutine_start(pass->stack, run_pass, pass);
    }
    TR_ASSERT(!pass->is_open || pass->worker == worker);
    pass->worker = worker;
    go_on(passes, pass);
    *out_is_more = pass->is_more;
    return !pass->is_open;
}

bool tr_passes_is_open(const tr_passes *passes, uint32_t worker)
{
    return passes->table[worker].is_open;
}

bool tr_passes_close(tr_passes *passes, uint32_t worker)
{
    struct pass *pass = &passes->table[worker];
    TR_ASSERT(pass->is_open && pass != passes->running);
    passes->closing++;
    go_on(passes, pass);
    passes->closing--;
    TR_ASSERT(!pass->is_open);
    return pass->is_more;
}

uint64_t tr_passes_stops(const tr_passes *passes)
{
    return passes->stops;
}
