/* SPDX-License-Identifier: MIT */
/* Modules that `troupe node` is to refuse, one for each KIND. */
#include <troupe/troupe.h>

#define TOMORROWS 1
#define EMPTY 2
#define FAILING 3
#define ENDING 4

#if KIND == TOMORROWS
TROUPE_API extern const troupe_module troupe_module_entry;
const troupe_module troupe_module_entry = {.version = TROUPE_MODULE_VERSION + 1};

#elif KIND == EMPTY
TROUPE_MODULE(.name = "empty");

#elif KIND == FAILING
static troupe_error start(troupe_self *self)
{
    return troupe_fail(self, TROUPE_ERROR_FAILED, "there is no till");
}
TROUPE_MODULE(.name = "failing", .start = start);

#elif KIND == ENDING
/* Is ready, and gives up later. */
static troupe_error falls(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    return error ? error : troupe_fail(self, TROUPE_ERROR_FAILED, "the till is broken");
}
static const troupe_child_spec children[] = {
    TROUPE_CHILD(.id = "till", .actor = TROUPE_SPAWN(.body = falls)),
};
static const troupe_supervisor_spec supervisor =
    TROUPE_SUPERVISOR(.children = children, .child_count = 1, .restarts_max = TROUPE_NO_RESTARTS);
TROUPE_MODULE(.name = "ending", .supervisor = &supervisor);
#endif
