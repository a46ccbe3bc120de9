/* SPDX-License-Identifier: MIT */
#include "core/coroutine.h"

#include "base/assert.h"
#include "core/sanitizers.h"

#include <stddef.h>
#include <stdint.h>

/* boost.context's entry points; its own header is for C++ only. A context is the stack pointer of
 * a side that does not run; each is good for one jump. */
typedef void *fcontext_t;
typedef struct transfer_t {
    fcontext_t fctx; /* of the side that jumped */
    void *data;      /* what it handed over */
} transfer_t;

fcontext_t make_fcontext(void *top, size_t size, void (*function)(transfer_t));
transfer_t jump_fcontext(fcontext_t to, void *data);

/* Of the processor's cache; more than the alignment that calls need. */
#define LINE_SIZE 64
#define COLOUR_BITS 4

enum state {
    SUSPENDED,
    RUNNING,
    ENDED
};

struct tr_coroutine {
    fcontext_t context;         /* where it goes on; valid while SUSPENDED */
    fcontext_t resumer_context; /* where its resumer goes on; valid while RUNNING */
    void (*body)(void *argument);
    void *argument; /* the body's affair */
    tr_stack *stack;
    enum state state;
    tr_switch_side side;
    tr_switch_side resumer; /* valid while RUNNING */
};

/* The bottom of every coroutine's calls. It never returns: the last switch leaves it for good, so
 * no tool may count on seeing its end. */
TR_UNSEEN_BY_THREAD_SANITIZER static void enter(transfer_t from)
{
    tr_coroutine *coroutine = from.data;
    tr_switch_arrive(NULL, &coroutine->resumer);
    coroutine->resumer_context = from.fctx;

    coroutine->body(coroutine->argument);

    coroutine->state = ENDED;
    tr_switch_leave(NULL, &coroutine->resumer);
    (void) jump_fcontext(coroutine->resumer_context, NULL);
    __builtin_unreachable();
}

static size_t record_room(void)
{
    return (sizeof(tr_coroutine) + LINE_SIZE - 1) / LINE_SIZE * LINE_SIZE;
}

/* The tops of all stacks have the same place in their pages, and so would share a few lines of the
 * processor's cache: they are moved apart by up to 15 lines. The factor spreads numbers at equal
 * distances evenly over the upper bits (2^64 divided by the golden ratio). */
static size_t colour_of(const void *bottom)
{
    const uint64_t page = (uint64_t) (uintptr_t) bottom >> 12;
    return (size_t) ((page * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - COLOUR_BITS)) * LINE_SIZE;
}

tr_coroutine *tr_coroutine_start(tr_stack *stack, void (*body)(void *argument), void *argument)
{
    TR_ASSERT(body != NULL);
    char *bottom = tr_stack_bottom(stack);
    const size_t size = tr_stack_size(stack);
    tr_stack_forget(bottom, size);

    const size_t top_size = record_room() + colour_of(bottom);
    TR_ASSERT(size > top_size);
    char *top = bottom + size - top_size;
    tr_coroutine *coroutine = (tr_coroutine *) (void *) top;
    *coroutine = (tr_coroutine) {
        .context = make_fcontext(top, size - top_size, enter),
        .body = body,
        .argument = argument,
        .stack = stack,
        .state = SUSPENDED,
        .side = {.bottom = bottom, .size = size, .fiber = tr_stack_fiber(stack)},
    };
    return coroutine;
}

/* Not inlined, like suspend: after the jump this may be another thread, and the compiler must not
 * know of anything that it could have kept from before. */
__attribute__((noinline)) void tr_coroutine_resume(tr_coroutine *coroutine)
{
    TR_ASSERT(coroutine->state == SUSPENDED);
    coroutine->state = RUNNING;
    coroutine->resumer.fiber = tr_fiber_current();

    void *fake_stack = NULL;
    tr_switch_leave(&fake_stack, &coroutine->side);
    const transfer_t from = jump_fcontext(coroutine->context, coroutine);
    tr_switch_side left;
    tr_switch_arrive(fake_stack, &left);
    tr_switch_note_place(&coroutine->side, &left);

    coroutine->context = from.fctx;
}

__attribute__((noinline)) void tr_coroutine_suspend(tr_coroutine *coroutine)
{
    TR_ASSERT(coroutine->state == RUNNING);
    coroutine->state = SUSPENDED;
    tr_switch_note_fiber(&coroutine->side);

    void *fake_stack = NULL;
    tr_switch_leave(&fake_stack, &coroutine->resumer);
    const transfer_t from = jump_fcontext(coroutine->resumer_context, NULL);
    tr_switch_arrive(fake_stack, &coroutine->resumer);

    coroutine->resumer_context = from.fctx;
}

bool tr_coroutine_has_ended(const tr_coroutine *coroutine)
{
    return coroutine->state == ENDED;
}

tr_stack *tr_coroutine_stack(const tr_coroutine *coroutine)
{
    return coroutine->stack;
}
