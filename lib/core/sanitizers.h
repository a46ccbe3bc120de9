/* SPDX-License-Identifier: MIT */
/* sanitizers: what the tools that watch the program have to be told of stacks and switches.
 *
 * AddressSanitizer has to know which stack is in use, ThreadSanitizer which line of execution (a
 * fiber), valgrind which memory is a stack. Without the tools nothing is left of this but two
 * records. ThreadSanitizer notes every entry to and return from a function per fiber: what
 * switches fibers is inlined, so that both fall on the same one.
 *
 * Owns:    a stack's fiber and its entry in valgrind, between init and fini.
 * Threads: a stack and what is on it belong to one thread at a time. */
#ifndef TR_CORE_SANITIZERS_H
#define TR_CORE_SANITIZERS_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_feature)
#define TR_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TR_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || TR_HAS_FEATURE(address_sanitizer)
#define TR_ADDRESS_SANITIZER 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define TR_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || TR_HAS_FEATURE(thread_sanitizer)
#define TR_THREAD_SANITIZER 1
#include <sanitizer/tsan_interface.h>
#else
#define TR_THREAD_SANITIZER 0
#endif

/* A function that ThreadSanitizer does not see into. */
#if TR_THREAD_SANITIZER && defined(__clang__)
#define TR_UNSEEN_BY_THREAD_SANITIZER __attribute__((disable_sanitizer_instrumentation))
#else
#define TR_UNSEEN_BY_THREAD_SANITIZER __attribute__((no_sanitize("thread")))
#endif

/* Also without optimisation. */
#define TR_INLINE static inline __attribute__((always_inline))

#if defined(__has_include) && !defined(__cppcheck__)
#if __has_include(<valgrind/valgrind.h>)
#define TR_VALGRIND 1
#include <valgrind/valgrind.h>
#endif
#endif

/* What the tools keep of a stack as long as it is mapped. */
typedef struct tr_stack_marks {
    void *fiber;
    unsigned valgrind_id;
} tr_stack_marks;

/* One side of a switch: where the stack lies and the fiber that runs on it. */
typedef struct tr_switch_side {
    const void *bottom;
    size_t size;
    void *fiber;
} tr_switch_side;

#if TR_ADDRESS_SANITIZER

/* Nothing on the stack is in use any more. */
TR_INLINE void tr_stack_forget(const void *bottom, size_t size)
{
    __asan_unpoison_memory_region(bottom, size);
}

TR_INLINE void tr_asan_leave(void **out_fake_stack, const tr_switch_side *to)
{
    __sanitizer_start_switch_fiber(out_fake_stack, to->bottom, to->size);
}

TR_INLINE void tr_asan_arrive(void *fake_stack, tr_switch_side *out_from)
{
    __sanitizer_finish_switch_fiber(fake_stack, &out_from->bottom, &out_from->size);
}

#else

TR_INLINE void tr_stack_forget(const void *bottom, size_t size)
{
    (void) bottom;
    (void) size;
}

TR_INLINE void tr_asan_leave(void **out_fake_stack, const tr_switch_side *to)
{
    (void) out_fake_stack;
    (void) to;
}

TR_INLINE void tr_asan_arrive(void *fake_stack, tr_switch_side *out_from)
{
    (void) fake_stack;
    (void) out_from;
}

#endif

#if TR_THREAD_SANITIZER

TR_INLINE void *tr_fiber_create(void)
{
    return __tsan_create_fiber(0);
}

TR_INLINE void tr_fiber_destroy(void *fiber)
{
    __tsan_destroy_fiber(fiber);
}

TR_INLINE void *tr_fiber_current(void)
{
    return __tsan_get_current_fiber();
}

TR_INLINE void tr_fiber_leave(const tr_switch_side *to)
{
    __tsan_switch_to_fiber(to->fiber, 0);
}

#else

TR_INLINE void *tr_fiber_create(void)
{
    return NULL;
}

TR_INLINE void tr_fiber_destroy(void *fiber)
{
    (void) fiber;
}

TR_INLINE void *tr_fiber_current(void)
{
    return NULL;
}

TR_INLINE void tr_fiber_leave(const tr_switch_side *to)
{
    (void) to;
}

#endif

#if defined(TR_VALGRIND)

TR_INLINE unsigned tr_valgrind_add(const void *bottom, size_t size)
{
    return (unsigned) VALGRIND_STACK_REGISTER(bottom, (const char *) bottom + size);
}

TR_INLINE void tr_valgrind_remove(unsigned id)
{
    VALGRIND_STACK_DEREGISTER(id);
}

/* For tests, which take their time there. */
TR_INLINE bool tr_valgrind_is_running(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

#else

TR_INLINE unsigned tr_valgrind_add(const void *bottom, size_t size)
{
    (void) bottom;
    (void) size;
    return 0;
}

TR_INLINE void tr_valgrind_remove(unsigned id)
{
    (void) id;
}

TR_INLINE bool tr_valgrind_is_running(void)
{
    return false;
}

#endif

/* A side that was left may have been left on another stack than its own (core/coroutine): where it
 * goes on. The one on arrival where it was left for, the other before it leaves. */
TR_INLINE void tr_switch_note_place(tr_switch_side *side, const tr_switch_side *left)
{
    if (TR_ADDRESS_SANITIZER) {
        side->bottom = left->bottom;
        side->size = left->size;
    }
}

TR_INLINE void tr_switch_note_fiber(tr_switch_side *side)
{
    if (TR_THREAD_SANITIZER) {
        side->fiber = tr_fiber_current();
    }
}

/* There is a stack now. */
static inline void tr_stack_marks_init(tr_stack_marks *marks, const void *bottom, size_t size)
{
    marks->fiber = tr_fiber_create();
    marks->valgrind_id = tr_valgrind_add(bottom, size);
}

/* It is about to be unmapped. */
static inline void tr_stack_marks_fini(tr_stack_marks *marks, const void *bottom, size_t size)
{
    tr_stack_forget(bottom, size);
    tr_fiber_destroy(marks->fiber);
    tr_valgrind_remove(marks->valgrind_id);
}

/* Right before a switch to `to`. *out_fake_stack is for arrive when this side goes on;
 * out_fake_stack NULL: it never does. */
TR_INLINE void tr_switch_leave(void **out_fake_stack, const tr_switch_side *to)
{
    tr_asan_leave(out_fake_stack, to);
    tr_fiber_leave(to);
}

/* Right after a switch: first thing of a side that begins, with fake_stack NULL, or that goes on.
 * out_from tells where the stack lies that was left, if a tool needs it. */
TR_INLINE void tr_switch_arrive(void *fake_stack, tr_switch_side *out_from)
{
    tr_asan_arrive(fake_stack, out_from);
}

#endif
