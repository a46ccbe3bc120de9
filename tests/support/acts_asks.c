/* SPDX-License-Identifier: MIT */
/* Acts in which one asks another: pools, those in haste, relays, callers of other nodes. */
#include "support/acts.h"
#include "support/cast.h"

enum {
    TASKS = 4,
    QUESTIONS = 6
};

/* Pools: several tasks ask several workers, and each gets its own answer. */

struct question {
    struct act *act;
    troupe_ref worker;
    uint64_t number;
};

static troupe_error asks_one(troupe_self *self, void *argument)
{
    const struct question *question = argument;
    uint64_t answer = 0;
    const troupe_error error =
        ask_figure(self, question->worker, question->number, TROUPE_FOREVER, &answer);
    if (!error && answer != 2 * question->number) {
        BREAK(question->act, "%" PRIu64 " for twice %" PRIu64, answer, question->number);
    }
    return error;
}

troupe_error play_pool(troupe_self *self, struct act *act)
{
    struct question questions[TASKS];
    troupe_task_options tasks[TASKS];
    const troupe_task_options *all[TASKS];
    troupe_ref workers[2] = {troupe_ref_none(), troupe_ref_none()};
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    for (uint32_t i = 0; i < 2 && !error; i++) {
        error = spawn_in(self, scope, play_doubler, NULL, 1, &workers[i]);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        questions[i] = (struct question) {act, workers[i % 2], 100 + i};
        tasks[i] = *TROUPE_TASK(.body = asks_one, .argument = &questions[i]);
        all[i] = &tasks[i];
    }
    error = error ? error : troupe_gather(self, NULL, all, TASKS, NULL);
    const troupe_error left = end_scope(self, &scope);
    return error ? error : left;
}

/* Haste: who has given up asks the next; what it is told then is what it asked then. */

static troupe_error takes_its_time(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (!error) {
        error = troupe_sleep(self, a_pause(self)); /* or until nobody waits for it any more */
        error = error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
        if (!error) {
            (void) reply_figure(self, message, 2 * figure_of(message));
            error = troupe_receive(self, &message, TROUPE_FOREVER);
        }
    }
    return error;
}

troupe_error play_haste(troupe_self *self, struct act *act)
{
    troupe_ref slow = troupe_ref_none();
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    error = spawn_in(self, scope, takes_its_time, NULL, 16, &slow);
    for (uint64_t i = 1; i <= QUESTIONS && !error; i++) {
        uint64_t answer = 0;
        error = ask_figure(self, slow, i, a_pause(self), &answer);
        if (!error && answer != 2 * i) {
            BREAK(act, "%" PRIu64 " was the answer to twice %" PRIu64, answer, i);
        }
        error = error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
    }
    const troupe_error left = end_scope(self, &scope);
    return error ? error : left;
}

/* Relays: what is asked for a request has no more time than that. */

static troupe_error relays(troupe_self *self, void *argument)
{
    const troupe_ref *silent = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (!error) {
        const uint64_t figure = figure_of(message);
        uint64_t answer = 0;
        if (figure % 2 == 0) { /* with more patience than it was given */
            (void) ask_figure(self, *silent, figure, TROUPE_WITHIN_MS(200), &answer);
        }
        (void) reply_figure(self, message, figure);
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static troupe_error ask_relay(troupe_self *self, struct act *act, troupe_ref relay)
{
    uint64_t answer = 0;
    const uint64_t before_ns = troupe_self_now_ns(self);
    troupe_error error = ask_figure(self, relay, 2, TROUPE_WITHIN_MS(5), &answer);
    if (error == TROUPE_ERROR_TIMED_OUT) { /* then it has time for others */
        error = ask_figure(self, relay, 1, TROUPE_FOREVER, &answer);
    }
    const uint64_t took_ms = (troupe_self_now_ns(self) - before_ns) / 1000000;
    if (!error && took_ms > 150) { /* no stalls are that long */
        BREAK(act, "a request that had 5 ms took %" PRIu64 " ms", took_ms);
    }
    return error;
}

troupe_error play_relay(troupe_self *self, struct act *act)
{
    troupe_ref silent = troupe_ref_none();
    troupe_ref relay = troupe_ref_none();
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    error = spawn_in(self, scope, play_sleeper, NULL, 1, &silent);
    error = error ? error : spawn_in(self, scope, relays, &silent, 4, &relay);
    error = error ? error : ask_relay(self, act, relay);
    const troupe_error left = end_scope(self, &scope);
    return error ? error : left;
}

/* Callers: what comes from another node, if anything comes, is right. */

troupe_error play_caller(troupe_self *self, struct act *act)
{
    const uint64_t node = act->nodes[troupe_self_random(self) % act->nodes_count];
    const uint64_t number = 1 + troupe_self_random(self) % 1000;
    troupe_ref ref = troupe_ref_none();
    uint64_t answer = 0;
    troupe_error error = troupe_lookup_on(self, node, "doubler", TROUPE_WITHIN_MS(20), &ref);
    error = error ? error : ask_figure(self, ref, number, TROUPE_WITHIN_MS(20), &answer);
    if (!error && answer != 2 * number) {
        BREAK(act, "%" PRIu64 " came from another node for twice %" PRIu64, answer, number);
    }
    return error && !is_end(error) ? troupe_sleep(self, TROUPE_WITHIN_MS(1)) : error;
}
