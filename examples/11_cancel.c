/* A long task is cancelled; what it has begun is cleaned up, whatever ends it.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>

/* Runs when the task ends. It may wait: the cancel is kept off for the scope's grace. */
static void put_back(troupe_self *self, void *context)
{
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    (void) printf("put back the %s (%s)\n", (const char *) context, troupe_error_name(error));
}

static troupe_error build_tower(troupe_self *self, void *argument)
{
    (void) argument;
    static char bricks[] = "bricks";
    static char ladder[] = "ladder";
    troupe_error error = troupe_defer(self, put_back, bricks);
    if (error == TROUPE_OK) {
        error = troupe_defer(self, put_back, ladder); /* last fetched, first put back */
    }
    for (int floor = 1; error == TROUPE_OK; floor++) {
        (void) printf("floor %d\n", floor);
        error = troupe_sleep(self, floor < 3 ? TROUPE_WITHIN_MS(1) : TROUPE_FOREVER);
    }
    const char *why = NULL;
    (void) troupe_scope_reason(self, &why);
    (void) printf("stopped: %s, '%s'\n", troupe_error_name(error), why);
    return error;
}

static troupe_error boss(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_scope *site = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &site);
    if (error) {
        return error;
    }
    error = troupe_task_start(self, site, TROUPE_TASK(.body = build_tower), NULL);
    if (error == TROUPE_OK) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(50));
    }
    if (error == TROUPE_OK) {
        error = troupe_scope_cancel(self, site, TROUPE_OK, "it gets too high");
    }
    const troupe_error left = troupe_scope_leave(self, &site); /* waits for the clean-up */
    (void) printf("left the site: %s\n", troupe_error_name(left));
    return error;
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, boss, NULL);
}
