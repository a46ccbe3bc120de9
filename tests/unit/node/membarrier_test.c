/* SPDX-License-Identifier: MIT */
/* A fence in all threads at once. */
#include "node/membarrier.h"

#include <stdatomic.h>

#include "base/thread.h"
#include "support/fixtures.h"

#define ROUNDS 2000

/* Two sides, each of which stores and then looks at what the other stores. Only the first pays for
 * a fence: without it both may look too early. */
struct sides {
    _Atomic unsigned round; /* begun */
    _Atomic unsigned done;  /* rounds that the second has ended */
    _Atomic unsigned first[ROUNDS];
    _Atomic unsigned second[ROUNDS];
    unsigned seen[ROUNDS]; /* by the second */
};

static void be_the_second(void *context)
{
    struct sides *sides = context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (atomic_load_explicit(&sides->round, memory_order_relaxed) <= i) {}
        atomic_store_explicit(&sides->second[i], 1, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        sides->seen[i] = atomic_load_explicit(&sides->first[i], memory_order_relaxed);
        atomic_store_explicit(&sides->done, i + 1, memory_order_release);
    }
}

static void lets_one_side_pay_for_the_order_of_two(void **state)
{
    static struct sides sides;
    (void) state;
    if (!tr_membarrier_open()) {
        skip_because("the kernel has no membarrier");
    }
    tr_thread thread;
    unsigned both_early = 0;
    assert_ok(tr_thread_start(&thread, "second", be_the_second, &sides));

    for (unsigned i = 0; i < ROUNDS; i++) {
        atomic_store_explicit(&sides.round, i + 1, memory_order_relaxed);
        atomic_store_explicit(&sides.first[i], 1, memory_order_relaxed);
        tr_membarrier();
        const unsigned seen = atomic_load_explicit(&sides.second[i], memory_order_relaxed);
        while (atomic_load_explicit(&sides.done, memory_order_acquire) <= i) {}
        both_early += seen == 0 && sides.seen[i] == 0 ? 1 : 0;
    }

    tr_thread_join(&thread);
    assert_int_equal(both_early, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_one_side_pay_for_the_order_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
