/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "base/options.h"
#include "core/bracket.h"
#include "core/scopes.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_gather_options, tasks_max);

/* Tasks that are waited for together. */
struct gathering {
    tr_task *task;
    troupe_scope *scope;
    const troupe_task_options *const *tasks;
    size_t count;
    troupe_error *results; /* NULL: not wanted */
    size_t wins;           /* 0: all */
    size_t won;
    size_t lost;
    troupe_error first_error;
    bool is_race;
};

/* Whether it is known how it ends. */
static bool is_decided(const struct gathering *all)
{
    if (all->is_race) {
        return all->won + all->lost > 0;
    }
    return all->wins > 0 && (all->won >= all->wins || all->lost > all->count - all->wins);
}

static void note(struct gathering *all, troupe_error result)
{
    if (result == TROUPE_OK) {
        all->won++;
        return;
    }
    all->first_error = all->lost == 0 ? result : all->first_error;
    all->lost++;
}

/* Waits for the next to end. Errors: END; what the wait is ended with. */
static troupe_error await_one(struct gathering *all, troupe_timeout timeout)
{
    const troupe_error error = tr_tasks_await_next(all->task, all->scope, timeout);
    if (error == TROUPE_OK) {
        note(all, all->task->branch->given_result);
    }
    return error;
}

static troupe_error start_one(struct gathering *all, size_t index)
{
    troupe_task_options options;
    troupe_task task;
    troupe_error error = tr_tasks_read_options(all->tasks[index], &options);
    error = error ? error : tr_tasks_start_in(all->task, all->scope, &options, &task);
    if (error == TROUPE_OK) {
        tr_branch *branch = tr_table_find(&all->task->branch->tasks->table, task.id);
        branch->index = index;
        branch->result_to = all->results != NULL ? &all->results[index] : NULL;
    }
    return error;
}

/* Starts them, and sees meanwhile whether it is decided. */
static troupe_error start_all(struct gathering *all)
{
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < all->count && error == TROUPE_OK; i++) {
        error = start_one(all, i);
        while (!is_decided(all) && !tr_list_is_empty(&all->scope->ended)) {
            (void) await_one(all, TROUPE_NOW); /* is there */
        }
        if (is_decided(all)) {
            break;
        }
    }
    return error;
}

/* Leaves the scope. The errors of its tasks only say how it went. */
static troupe_error leave(struct gathering *all, troupe_error error)
{
    tr_branch *branch = all->task->branch;
    if (error || is_decided(all)) {
        tr_scopes_cancel(branch->tasks->actor->worker, all->scope, TROUPE_ERROR_CANCELLED, NULL);
    }
    const troupe_error left = tr_scopes_leave(branch, NULL);
    if (all->is_race || all->wins > 0) {
        return error;
    }
    return left == TROUPE_ERROR_CANCELLED && error ? error : left;
}

static troupe_error gather(struct gathering *all, const troupe_scope_options *options)
{
    tr_task *task = all->task;
    tr_tasks *tasks = tr_tasks_of(task->self.actor->worker, task->self.actor);
    TR_REQUIRE(tasks != NULL, NO_MEMORY);
    all->scope = tr_scopes_enter(task->branch, options);
    TR_REQUIRE(all->scope != NULL, NO_MEMORY);
    troupe_error error = start_all(all);
    while (error == TROUPE_OK && !is_decided(all)) {
        error = await_one(all, TROUPE_FOREVER);
    }
    return leave(all, error == TROUPE_ERROR_END ? TROUPE_OK : error);
}

static bool are_options(const troupe_task_options *const *tasks, size_t count)
{
    bool are = true;
    for (size_t i = 0; i < count && are; i++) {
        troupe_task_options options;
        are = tr_tasks_read_options(tasks[i], &options) == TROUPE_OK;
    }
    return are;
}

troupe_error troupe_gather(troupe_self *self, const troupe_gather_options *given,
                           const troupe_task_options *const *tasks, size_t count,
                           troupe_error *out_results)
{
    TR_CHECK_SELF(self);
    troupe_gather_options options;
    TR_REQUIRE(self != NULL && tasks != NULL && count > 0, BAD_ARGUMENT);
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE(options.wins <= count && are_options(tasks, count), BAD_ARGUMENT);
    TR_REQUIRE((unsigned) options.on_failure <= TROUPE_COLLECT_ALL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL && self->task->coroutine != NULL, CANNOT_WAIT);
    for (size_t i = 0; i < count && out_results != NULL; i++) {
        out_results[i] = TROUPE_ERROR_CANCELLED;
    }
    (void) tr_enter(self);
    struct gathering all = {.task = self->task,
                            .tasks = tasks,
                            .count = count,
                            .results = out_results,
                            .wins = options.wins};
    const troupe_scope_options scope = {.name = options.name != NULL ? options.name : "gather",
                                        .timeout = options.timeout,
                                        .tasks_max = options.tasks_max,
                                        .on_failure = options.wins > 0 ? TROUPE_COLLECT_ALL
                                                                       : options.on_failure};
    troupe_error error = gather(&all, &scope);
    tr_leave(self);
    if (options.wins > 0 && all.won >= options.wins) {
        error = TROUPE_OK;
    } else if (error == TROUPE_OK && options.wins > 0) {
        error = all.first_error;
    }
    return error;
}

troupe_error troupe_race(troupe_self *self, troupe_timeout timeout,
                         const troupe_task_options *const *tasks, size_t count, size_t *out_index)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && tasks != NULL && count > 0 && out_index != NULL, BAD_ARGUMENT);
    TR_REQUIRE(are_options(tasks, count), BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL && self->task->coroutine != NULL, CANNOT_WAIT);
    (void) tr_enter(self);
    struct gathering all = {.task = self->task, .tasks = tasks, .count = count, .is_race = true};
    const troupe_scope_options scope = {
        .name = "race", .timeout = timeout, .on_failure = TROUPE_COLLECT_ALL};
    *out_index = count;
    troupe_error error = gather(&all, &scope);
    if (all.won + all.lost > 0) {
        *out_index = self->task->branch->given_index;
        error = all.won > 0 ? TROUPE_OK : all.first_error;
    }
    tr_leave(self);
    return error;
}
