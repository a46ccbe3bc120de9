/* SPDX-License-Identifier: MIT */
/* Scopes and tasks, called with bad arguments. */
#include "api/arguments.h"

static troupe_error does_nothing(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

static void defers_nothing(troupe_self *self, void *context)
{
    (void) self;
    (void) context;
}

static void call_about_scopes(troupe_self *self, troupe_scope *scope)
{
    troupe_scope *none = NULL;
    troupe_scope *given = scope;
    troupe_scope_report report;
    note("troupe_scope_remaining", troupe_scope_remaining(NULL).ns == UINT64_MAX, "");
    const char *text = NULL;
    BAD(troupe_scope_enter, (NULL, NULL, &none));
    BAD(troupe_scope_enter, (self, NULL, NULL));
    BAD(troupe_scope_enter, (self, TROUPE_SCOPE(.on_failure = (troupe_on_failure) 2), &none));
    BAD(troupe_shield, (NULL, TROUPE_NOW, &none));
    BAD(troupe_shield, (self, TROUPE_NOW, NULL));
    BAD(troupe_scope_leave, (NULL, &given));
    BAD(troupe_scope_leave, (self, NULL));
    BAD(troupe_scope_leave, (self, &none));
    BAD(troupe_scope_leave_report, (NULL, &given, &report));
    BAD(troupe_scope_leave_report, (self, NULL, &report));
    BAD(troupe_scope_leave_report, (self, &none, &report));
    BAD(troupe_scope_leave_report, (self, &given, NULL));
    BAD(troupe_scope_cancel, (NULL, scope, TROUPE_OK, NULL));
    BAD(troupe_scope_cancel, (self, NULL, TROUPE_OK, NULL));
    GIVES(troupe_scope_reason, (NULL, &text), TROUPE_OK);
    BAD(troupe_defer, (NULL, defers_nothing, NULL));
    BAD(troupe_defer, (self, NULL, NULL));
}

void call_about_tasks(troupe_self *self)
{
    troupe_scope *scope = NULL;
    const troupe_task nobody = {0};
    troupe_task task;
    troupe_error result;
    troupe_message *none = NULL;
    GIVES(troupe_scope_enter, (self, NULL, &scope), TROUPE_OK);
    call_about_scopes(self, scope);
    BAD(troupe_task_start, (NULL, scope, TROUPE_TASK(.body = does_nothing), NULL));
    BAD(troupe_task_start, (self, NULL, TROUPE_TASK(.body = does_nothing), NULL));
    BAD(troupe_task_start, (self, scope, NULL, NULL));
    BAD(troupe_task_start, (self, scope, TROUPE_TASK(.body = NULL), NULL));
    BAD(troupe_task_start,
        (self, scope, TROUPE_TASK(.body = does_nothing, .message = &none), NULL));
    BAD(troupe_join, (NULL, nobody, TROUPE_NOW, &result));
    BAD(troupe_join, (self, nobody, TROUPE_NOW, &result));
    BAD(troupe_next, (NULL, scope, TROUPE_NOW, &task, &result));
    BAD(troupe_next, (self, NULL, TROUPE_NOW, &task, &result));
    BAD(troupe_next, (self, scope, TROUPE_NOW, NULL, &result));
    BAD(troupe_next, (self, scope, TROUPE_NOW, &task, NULL));
    BAD(troupe_task_cancel, (NULL, nobody));
    BAD(troupe_task_cancel, (self, nobody));
    const troupe_task_options *const tasks[] = {TROUPE_TASK(.body = does_nothing)};
    const troupe_task_options *const wrong[] = {TROUPE_TASK(.body = NULL)};
    size_t index = 0;
    BAD(troupe_gather, (NULL, NULL, tasks, 1, NULL));
    BAD(troupe_gather, (self, NULL, NULL, 1, NULL));
    BAD(troupe_gather, (self, NULL, tasks, 0, NULL));
    BAD(troupe_gather, (self, NULL, wrong, 1, NULL));
    BAD(troupe_gather, (self, TROUPE_GATHER(.wins = 2), tasks, 1, NULL));
    BAD(troupe_race, (NULL, TROUPE_NOW, tasks, 1, &index));
    BAD(troupe_race, (self, TROUPE_NOW, NULL, 1, &index));
    BAD(troupe_race, (self, TROUPE_NOW, tasks, 0, &index));
    BAD(troupe_race, (self, TROUPE_NOW, wrong, 1, &index));
    BAD(troupe_race, (self, TROUPE_NOW, tasks, 1, NULL));
    note("troupe_task_message", troupe_task_message(NULL) == NULL, "(NULL) is something");
    GIVES(troupe_scope_leave, (self, &scope), TROUPE_OK);
}
