/* SPDX-License-Identifier: MIT */
/* What is promised of deadlines that nest: each call that waits ends at the earliest of its own,
 * that of the scope around it and that of the message being handled; the rest of it goes with a
 * request, and the handling of that ends with it. In virtual time. */
#include "support/cast.h"
#include "support/fixtures.h"
#include "unit/core/fds_fixture.h"

#define MS UINT64_C(1000000)
#define OWN_FD 3
#define SLACK_NS 40 /* batches between two workers on the way there, and a last word */

enum kind {
    IS_CALL,
    IS_SLEEP,  /* its own time is no deadline */
    IS_RECEIVE /* ends the handling of the message before, and its deadline with it */
};

struct play;

/* A call that would wait for ever, but for the timeout. */
typedef troupe_error wait_call(troupe_self *self, struct play *play, troupe_timeout timeout);

struct play {
    wait_call *call;
    enum kind kind;
    uint64_t own_ms;
    uint64_t scope_ms;
    uint64_t message_ms;
    troupe_ref player;
    troupe_ref dull; /* takes what comes, and answers nothing; its mailbox holds one */
    troupe_ref queue;
    troupe_scope *outer; /* has neither deadline nor end */
    troupe_task task;    /* in it; sleeps */
    uint64_t begin_ns;
    uint64_t end_ns;
    uint64_t remaining_ns; /* of the request, when the one that was asked received it */
    uint64_t callee_ns;    /* when its handling was ended */
    troupe_error error;
    bool is_over;
};

static troupe_error sleeps_for_ever(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_FOREVER);
}

/* Handles each request until its time is over. */
static troupe_error is_dull(troupe_self *self, void *argument)
{
    struct play *play = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        play->remaining_ns = troupe_message_remaining(self, message).ns;
        (void) troupe_sleep(self, TROUPE_FOREVER);
        play->callee_ns = troupe_self_now_ns(self);
    }
    return TROUPE_OK;
}

static troupe_error calls_sleep(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    (void) play;
    return troupe_sleep(self, timeout);
}

static troupe_error calls_ask(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    return ask_figure(self, play->dull, 1, timeout, NULL);
}

static troupe_error calls_send(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) { /* until it is full, and then for longer */
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = a_figure(self, 1, &message);
        error = error ? error
                      : troupe_send_message_with(self, play->dull, &message,
                                                 TROUPE_SEND(.timeout = timeout));
    }
    return error;
}

static troupe_error calls_receive_only(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    static const troupe_accept others = {.type = &other_figure_type};
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) play;
    return troupe_receive_only(self, &others, 1, &message, timeout);
}

static troupe_error calls_join(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_error result;
    return troupe_join(self, play->task, timeout, &result);
}

static troupe_error calls_next(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_error result;
    troupe_task task;
    return troupe_next(self, play->outer, timeout, &task, &result);
}

static troupe_error calls_task_start(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_task task; /* the outer scope has one place */
    return troupe_task_start(self, play->outer,
                             TROUPE_TASK(.body = sleeps_for_ever, .timeout = timeout), &task);
}

static troupe_error calls_gather(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    const troupe_task_options *const tasks[] = {TROUPE_TASK(.body = sleeps_for_ever)};
    (void) play;
    return troupe_gather(self, TROUPE_GATHER(.timeout = timeout), tasks, 1, NULL);
}

static troupe_error calls_leave(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_scope *scope = NULL;
    (void) play;
    troupe_error error = troupe_scope_enter(self, TROUPE_SCOPE(.timeout = timeout), &scope);
    error =
        error ? error : troupe_task_start(self, scope, TROUPE_TASK(.body = sleeps_for_ever), NULL);
    const troupe_error left = troupe_scope_leave(self, &scope);
    return error ? error : left;
}

static troupe_error calls_queue_get(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    return troupe_queue_get(self, play->queue, &message, timeout);
}

static troupe_error calls_queue_put(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) { /* it holds one */
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = a_figure(self, 1, &message);
        error = error ? error : troupe_queue_put(self, play->queue, &message, timeout);
    }
    return error;
}

static troupe_error calls_queue_join(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = a_figure(self, 1, &message);
    error = error ? error : troupe_queue_put(self, play->queue, &message, TROUPE_NOW);
    return error ? error : troupe_queue_join(self, play->queue, timeout);
}

static troupe_error calls_stream_next(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    return troupe_stream_next(self, play->queue, &message, timeout);
}

static void *works(void *argument)
{
    return argument;
}

static troupe_error calls_offload(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    (void) play;
    return troupe_offload(self, TROUPE_JOB(.work = works), timeout, NULL);
}

static troupe_error calls_future_wait(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_future *future = NULL;
    troupe_promise *promise = NULL;
    (void) play;
    troupe_error error = troupe_future_create(self, &future, &promise);
    error = error ? error : troupe_future_wait(self, &future, timeout, NULL);
    troupe_promise_destroy(&promise);
    troupe_future_destroy(&future);
    return error;
}

static troupe_error calls_spawn(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    troupe_ref ref;
    (void) play;
    return troupe_spawn(self,
                        TROUPE_SPAWN(.body = sleeps_for_ever, .start_timeout = timeout,
                                     .ready_when = TROUPE_READY_WHEN_SAID),
                        &ref);
}

static troupe_error calls_wait_fd(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    (void) play;
    return troupe_wait_fd(self, OWN_FD, TROUPE_READABLE, timeout, NULL);
}

/* Fails again and again. */
static troupe_error attempts(troupe_self *self, const troupe_retry *retry, void *context)
{
    (void) context;
    const troupe_error error = troupe_sleep(self, troupe_retry_remaining(self, retry));
    return error == TROUPE_OK ? TROUPE_ERROR_TIMED_OUT : error;
}

static troupe_error calls_retry(troupe_self *self, struct play *play, troupe_timeout timeout)
{
    (void) play;
    return troupe_retry_call(self, TROUPE_RETRY(.timeout = timeout), attempts, NULL);
}

static void calls(troupe_self *self, struct play *play)
{
    troupe_scope *scope = NULL;
    play->error =
        troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(play->scope_ms)), &scope);
    play->begin_ns = troupe_self_now_ns(self);
    if (play->error == TROUPE_OK) {
        play->error = play->call(self, play, TROUPE_WITHIN_MS(play->own_ms));
    }
    play->end_ns = troupe_self_now_ns(self);
    (void) troupe_scope_leave(self, &scope);
    play->is_over = true;
}

static troupe_error plays(troupe_self *self, void *argument)
{
    struct play *play = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_scope_enter(self, TROUPE_SCOPE(.tasks_max = 1), &play->outer);
    error = error ? error
                  : troupe_task_start(self, play->outer, TROUPE_TASK(.body = sleeps_for_ever),
                                      &play->task);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    if (error == TROUPE_OK) {
        calls(self, play);
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    (void) troupe_scope_cancel(self, play->outer, TROUPE_OK, NULL);
    return error;
}

/* Asks the player, and makes the queue. */
static troupe_error begins(troupe_self *self, void *argument)
{
    struct play *play = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_queue_create(self, TROUPE_QUEUE(.capacity = 1), &play->queue);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1)); /* until all wait */
    error =
        error ? error : ask_figure(self, play->player, 1, TROUPE_WITHIN_MS(play->message_ms), NULL);
    return error == TROUPE_ERROR_TIMED_OUT ? troupe_receive(self, &message, TROUPE_FOREVER) : error;
}

static uint64_t smallest(uint64_t first, uint64_t second, uint64_t third)
{
    const uint64_t smaller = first < second ? first : second;
    return smaller < third ? smaller : third;
}

static void play_once(struct play *play, uint32_t workers)
{
    struct fake_fds fake;
    fake_open(&fake, &(const tr_world_options) {
                         .workers = workers, .delay_ns_max = 3, .job_ns_max = UINT64_C(1) << 60});
    play->dull = a_root(fake.world, TROUPE_SPAWN(.body = is_dull, .argument = play,
                                                 .mailbox_capacity = 1, .place = TROUPE_PLACE_ANY));
    play->player = a_root(fake.world, TROUPE_SPAWN(.body = plays, .argument = play));
    (void) a_root(fake.world, TROUPE_SPAWN(.body = begins, .argument = play));
    tr_world_advance(fake.world, 1000 * MS);
    assert_true(play->is_over);
    drop_world(&fake.world);
}

static void check(const struct play *play)
{
    const uint64_t message_ms = play->kind == IS_RECEIVE ? UINT64_MAX : play->message_ms;
    const uint64_t least = smallest(play->own_ms, play->scope_ms, message_ms) * MS;
    const uint64_t taken = play->end_ns - play->begin_ns;
    const bool is_own = play->kind == IS_SLEEP && least == play->own_ms * MS;
    if (play->error != (is_own ? TROUPE_OK : TROUPE_ERROR_TIMED_OUT) || taken > least + SLACK_NS ||
        taken + SLACK_NS < least) {
        fail_msg("own %llu, scope %llu, message %llu ms: %s after %llu ns",
                 (unsigned long long) play->own_ms, (unsigned long long) play->scope_ms,
                 (unsigned long long) play->message_ms, troupe_error_name(play->error),
                 (unsigned long long) taken);
    }
}

static struct play a_play(wait_call *call, unsigned which)
{
    static const uint64_t times[3][3] = {{10, 20, 30}, {30, 10, 20}, {20, 30, 10}};
    return (struct play) {.call = call,
                          .own_ms = times[which][0],
                          .scope_ms = times[which][1],
                          .message_ms = times[which][2]};
}

static void play_all(wait_call *call, enum kind kind)
{
    for (unsigned which = 0; which < 3; which++) {
        for (uint32_t workers = 1; workers < 4; workers++) {
            struct play play = a_play(call, which);
            play.kind = kind;
            play_once(&play, workers);
            check(&play);
        }
    }
}

/* Promise: DEADLINE-NESTED */
static void ends_a_sleep(void **state)
{
    (void) state;
    play_all(calls_sleep, IS_SLEEP);
}

/* Promise: DEADLINE-NESTED */
static void ends_an_ask(void **state)
{
    (void) state;
    play_all(calls_ask, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_send(void **state)
{
    (void) state;
    play_all(calls_send, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_selective_receive(void **state)
{
    (void) state;
    play_all(calls_receive_only, IS_RECEIVE);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_join(void **state)
{
    (void) state;
    play_all(calls_join, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_wait_for_the_next_task(void **state)
{
    (void) state;
    play_all(calls_next, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_wait_for_a_place(void **state)
{
    (void) state;
    play_all(calls_task_start, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_gathering(void **state)
{
    (void) state;
    play_all(calls_gather, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_the_leaving_of_a_scope(void **state)
{
    (void) state;
    play_all(calls_leave, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_get(void **state)
{
    (void) state;
    play_all(calls_queue_get, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_put(void **state)
{
    (void) state;
    play_all(calls_queue_put, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_queues_join(void **state)
{
    (void) state;
    play_all(calls_queue_join, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_wait_for_a_stream(void **state)
{
    (void) state;
    play_all(calls_stream_next, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_wait_for_a_job(void **state)
{
    (void) state;
    play_all(calls_offload, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_wait_for_a_future(void **state)
{
    (void) state;
    play_all(calls_future_wait, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_spawn(void **state)
{
    (void) state;
    play_all(calls_spawn, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_a_wait_for_a_descriptor(void **state)
{
    (void) state;
    play_all(calls_wait_fd, IS_CALL);
}

/* Promise: DEADLINE-NESTED */
static void ends_retrying(void **state)
{
    (void) state;
    play_all(calls_retry, IS_CALL);
}

/* Promise: DEADLINE-TRAVELS */
static void goes_with_a_request_and_ends_its_handling(void **state)
{
    (void) state;
    for (unsigned which = 0; which < 3; which++) {
        struct play play = a_play(calls_ask, which);
        play_once(&play, 3);
        check(&play);
        assert_in_range(play.remaining_ns, 10 * MS - SLACK_NS, 10 * MS);
        assert_in_range(play.callee_ns - play.begin_ns, 10 * MS - SLACK_NS, 10 * MS + SLACK_NS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_a_sleep),
        cmocka_unit_test(ends_an_ask),
        cmocka_unit_test(ends_a_send),
        cmocka_unit_test(ends_a_selective_receive),
        cmocka_unit_test(ends_a_join),
        cmocka_unit_test(ends_a_wait_for_the_next_task),
        cmocka_unit_test(ends_a_wait_for_a_place),
        cmocka_unit_test(ends_a_gathering),
        cmocka_unit_test(ends_the_leaving_of_a_scope),
        cmocka_unit_test(ends_a_get),
        cmocka_unit_test(ends_a_put),
        cmocka_unit_test(ends_a_queues_join),
        cmocka_unit_test(ends_a_wait_for_a_stream),
        cmocka_unit_test(ends_a_wait_for_a_job),
        cmocka_unit_test(ends_a_wait_for_a_future),
        cmocka_unit_test(ends_a_spawn),
        cmocka_unit_test(ends_a_wait_for_a_descriptor),
        cmocka_unit_test(ends_retrying),
        cmocka_unit_test(goes_with_a_request_and_ends_its_handling),
    };
    return cmocka_run_group_tests_name("nested_deadlines", tests, NULL, NULL);
}
