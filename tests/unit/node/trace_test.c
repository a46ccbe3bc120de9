/* SPDX-License-Identifier: MIT */
/* A trace: what another thread is at. */
#include "node/trace.h"

#include <stdatomic.h>
#include <string.h>

#include "base/thread.h"
#include "support/node_fixture.h"

/* A thread that waits at a latch. */
struct waiter {
    struct probe *probe;
    struct latch *latch;
    uint64_t thread_id;
    bool admits;
};

__attribute__((visibility("default"), noinline)) void wait_here_for_the_test(struct waiter *waiter);

void wait_here_for_the_test(struct waiter *waiter)
{
    probe_say(waiter->probe, "waiting");
    latch_pass(waiter->latch);
    probe_say(waiter->probe, "done");
}

static void wait_in_a_thread(void *context)
{
    struct waiter *waiter = context;
    waiter->thread_id = tr_thread_id();
    if (waiter->admits) {
        tr_trace_admit();
    }
    wait_here_for_the_test(waiter);
}

static void start(struct waiter *waiter, tr_thread *thread)
{
    waiter->probe = a_probe();
    waiter->latch = a_latch();
    assert_ok(tr_thread_start(thread, "waiter", wait_in_a_thread, waiter));
    assert_true(probe_wait(waiter->probe, 1));
}

static void end(struct waiter *waiter, tr_thread *thread)
{
    latch_open(waiter->latch);
    tr_thread_join(thread);
    assert_said(waiter->probe, "waiting", "done");
    drop_probe(&waiter->probe);
    drop_latch(&waiter->latch);
}

static bool has_frame(const tr_trace *trace, const char *name)
{
    char text[256];
    bool has = false;
    for (uint32_t i = 0; i < trace->count; i++) {
        tr_trace_print(trace, i, text, sizeof text);
        has = has || strstr(text, name) != NULL;
    }
    return has;
}

static void shows_where_a_thread_waits(void **state)
{
    (void) state;
    struct waiter waiter = {.admits = true};
    tr_thread thread;
    tr_trace trace = {.count = 0};
    assert_ok(tr_trace_open());
    start(&waiter, &thread);

    for (unsigned i = 0; i < 100; i++) { /* again and again */
        assert_true(tr_trace_capture(waiter.thread_id, &trace));
        assert_true(has_frame(&trace, "wait_here_for_the_test+0x"));
        assert_false(has_frame(&trace, "note_frames"));
    }

    end(&waiter, &thread);
    tr_trace_close();
}

static void is_none_where_the_signal_does_not_come(void **state)
{
    (void) state;
    struct waiter waiter = {.admits = false};
    tr_thread thread;
    tr_trace trace = {.count = 0};
    assert_false(tr_trace_capture(tr_thread_id(), &trace)); /* it is not open */
    assert_ok(tr_trace_open());
    start(&waiter, &thread);

    assert_false(tr_trace_capture(waiter.thread_id, &trace));
    assert_false(tr_trace_capture(waiter.thread_id, &trace));

    end(&waiter, &thread);
    tr_trace_close();
}

static void prints_what_it_does_not_know_as_a_number(void **state)
{
    (void) state;
    const tr_trace trace = {.frames = {(void *) 0x10}, .count = 1};
    char text[32];
    tr_trace_print(&trace, 0, text, sizeof text);
    assert_string_equal(text, "0x10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_where_a_thread_waits),
        cmocka_unit_test(is_none_where_the_signal_does_not_come),
        cmocka_unit_test(prints_what_it_does_not_know_as_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
